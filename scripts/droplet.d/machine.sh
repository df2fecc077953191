# Machines: systemd as the first process of a container, on a disk of its own over the distribution's files, joined
# to this world by one cable. Here is the internet: its host is the operator's address, and a stranger's.
# shellcheck shell=bash disable=SC2034,SC2154

readonly world=/run/catalyst-droplet
readonly environment=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    LANG=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 DEBIAN_FRONTEND=noninteractive COLUMNS=80)
# The last number of the addresses of each machine's cable.
readonly operator=1 droplet=2 stranger=9
machines=()

# How long a command in a machine may take: `limit=300 on first …`.
limit=60

only_control_groups_2() {
    [[ $(stat -fc %T /sys/fs/cgroup) != cgroup2fs ]] || return 0
    umount -l /sys/fs/cgroup 2>/dev/null || true
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

make_world() {
    only_control_groups_2
    mount --make-rprivate /
    # What systemd-nspawn keeps there is not for this machine.
    mount -t tmpfs -o mode=0755 tmpfs /run
    mkdir -p "$world"
    mount -t tmpfs -o size=4g,mode=0755 tmpfs "$world"
    mkdir "$world/share"
    cp "$deb" "$world/share/catalyst.deb"
    hostname droplet-world
    ip link set lo up
}

# boot NAME: with the disk that it had, if it had one.
boot() {
    local name=$1 home=$world/$1 group=/sys/fs/cgroup/$CATALYST_DROPLET_GROUP/$1
    if [[ ! -d $home ]]; then
        mkdir -p "$home"/{up,work,root}
        mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$home/up,workdir=$home/work" "$home/root"
        machines+=("$name")
        echo "${#machines[@]}" >"$home/number"
    fi
    mkdir -p "$group"
    (
        echo "$BASHPID" >"$group/cgroup.procs"
        # pidfd_getfd: a machine has it, containers are refused it, and the next agent takes the sockets over by it.
        exec systemd-nspawn --quiet --keep-unit --register=no --network-veth --resolv-conf=off --timezone=off \
            --link-journal=no --kill-signal=SIGRTMIN+3 --console=pipe --machine="$name" --directory="$home/root" \
            --system-call-filter=pidfd_getfd \
            --bind="$world/share:/srv/share" --bind-ro="$checkout:/srv/checkout" --boot systemd.show_status=0 \
            </dev/null >>"$home/console.log" 2>&1
    ) &
    echo $! >"$home/pid"
    disown
    await_boot "$name"
}

await_boot() {
    local name=$1
    until_true 20 leader "$name" || return
    until_true 10 plug_in "$name" || return
    until_true 90 is_up "$name"
}

# The container's first process is the only child of nspawn in a process namespace of its own.
leader() {
    local nspawn child
    nspawn=$(<"$world/$1/pid")
    # shellcheck disable=SC2013 # Words of one line.
    for child in $(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null); do
        [[ $(readlink "/proc/$child/ns/pid") == "$(readlink /proc/self/ns/pid)" ]] || { echo "$child"; return; }
    done
    return 1
}

is_up() { [[ $(limit=5 on "$1" systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }

plug_in() {
    local name=$1 first cable=ve-$1 number
    number=$(<"$world/$name/number")
    first=$(leader "$name") || return
    if ! ip address show dev "$cable" | grep -q "10.77.$number.$operator/"; then
        ip address add "10.77.$number.$operator/24" dev "$cable"
        ip address add "10.77.$number.$stranger/24" dev "$cable"
        ip link set "$cable" up
    fi
    nsenter --target "$first" --net ip address replace "10.77.$number.$droplet/24" dev host0
    nsenter --target "$first" --net ip link set host0 up
}

# address MACHINE operator|droplet|stranger
address() { echo "10.77.$(<"$world/$1/number").${!2}"; }

# on NAME COMMAND…: in the machine, as root, within the limit (exit status 124: it was over).
on() {
    local name=$1 first
    shift
    first=$(leader "$name") || { echo "machine '$name' does not run"; return 125; }
    timeout --kill-after 2 "$limit" nsenter --target "$first" --all -- "${environment[@]}" "$@" </dev/null
}

# script_on NAME [ARGUMENTS…] <<'END': the same for a script of bash.
script_on() {
    local text name=$1
    shift
    text=$(cat)
    on "$name" bash -euo pipefail -c "$text" script "$@"
}

shut_down() {
    limit=10 on "$1" systemctl --no-block poweroff || true
    until_true 90 has_ended "$1" || cut_power "$1"
    remove_groups "$CATALYST_DROPLET_GROUP/$1"
}

# At once, as when the cable is pulled: nobody in the machine hears of it.
cut_power() {
    local first
    first=$(leader "$1") && kill -KILL "$first"
    until_true 10 has_ended "$1" || kill -KILL "$(<"$world/$1/pid")" 2>/dev/null || true
    remove_groups "$CATALYST_DROPLET_GROUP/$1"
}

has_ended() { ! kill -0 "$(<"$world/$1/pid")" 2>/dev/null; }

remove_groups() {
    unshare --mount --propagation private bash -c "
        $(declare -f only_control_groups_2)
        only_control_groups_2
        for ((i = 0; i < 50; i++)); do
            find '/sys/fs/cgroup/$1' -depth -type d -exec rmdir {} + 2>/dev/null
            [[ -d '/sys/fs/cgroup/$1' ]] || break
            sleep 0.1
        done"
}

# The namespaces end with this process; the machines are stopped so that their last words are not cut off.
leave_world() {
    local name
    for name in ${machines[@]+"${machines[@]}"}; do
        has_ended "$name" || cut_power "$name"
    done
}

show_evidence() {
    local name
    for name in ${machines[@]+"${machines[@]}"}; do
        has_ended "$name" && { echo "   | $name does not run; its console:"; tail -5 "$world/$name/console.log"; } |
            sed 's/^/   | /' && continue
        echo "   | $name: the journal's last of our units, and failed units"
        { limit=10 on "$name" journalctl -q --no-pager -o short-iso -n 15 -u 'catalyst*' -u nginx || true
          limit=5 on "$name" systemctl --failed --no-legend --plain || true; } 2>&1 | cut -c1-160 | sed 's/^/   | /'
    done
}

shell_beside() {
    export -f on leader address
    export world limit operator droplet stranger
    echo "A shell in the machines' world; 'first' runs at $(address first droplet 2>/dev/null || true)." \
        "To get in: nsenter --all --target $(leader first || echo '(it does not run)')"
    bash -i || true
}

# Every file of the machine's disk, but what lives by the day.
files_of() {
    on "$1" find / -xdev '(' -path /tmp -o -path /run -o -path /proc -o -path /sys -o -path /dev -o -path '/srv/*' \
        -o -path /var/log -o -path /var/tmp -o -path /var/cache ')' -prune -o -print | sort
}
