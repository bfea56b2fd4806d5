#!/usr/bin/env bash
# Make the GitHub release of a tag: what dist/ holds, with the changelog's section of that version.
# Needs GITHUB_REF_NAME, GITHUB_REPOSITORY, RUNNER_TEMP, GH_TOKEN.
set -euo pipefail

version=${GITHUB_REF_NAME#v}
files=("dist/arxiv_digest-$version-py3-none-any.whl" "dist/arxiv_digest-$version.tar.gz")
for file in "${files[@]}"; do
  if ! [ -f "$file" ]; then
    echo "::error::There is no $file: the tag and __version__ in pipeline/__init__.py differ."
    exit 1
  fi
done

notes="$RUNNER_TEMP/notes.md"
awk -v heading="## [$version]" 'index($0, heading) == 1 { here = 1; next } /^## / { here = 0 } here' CHANGELOG.md >"$notes"
if ! grep --quiet '[^[:space:]]' "$notes"; then
  echo "::error::CHANGELOG.md has no section $version."
  exit 1
fi
gh release create "$GITHUB_REF_NAME" --repo "$GITHUB_REPOSITORY" --verify-tag --title "$GITHUB_REF_NAME" \
  --notes-file "$notes" "${files[@]}"
