#!/usr/bin/env bash
# Gets the newest code and deploys it: git pull, then catalystctl deploy.
#
# Usage: scripts/deploy-update.sh [REVISION] [OPTIONS OF 'catalystctl deploy']
#   REVISION   a tag, branch or commit to deploy, instead of what git pull brings
#
# CATALYST_SOURCE is the checkout (default: the one this script lies in). What is deployed is a commit: changes in the
# checkout that are not committed are left out. Exit: the one of 'catalystctl deploy', 3 without catalystctl; 1 if
# git fails, and then nothing was deployed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly here
readonly checkout=${CATALYST_SOURCE:-$here}

main() {
    local wanted=
    case ${1-} in
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
        -* | '') ;;
        *) wanted=$1; shift ;;
    esac
    find_catalystctl
    command -v git >/dev/null || fail "there is no git: install it"
    git -C "$checkout" rev-parse --git-dir >/dev/null 2>&1 ||
        fail "'$checkout' is no git checkout that you may use: name one with CATALYST_SOURCE"
    local revision
    if [[ -n $wanted ]]; then
        git -C "$checkout" fetch --quiet --tags ||
            fail "cannot fetch into '$checkout': see git's words above; nothing was deployed"
        # A branch is the remote's: git pull would have brought that.
        revision=$(commit "origin/$wanted" || commit "$wanted") ||
            fail "'$checkout' has no revision '$wanted': see 'git -C $checkout tag'"
    else
        git -C "$checkout" pull --quiet --ff-only ||
            fail "cannot pull into '$checkout': see git's words above; nothing was deployed"
        revision=$(commit HEAD)
    fi
    exec "$catalystctl" deploy "$checkout" --revision "$revision" "$@"
}

commit() { git -C "$checkout" rev-parse --quiet --verify "$1^{commit}"; }

find_catalystctl() {
    local place
    for place in "$(command -v catalystctl || true)" "$here"/.build/{release,debug}/catalystctl; do
        [[ -x $place ]] && catalystctl=$place && return
    done
    echo "${0##*/}: there is no catalystctl in PATH, nor in $here/.build: build it with" \
        "'swift build -c release'" >&2
    exit 3
}

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

main "$@"
