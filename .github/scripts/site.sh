#!/usr/bin/env bash
# Say which folder is to be deployed: the site, or the bare digests where the program cannot build one.
# Needs OUTPUTS, GITHUB_ACTION_PATH.
set -euo pipefail

program="$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest"
folder="$OUTPUTS"
if "$program" site --help >/dev/null 2>&1; then
  fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  echo "::stop-commands::$fence"
  # 3: a day that cannot be read is left out, which is no reason to keep back the others.
  code=0
  "$program" site --output "$OUTPUTS" || code=$?
  echo "::$fence::"
  [ "$code" -eq 0 ] || [ "$code" -eq 3 ]
  folder="$OUTPUTS/site"
fi
echo "folder=$folder" >>"$GITHUB_OUTPUT"
