#!/usr/bin/env bash
# Make the digests, after the cache has taken what the written ones have and it has not. Does not fail: its output
# exit-code says how it ended, and verdict.sh fails the job once all else is done.
# Needs OUTPUTS, REPORTS, GITHUB_ACTION_PATH; DIGESTS, DATE, MODEL, BUDGET and API_KEY may be empty.
set -uo pipefail

program="$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest"
[ -z "$API_KEY" ] || export OPENAI_API_KEY="$API_KEY"

# What is printed holds words of papers and models, which must not be taken for commands to the runner.
fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$fence"

# A cache may be restored that is older than the branch, empty or damaged, and a run may end before it is saved.
"$program" cache import "$OUTPUTS" --cache cache

options=()
[ -z "$DATE" ] || options+=("--date=$DATE")
[ -z "$MODEL" ] || options+=("--model=$MODEL")
[ -z "$BUDGET" ] || options+=("--budget=$BUDGET")
read -r -d '' -a digests <<<"$DIGESTS"
"$program" run --json --cache cache --output "$OUTPUTS" "${options[@]}" -- "${digests[@]}" >"$REPORTS"
code=$?

echo "::$fence::"
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
