#!/usr/bin/env bash
# Fetch the branch of the digests into $OUTPUTS, or commit what changed there and push it.
# Needs BRANCH, OUTPUTS, GITHUB_SERVER_URL, GITHUB_REPOSITORY; TOKEN where the server wants one.
set -euo pipefail

PUSHES=4

url="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
export GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME="github-actions[bot]" GIT_AUTHOR_EMAIL="41898282+github-actions[bot]@users.noreply.github.com"
export GIT_COMMITTER_NAME="$GIT_AUTHOR_NAME" GIT_COMMITTER_EMAIL="$GIT_AUTHOR_EMAIL"
if [ -n "${TOKEN:-}" ]; then
  # By the environment: an argument would show in the list of processes, a remote's address in its configuration.
  basic=$(printf 'x-access-token:%s' "$TOKEN" | base64 --wrap=0)
  echo "::add-mask::$basic"
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$GITHUB_SERVER_URL/.extraheader"
  export GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $basic"
fi

fetch() {
  git init --quiet --initial-branch="$BRANCH" "$OUTPUTS"
  cd "$OUTPUTS"
  # The site is built from what is committed, at any time; hidden files are what a killed run left half written.
  printf '%s\n' /site/ '.*' >>.git/info/exclude
  # A page or feed of two runs is one run's or the other's, never lines of both.
  echo '* -merge' >>.git/info/attributes
  # Fails where the server cannot be reached: a branch that is only out of sight must not begin anew.
  heads=$(git ls-remote "$url" "refs/heads/$BRANCH")
  if [ -z "$heads" ]; then
    echo "There is no branch $BRANCH yet."
  else
    git fetch --quiet --depth=1 "$url" "refs/heads/$BRANCH"
    git reset --quiet --hard FETCH_HEAD
  fi
}

push() {
  cd "$OUTPUTS"
  git add --all
  # A run report tells of the run: alone it is no change of the digests.
  if git diff --cached --quiet -- . ':(exclude)*.run.json'; then
    echo "No digest changed."
    say false
    return
  fi
  git commit --quiet --message="Digests of run ${GITHUB_RUN_ID:-}" --message="$(changed_days)"
  for ((try = 1; try <= PUSHES; try++)); do
    if git push --quiet "$url" "HEAD:refs/heads/$BRANCH"; then
      say true
      return
    fi
    [ "$try" -eq "$PUSHES" ] && break
    sleep $((try - 1))
    # Where both wrote the same file, that of this later run counts; the next run makes the feed from all days.
    git fetch --quiet "$url" "refs/heads/$BRANCH" || continue
    git rebase --quiet -X theirs FETCH_HEAD || git rebase --abort
  done
  echo "::error::The digests could not be pushed to $BRANCH in $PUSHES tries."
  return 1
}

changed_days() { git diff --cached --name-only --diff-filter=d -- '*/*.md' '*/*.html' | sed -E 's/\.(md|html)$//' | sort --unique; }

say() { echo "published=$1" >>"$GITHUB_OUTPUT"; }

"$1"
