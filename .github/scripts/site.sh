#!/usr/bin/env bash
# Say which folder is to be deployed: the site, or the bare digests where the program cannot build one.
# Needs OUTPUTS, GITHUB_ACTION_PATH.
set -euo pipefail

program="$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest"
folder="$OUTPUTS"
if "$program" site --help >/dev/null 2>&1; then
  "$program" site --output "$OUTPUTS"
  folder="$OUTPUTS/site"
fi
echo "folder=$folder" >>"$GITHUB_OUTPUT"
