#!/usr/bin/env bash
# Has the kernel enforce what a stack file limits and reserves, for real: too much memory, processor time and
# processes; an agent that is killed and started again meanwhile; a holder that is gone.
#
# Usage: limits.sh   (as root, on a machine with systemd, cgroup v2 and its controllers: a virtual one)
#   CATALYST_PROGRAMS  catalystd and the other programs (default: /usr/lib/catalyst)
#   CATALYST_UNITS     the units (default: those that are installed, or else those of this checkout)
#
# Prints a line for each thing found, and exits 1 when one of them is a `no`. catalystd.service and what it runs are
# stopped before and after; the machine's own stack file and state are not touched.
set -euo pipefail

script=$(readlink -f "${BASH_SOURCE[0]}")
readonly programs=${CATALYST_PROGRAMS:-/usr/lib/catalyst}
readonly place=/run/catalyst-limits
readonly holder=/sys/fs/cgroup/catalyst.slice/catalyst-services.service
failures=0

main() {
    case ${1-} in
        -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$script" | sed '$d'; return ;;
        '') ;;
        *) fail "unknown argument '$1': see --help" ;;
    esac
    refuse_without_means
    trap clear_away EXIT
    arrange
    begin
    files
    memory_runs_out
    tree_ends_together
    processor
    processes
    reload
    rollout
    agent_killed
    agent_restarted
    holder_gone
    ((failures == 0))
}

fail() { echo "limits.sh: $*" >&2; exit 2; }
ok() { echo "ok $*"; }
no() { echo "no $*"; failures=$((failures + 1)); }
same() { if [[ $2 == "$3" ]]; then ok "$1"; else no "$1: '$3' instead of '$2'"; fi; }
check() { if "${@:2}" >/dev/null 2>&1; then ok "$1"; else no "$1"; fi; }

