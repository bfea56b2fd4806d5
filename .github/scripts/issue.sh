#!/usr/bin/env bash
# Open an issue where a day has no digest, or too much is missing of it; close it when a digest is complete, or nearly.
# Never fails: a fork has issues disabled, and a day is not worse for that.
# Needs LAST ("false" where the day will be tried again), GH_TOKEN, GITHUB_REPOSITORY, GITHUB_SERVER_URL, GITHUB_RUN_ID;
# of the action's outputs EXIT_CODE, LACKING and PUBLISHED, each of which may be empty.
set -euo pipefail

export GH_REPO="$GITHUB_REPOSITORY"
label=incomplete-digest
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"

title=""
if [ "$EXIT_CODE" = 5 ]; then
  exit 0 # says nothing of earlier days
elif [ -z "$PUBLISHED" ]; then
  title="A day has no digest"
  why="The run failed, and nothing was committed."
elif [ "$LACKING" = true ]; then
  title="A digest is incomplete"
  why="It was published with what there is, but more than 5 % of its papers have no summary or are missing."
fi
if [ -n "$title" ] && [ "$LAST" = false ]; then
  exit 0
fi

settle() {
  local open
  open=$(gh issue list --label "$label" --state open --limit 1 --json number --jq '.[].number') || return
  if [ -n "$title" ] && [ -z "$open" ]; then
    gh label create "$label" --force --description "A day without a digest, or with many papers missing" &&
      gh issue create --label "$label" --title "$title" \
        --body "$why The summary of [the run]($run) tells more.
Run it again for that day; what was paid for is kept. The next complete run closes this issue."
  elif [ -z "$title" ] && [ -n "$open" ]; then
    gh issue close "$open" --comment "[A later run]($run) is complete, or lacks a few papers only."
  fi
}

settle ||
  echo "::notice::No issue was opened or closed. A fork has issues disabled; Settings → General → Features enables them."
