#!/usr/bin/env bash
# Build the site and say where it is.
# Needs OUTPUTS, GITHUB_ACTION_PATH.
set -euo pipefail

program="$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest"
fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$fence"
# 3: a day that cannot be read is left out, which is no reason to keep back the others.
code=0
"$program" site --output "$OUTPUTS" || code=$?
echo "::$fence::"
[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
echo "folder=$OUTPUTS/site" >>"$GITHUB_OUTPUT"
