#!/usr/bin/env bash
# Keep the schedule of this workflow enabled. GitHub disables schedules after 60 days without activity in a public
# repository (https://docs.github.com/en/actions/managing-workflow-runs/disabling-and-enabling-a-workflow). Enabling a
# workflow, even one that is enabled, begins the 60 days anew and needs no commit: found by others, nowhere promised
# (https://github.com/gautamkrishnar/keepalive-workflow/issues/56).
# Needs GH_TOKEN ("actions: write"), GITHUB_REPOSITORY, GITHUB_WORKFLOW_REF.
set -euo pipefail

path=${GITHUB_WORKFLOW_REF%@*}
workflow=${path##*/}
gh api --silent --method PUT "repos/$GITHUB_REPOSITORY/actions/workflows/$workflow/enable" ||
  echo "::warning::The schedule could not be kept enabled; without activity GitHub disables it after 60 days."
