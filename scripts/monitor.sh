#!/usr/bin/env bash
# How is the stack, what is its server short of, and which alerts are open?
#
# Usage: scripts/monitor.sh [--watch [SECONDS]]
#
# Without --watch it looks once. With it, it shows the same again every SECONDS (60), until Ctrl-C. It asks catalystd,
# which watches all the time (services, CPU, memory, disk …) and raises the alerts whether or not this runs.
# Exit: 0 all is well and no alert is open, 1 not so, 2 usage, 3 there is no agent (or no catalystctl), 4 not allowed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

catalystctl() {
    local place
    for place in "$(type -P catalystctl || true)" "$here"/catalystctl \
        "$here"/.build/{release,debug}/catalystctl; do
        [[ -x $place ]] || continue
        "$place" "$@"
        return
    done
    echo "${0##*/}: there is no catalystctl in PATH, nor in $here/.build: build it with" \
        "'swift build -c release'" >&2
    return 3
}

once() {
    local status=0 open=0 alerts
    catalystctl status || status=$?
    ((status <= 1)) || return "$status"
    alerts=$(catalystctl alerts) || return
    echo
    echo "$alerts"
    [[ $alerts == "no alert is open"* ]] || open=1
    return $((status > open ? status : open))
}

main() {
    case ${1-} in
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
        "") once ;;
        --watch)
            if (($# > 2)) || [[ ! ${2-60} =~ ^[1-9][0-9]*$ ]]; then
                echo "${0##*/}: --watch takes a number of seconds, such as 60" >&2
                return 2
            fi
            catalystctl status --watch "${2-60}" ;;
        *)
            echo "${0##*/}: no such option '$1': see ${0##*/} --help" >&2
            return 2 ;;
    esac
}

main "$@"
