# The steps in which the agent goes and comes back. Its services are to notice nothing.
# shellcheck shell=bash disable=SC2034,SC2154

# The agent dies of COMMAND…; systemd starts the next one within SECONDS; nothing else has happened. `successor` tells
# by which sign there is a next one, given the pid of the former.
survive() {
    local words=$1 seconds=$2 services agent began next=${successor:-another_agent}
    shift 2
    services=$(pids first) agent=$(agent_of first)
    traffic_begins
    began=$EPOCHREALTIME
    "$@" >"$world/said" 2>&1 || no "$words: $(tail -1 "$world/said")"
    if until_true "$seconds" "$next" "$agent"; then
        ok "$words: the next agent after $(since "$began") s"
    else
        no "$words: no other agent after $seconds s"
    fi
    moment=$began expect_nine first 60 "$words"
    same "$words: the services' processes are the same" '' "$(changed "$services" "$(pids first)")"
    traffic_ends "$words"
}

another_agent() {
    [[ $(agent_of first) != "$1" && $(agent_of first) != 0 ]] && on first systemctl --quiet is-active catalystd
}

# The new program in the same process.
replaced_in_place() {
    [[ $(agent_of first) == "$1" ]] && on first journalctl -q --no-pager -o cat -t catalystd \
        --since "@${began%[.,]*}" | grep 'is being replaced' >/dev/null &&
        on first systemctl --quiet is-active catalystd
}

step_agent_killed() {
    survive 'kill -9' 20 on first systemctl kill --kill-who=main --signal=KILL catalystd.service
    check 'the journal says who took over' journal_has 'news: was found running'
    check 'a maintenance' on first catalystctl maintenance start --for 5m --reason drill
    check 'drill agent: the next one reports that all ran on' on first catalystctl drill agent --yes
    check 'the maintenance is over' on first catalystctl maintenance end
}

# By systemd's watchdog: a stopped process says no more that it is well.
step_agent_hung() {
    local patience
    patience=$(on first systemctl show --property WatchdogUSec --value catalystd.service)
    [[ $patience != 0 && $patience != infinity ]] || { no 'the unit has no watchdog'; return; }
    survive "stopped, with a watchdog of $patience" 120 \
        on first systemctl kill --kill-who=main --signal=STOP catalystd.service
}

step_agent_restart() {
    local moment=$EPOCHREALTIME
    check 'systemctl restart' in_limit 240 first systemctl restart catalystd.service
    expect_nine first 60 'stopped in order and started'
    same 'nothing is left of the former' '' "$(strays)"
}

in_limit() { limit=$1 on "${@:2}"; }

# Stand-ins that belong to no service.
strays() {
    script_on first "$(pids first | awk '{print $2}' | tr '\n' ' ')" <<'END'
for found in /proc/[0-9]*; do
    [[ $(readlink "$found/exe") == */catalyst-standin && " $1 " != *" ${found#/proc/} "* ]] || continue
    echo "${found#/proc/}"
done
END
}

# To its end: with `grep -q` the journal's reader would be the one that fails.
journal_has() { on first journalctl -q --no-pager -o cat -t catalystd | grep -E "$1" >/dev/null; }

# The same programs under another version: what an operator does with the next package. One whose unit is another needs
# another process.
step_upgrade() {
    successor=replaced_in_place upgrade_to next 'dpkg -i of the next version'
    upgrade_to other 'dpkg -i of one with another unit' "s/^OOMScoreAdjust=.*/OOMScoreAdjust=-899/"
}

# upgrade_to SUFFIX WORDS [CHANGE OF THE UNIT]
upgrade_to() {
    local folder=$world/unpacked version
    mkdir -p "$folder"
    dpkg-deb --raw-extract "$deb" "$folder"
    version=$(sed -n 's/^Version: //p' "$folder/DEBIAN/control")+$1
    sed -i "s/^Version: .*/Version: $version/" "$folder/DEBIAN/control"
    [[ -z ${3-} ]] || sed -i "$3" "$folder/usr/lib/systemd/system/catalystd.service"
    dpkg-deb --root-owner-group --build -Znone "$folder" "$world/share/next.deb" >/dev/null
    rm -rf "$folder"
    survive "$2" 30 in_limit 120 first dpkg -i /srv/share/next.deb
    # shellcheck disable=SC2016 # dpkg's variables.
    same 'it is installed' "install ok installed $version" \
        "$(on first dpkg-query --show --showformat '${Status} ${Version}' catalyst)"
    rm -f "$world/share/next.deb"
}
