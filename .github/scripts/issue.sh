#!/usr/bin/env bash
# Open an issue when a digest is incomplete, unless it is open already; close it when a run is complete.
# Needs EXIT_CODE (may be empty), GH_TOKEN, GITHUB_REPOSITORY, GITHUB_SERVER_URL, GITHUB_RUN_ID.
set -euo pipefail

export GH_REPO="$GITHUB_REPOSITORY"
label=incomplete-digest
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"

case "$EXIT_CODE" in
  3) why="some papers have no summary or are missing, or the run was stopped early" ;;
  4) why="the budget ended the run" ;;
  0) why="" ;;
  *) exit 0 ;; # the job is red, or nothing was announced, which says nothing of earlier days
esac

open=$(gh issue list --label "$label" --state open --limit 1 --json number --jq '.[].number')
if [ -n "$why" ] && [ -z "$open" ]; then
  gh label create "$label" --force --description "A digest was published with papers missing"
  gh issue create --label "$label" --title "A digest is incomplete" \
    --body "Published with what there is: $why. The page and the summary of [the run]($run) name each paper.
Run it again for that day; what was paid for is kept. The next complete run closes this issue."
elif [ -z "$why" ] && [ -n "$open" ]; then
  gh issue close "$open" --comment "[A later run]($run) is complete."
fi
