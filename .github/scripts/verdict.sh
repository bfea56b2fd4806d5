#!/usr/bin/env bash
# Fail where there is no digest of the day, or it could not be delivered; where the day will be tried again, only warn.
# Needs LAST ("false" where it will be); EXIT_CODE and DELIVERED, the exit codes of run and deliver, may be empty.
set -euo pipefail

case "$EXIT_CODE" in
  0 | 3 | 4 | 5) fault="" ;;
  1) fault="No digest: no paper has a summary. The log says why; nothing was committed." ;;
  2) fault="No digest: wrong usage or settings. The log says which; nothing was spent or committed." ;;
  *) fault="arxiv-digest did not end by itself (${EXIT_CODE:-no exit code}); nothing was committed." ;;
esac
case "$DELIVERED" in
  "" | 0) ;;
  *) fault="${fault:+$fault }Not all was delivered. The log says to which address." ;;
esac

if [ -z "$fault" ]; then
  exit 0
elif [ "$LAST" = false ]; then
  echo "::warning::$fault The day will be tried again later today."
else
  echo "::error::$fault"
  exit 1
fi