# within SECONDS COMMAND…
within() {
    local end=$((SECONDS + $1))
    while ! "${@:2}" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

refuse_without_means() {
    ((EUID == 0)) || fail 'needs root: run it in a virtual machine'
    [[ -x $programs/catalystd ]] || fail "there is no '$programs/catalystd': install catalyst, or set CATALYST_PROGRAMS"
    local name offered
    offered=" $(cat /sys/fs/cgroup/cgroup.controllers 2>/dev/null || true) "
    for name in memory cpu pids; do
        [[ $offered == *" $name "* ]] ||
            fail "there is no $name controller in cgroup v2 here: a virtual machine with a kernel of its own has them"
    done
}

# The units as they are installed, with a stack and a state of their own.
arrange() {
    local units=${CATALYST_UNITS:-} unit
    systemctl stop catalystd.service catalyst-services.service 2>/dev/null || true
    rm -rf "$place"
    mkdir -p "$place/state" /run/systemd/system/catalystd.service.d
    if [[ -z $units && ! -e /lib/systemd/system/catalystd.service ]]; then units=${script%/scripts/*}/units/systemd; fi
    if [[ $units ]]; then
        for unit in catalyst.slice catalyst-services.service catalystd.service; do
            sed "s|/usr/lib/catalyst/|$programs/|g" "$units/$unit" >"/run/systemd/system/$unit"
        done
    fi
    cat >/run/systemd/system/catalystd.service.d/limits.conf <<END
[Service]
ExecStart=
ExecStart=$programs/catalystd --cgroup catalyst.slice/catalyst-services.service \\
    --stack $place/stack.yaml --state $place/state
END
    write_stack 64M 16M 0.2
    systemctl daemon-reload
}

clear_away() {
    systemctl stop catalystd.service catalyst-services.service || true
    rm -rf "$place" /run/systemd/system/catalystd.service.d/limits.conf
    rmdir --ignore-fail-on-non-empty /run/systemd/system/catalystd.service.d
    if [[ -e /run/systemd/system/catalystd.service ]]; then
        rm -f /run/systemd/system/{catalyst.slice,catalyst-services.service,catalystd.service}
    fi
    systemctl daemon-reload
}

# write_stack MEMORY RESERVED CPUS: what hog may use
write_stack() {
    cat >"$place/stack.yaml" <<END
name: limits
services:
  hog:
    command: [$programs/catalyst-standin, --name, hog, --fd, "3"]
    healthcheck: {test: [HTTP, "http://127.0.0.1:7001/health"], interval: 1s, start_period: 60s}
    deploy:
      resources: {limits: {memory: $1, cpus: 1}, reservations: {memory: $2, cpus: 0.5}}
      restart_policy: {condition: any}
    x-catalyst: {listen: 127.0.0.1:7001}
  tree:
    # The shell lives on when the kernel kills its child alone.
    command: [/bin/sh, -c, "while [ ! -e $place/eat ]; do sleep 0.3; done; tail /dev/zero; exec sleep 1000"]
    deploy:
      resources: {limits: {memory: 24M}}
      restart_policy: {condition: none}
  half:
    command: [/bin/sh, -c, "while [ ! -e $place/eat ]; do sleep 0.3; done; tail /dev/zero; exec sleep 1000"]
    mem_limit: 24M
  spinner:
    command: [/bin/sh, -c, "while :; do :; done"]
    cpus: $3
  forker:
    # Nine are started, and there is room for four beside the service itself and the shell that starts them.
    command:
      [/bin/sh, -c, "(for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done) 2>/dev/null; exec sleep 1000"]
    pids_limit: 6
END
}

ctl() { timeout 60 "$programs/catalystctl" "$@"; }
# It exits 1 where not all are well.
state_of() { { ctl status --json || true; } | python3 "$place/read.py" "$1" "$2"; }
cgroup_of() { sed -n 's/^0:://p' "/proc/$(state_of "$1" pid)/cgroup" 2>/dev/null || true; }
file_of() { cat "/sys/fs/cgroup$(cgroup_of "$1")/$2" 2>/dev/null || true; }
number() { awk -v key="$1" '$1 == key {print $2}'; }
agent() { systemctl show --property MainPID --value catalystd.service; }
is_up() { [[ $(state_of "$1" state) == up ]]; }
is_well() { [[ $(state_of "$1" state) == up && $(state_of "$1" health) == healthy ]]; }
runs() { is_well hog && is_up spinner && is_up forker; }

begin() {
    cat >"$place/read.py" <<'END'
import json, sys
try:
    services = json.load(sys.stdin)["services"]
except ValueError:
    services = []
for service in services:
    if service["name"] == sys.argv[1]:
        print(service.get(sys.argv[2], ""))
END
    systemctl start catalystd.service || { journalctl -q -u catalystd -n 5 --no-pager -o cat; no 'catalystd does not start'; }
    if within 60 runs; then ok 'the services run'; else
        no 'the services do not run'
        ctl status || true
        journalctl -q -u catalystd -n 20 --no-pager -o cat
        exit 1
    fi
    local notes
    notes=$(ctl status | grep -E 'not enforced|reservations hold|instead' || true)
    same 'status misses nothing' '' "$notes"
}

files() {
    local root
    root=$(dirname "/sys/fs/cgroup$(cgroup_of hog)")
    same 'services are kept in the holder' "$holder" "$(dirname "$root")"
    same 'memory.max' 67108864 "$(file_of hog memory.max)"
    same 'memory.low' 16777216 "$(file_of hog memory.low)"
    same 'memory.oom.group' 1 "$(file_of hog memory.oom.group)"
    same 'memory.low of all together' 16777216 "$(cat "$root/memory.low")"
    check 'and of the holder' test "$(cat "$holder/memory.low")" -ge 16777216
    same 'cpu.max' '100000 100000' "$(file_of hog cpu.max)"
    same 'cpu.weight' 200 "$(file_of hog cpu.weight)"
    same 'pids.max' 6 "$(file_of forker pids.max)"
    same 'no controller is enabled in the cgroup of catalystd itself' '' \
        "$(cat /sys/fs/cgroup/catalyst.slice/catalystd.service/cgroup.subtree_control)"
}

has_event() { ctl events "$1" | grep -qF "$2"; }
has_alert() { ctl alerts list --since 1h | grep -qF "$1"; }
has_restarted() { [[ $(state_of hog restarts) -gt $1 ]] && is_well hog; }

memory_runs_out() {
    local restarts
    restarts=$(state_of hog restarts)
    curl -s -o /dev/null -X POST 'http://127.0.0.1:7001/fault/leak?rate=60' || true
    check 'over its limit it is killed, and started again' within 60 has_restarted "$restarts"
    check 'its events say why' has_event hog 'ran out of memory: limit 64M'
    check 'the alert says "out of memory: limit 64M"' within 20 has_alert 'out of memory: limit 64M'
    same 'the new one is limited too' 67108864 "$(file_of hog memory.max)"
}

# One of the two is as an older kernel would have it.
tree_ends_together() {
    local pid
    pid=$(state_of half pid)
    echo 0 >"/sys/fs/cgroup$(cgroup_of half)/memory.oom.group"
    touch "$place/eat"
    check 'a child out of memory takes the whole instance with it' \
        within 60 has_event tree 'ran out of memory: limit 24M'
    same 'and it stays down, as it is to be' down "$(state_of tree state)"
    check 'a child that is killed alone is noticed' within 60 has_event half 'a part of it ran out of memory: limit 24M'
    same 'its parent goes on' "$pid" "$(state_of half pid)"
}

milliseconds() { awk '{print int($1 * 1000)}' /proc/uptime; }

# A fifth of a core, and what one period more may bring.
processor() {
    local before began after ended used allowed
    before=$(file_of spinner cpu.stat) began=$(milliseconds)
    sleep 5
    after=$(file_of spinner cpu.stat) ended=$(milliseconds)
    used=$((($(number usage_usec <<<"$after") - $(number usage_usec <<<"$before")) / 1000))
    allowed=$(((ended - began) / 5 + 100))
    if ((used <= allowed)); then ok "a fifth of a core: $used ms in $((ended - began))"; else
        no "a fifth of a core: $used ms in $((ended - began))"; fi
    check 'it is held back' test "$(number nr_throttled <<<"$after")" -gt "$(number nr_throttled <<<"$before")"
}

processes() {
    local count
    count=$(file_of forker pids.current)
    check "no more processes than its limit: $count" test "${count:-99}" -le 6
    check 'the rest were refused' test "$(file_of forker pids.events | number max)" -gt 0
}

memory_of_hog_is() { [[ $(file_of hog memory.max) == "$1" ]]; }

reload() {
    local pid
    pid=$(state_of hog pid)
    write_stack 96M 32M 0.4
    ctl reload --no-wait >/dev/null || no 'catalystctl reload'
    check 'a reload changes the limit' within 10 memory_of_hog_is 100663296
    same 'of the instance that runs' "$pid" "$(state_of hog pid)"
    same 'and what is reserved' 33554432 "$(file_of hog memory.low)"
    same 'cpu.max as well' '40000 100000' "$(file_of spinner cpu.max)"
}

rollout() {
    local pid
    pid=$(state_of hog pid)
    ctl restart hog >/dev/null || no 'catalystctl restart'
    check 'another instance has taken its place' test "$(state_of hog pid)" != "$pid"
    same 'it is limited too' 100663296 "$(file_of hog memory.max)"
}

another_agent() { [[ $(agent) != "$1" && $(agent) != 0 ]] && runs; }

agent_killed() {
    local pid former
    pid=$(state_of hog pid) former=$(agent)
    systemctl kill --kill-who=main --signal=KILL catalystd.service
    check 'after kill -9 systemd starts the next catalystd, while services live' within 60 another_agent "$former"
    same 'which goes on with what runs' "$pid" "$(state_of hog pid)"
    same 'limited as before' 100663296 "$(file_of hog memory.max)"
    write_stack 80M 32M 0.4
    ctl reload --no-wait >/dev/null || no 'catalystctl reload'
    check 'and limits it anew' within 10 memory_of_hog_is 83886080
}

agent_restarted() {
    check 'systemctl restart' timeout 120 systemctl restart catalystd.service
    check 'all run again' within 60 runs
}

holder_gone() {
    ctl stop >/dev/null || no 'catalystctl stop'
    find "$holder" -depth -mindepth 1 -type d -exec rmdir {} + 2>/dev/null || true
    check 'what systemd removed while nothing ran …' rmdir "$holder"
    ctl start --no-wait >/dev/null || no 'catalystctl start'
    check '… is made again' within 60 runs
    same 'with its limits' 83886080 "$(file_of hog memory.max)"
    systemctl stop catalystd.service
    rmdir "$holder" 2>/dev/null || true
    systemctl start catalystd.service || no 'catalystd does not start'
    check 'also by the next catalystd' within 60 runs
    same 'with its limits as well' 83886080 "$(file_of hog memory.max)"
}

main "$@"
