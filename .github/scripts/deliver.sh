#!/usr/bin/env bash
# Deliver the newest day of each digest to the addresses that do not have it yet. Does not fail: its output exit-code says
# how it ended, and verdict.sh fails the job once all else is done.
# Needs ARXIV_DIGEST_DELIVER, OUTPUTS, GITHUB_ACTION_PATH; CONFIG may be empty.
set -uo pipefail

fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$fence"
"$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest" deliver --cache cache --output "$OUTPUTS" ${CONFIG:+"--config=$CONFIG"}
code=$?
echo "::$fence::"
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
