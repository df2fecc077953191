#!/usr/bin/env bash
# Saves this machine's configuration and the ledger in one file, without secrets: 'catalystctl backup'.
#
# Usage: scripts/backup-config.sh [OPTIONS OF 'catalystctl backup']
#   such as --to DIRECTORY (default: /var/backups/catalyst), --keep N (default: 14), --json
#
# Exit: the one of 'catalystctl backup', 3 without catalystctl.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
readonly here

main() {
    case ${1-} in
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
    esac
    find_catalystctl
    exec "$catalystctl" backup "$@"
}

# The one that was installed with this script, else the one in PATH, else the one of this checkout.
find_catalystctl() {
    local place
    for place in "$here/catalystctl" "$(command -v catalystctl || true)" \
        "$here"/.build/{release,debug}/catalystctl; do
        [[ -f $place && -x $place ]] && catalystctl=$place && return
    done
    echo "${0##*/}: there is no catalystctl in $here, PATH or $here/.build: install the" \
        "package, or build it with 'swift build -c release'" >&2
    exit 3
}

main "$@"
