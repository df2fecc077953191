#!/usr/bin/env bash
# Are the services healthy? One line each, '✓ name  …' or '✗ name  …' with what is wrong.
#
# Usage: scripts/health-check.sh [SERVICE…]
#
# It asks catalystd, which probes all the time: nothing is asked of a service because of this. Exit: 0 all are healthy,
# 1 one is not, 2 there is no such service, 3 there is no agent (or no catalystctl), 4 not allowed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

case ${1-} in
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
esac
for place in "$(command -v catalystctl || true)" "$here"/.build/{release,debug}/catalystctl; do
    [[ -x $place ]] && exec "$place" health "$@"
done
echo "${0##*/}: there is no catalystctl in PATH, nor in $here/.build: build it with" \
    "'swift build -c release'" >&2
exit 3
