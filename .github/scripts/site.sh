#!/usr/bin/env bash
# Build the site and say where it is.
# Needs OUTPUTS, GITHUB_ACTION_PATH; CONFIG may be empty.
set -euo pipefail

# Pages takes a gigabyte: https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits.
MOST_BYTES=1000000000
MANY_BYTES=800000000

program="$GITHUB_ACTION_PATH/.venv/bin/arxiv-digest"
fence=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$fence"
# 3: a day that cannot be read is left out, which is no reason to keep back the others.
code=0
"$program" site --output "$OUTPUTS" ${CONFIG:+"--config=$CONFIG"} || code=$?
echo "::$fence::"
[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
echo "folder=$OUTPUTS/site" >>"$GITHUB_OUTPUT"

size=$(du --summarize --apparent-size --block-size=1 "$OUTPUTS/site" | cut --fields=1)
if [ "$size" -gt "$MANY_BYTES" ]; then
  echo "::warning::The site has $((size / 1000000)) MB, and GitHub Pages takes $((MOST_BYTES / 1000000)). Set keep-days to remove old days."
fi
