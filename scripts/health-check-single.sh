#!/usr/bin/env bash
# Is one service healthy? Says how it is; it does not wait for it.
#
# Usage: scripts/health-check-single.sh SERVICE
#
# Exit: as of scripts/health-check.sh; 0 healthy, 1 not.
set -euo pipefail

case ${1-} in
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
esac
if (($# != 1)); then
    echo "${0##*/}: name one service, such as: scripts/${0##*/} scanner" >&2
    exit 2
fi
exec "$(dirname "${BASH_SOURCE[0]}")/health-check.sh" "$1"
