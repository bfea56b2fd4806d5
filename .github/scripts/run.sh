#!/usr/bin/env bash
# Make the digests, after the cache has taken what the written ones have and it has not. Does not fail: its output
# exit-code says how it ended, and verdict.sh fails the job once all else is done.
# Needs OUTPUTS, REPORTS, GITHUB_ACTION_PATH; API_KEY, BASE_URL, BUDGET, CONFIG, DATE, MODEL and
# SERVICE_KEYS may be empty.
set -uo pipefail

program="$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest"
[ -z "$API_KEY" ] || export OPENAI_API_KEY="$API_KEY"
[ -z "$BASE_URL" ] || export OPENAI_BASE_URL="$BASE_URL"
number=0
while IFS= read -r line; do
  number=$((number + 1))
  # Nothing but keys: a line must not set PATH.
  if [[ $line =~ ^[[:space:]]*([A-Z0-9_]+_API_KEY)=[[:space:]]*(.*[^[:space:]])[[:space:]]*$ ]]; then
    export "${BASH_REMATCH[1]}=${BASH_REMATCH[2]}"
  elif ! [[ $line =~ ^[[:space:]]*([A-Z0-9_]+_API_KEY=[[:space:]]*)?$ ]]; then
    echo "::warning::api-keys: line $number is not NAME_API_KEY=KEY and is ignored."
  fi
done <<<"$SERVICE_KEYS"
unset API_KEY SERVICE_KEYS

# What is printed holds words of papers and models, which must not be taken for commands to the runner.
fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$fence"

# A cache may be restored that is older than the branch, empty or damaged, and a run may end before it is saved.
"$program" cache import "$OUTPUTS" --cache cache

options=()
[ -z "$CONFIG" ] || options+=("--config=$CONFIG")
[ -z "$DATE" ] || options+=("--date=$DATE")
[ -z "$MODEL" ] || options+=("--model=$MODEL")
[ -z "$BUDGET" ] || [ "$BUDGET" = none ] || options+=("--budget=$BUDGET")
"$program" run --json --cache cache --output "$OUTPUTS" "${options[@]}" >"$REPORTS"
code=$?

echo "::$fence::"
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
