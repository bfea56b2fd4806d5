#!/usr/bin/env bash
# Fail where there is no digest of the day. Needs EXIT_CODE (may be empty).
set -euo pipefail

case "$EXIT_CODE" in
  0 | 3 | 4 | 5) ;;
  1) echo "::error::No digest: no paper has a summary. The log says why; nothing was committed." && exit 1 ;;
  2) echo "::error::No digest: wrong usage or settings. The log says which; nothing was spent or committed." && exit 1 ;;
  *) echo "::error::arxiv-digest did not end by itself (${EXIT_CODE:-no exit code}); nothing was committed." && exit 1 ;;
esac
