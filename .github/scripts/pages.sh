#!/usr/bin/env bash
# Say where Pages publishes what a workflow deploys; its output url is empty where Pages is off or has another source.
# Needs GH_TOKEN ("pages: read"), GITHUB_REPOSITORY.
set -euo pipefail

# On an error gh prints the answer's body, which is no address.
url=$(gh api "repos/$GITHUB_REPOSITORY/pages" --jq 'select(.build_type == "workflow").html_url') || url=""
if ! [[ $url =~ ^https?://[^[:space:]]+$ ]]; then
  url=""
  echo "::notice::No site is published. To have one, choose \"GitHub Actions\" as the source under Settings → Pages."
fi
echo "url=$url" >>"$GITHUB_OUTPUT"
