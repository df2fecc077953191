# The files of a droplet as it comes from the distribution's mirror, made once. The machines cannot reach a mirror, so
# all that an installation asks apt for is here already.
# shellcheck shell=bash disable=SC2034,SC2154

rootfs_packages() {
    echo systemd systemd-sysv dbus libpam-systemd udev kmod apt procps iproute2 iptables psmisc less tzdata netbase \
        cron ca-certificates openssl openssh-server python3 python3-venv curl ufw logrotate nginx-light redis-server \
        postgresql libpq5 libssl3 libhiredis0.14 libyaml-0-2 libsqlite3-0 libstdc++6
}

# Said in one line: why the walk cannot be walked here.
refuse_without_means() {
    ((EUID == 0)) || skip "it needs root (mounts, namespaces, a machine's first process)"
    local tool
    for tool in unshare nsenter setpriv timeout ip curl openssl python3; do
        command -v "$tool" >/dev/null || skip "there is no '$tool'"
    done
    local said
    said=$(unshare --mount --propagation private --pid --fork --mount-proc --net --uts -- bash -c "
        $(declare -f only_control_groups_2)
        only_control_groups_2 && mkdir /sys/fs/cgroup/catalyst-droplet-try && rmdir /sys/fs/cgroup/catalyst-droplet-try
        mount -t tmpfs tmpfs /mnt && mkdir /mnt/{a,b,c,d} &&
        mount -t overlay overlay -o lowerdir=/mnt/a,upperdir=/mnt/b,workdir=/mnt/c /mnt/d &&
        ip link add try type veth peer name try2" 2>&1) || skip "no namespaces of its own: ${said##*$'\n'}"
    if ! command -v systemd-nspawn >/dev/null || ! command -v mmdebstrap >/dev/null; then
        fetch_tools systemd-container mmdebstrap
    fi
}

fetch_tools() {
    command -v apt-get >/dev/null || skip "there is no apt to install $* from"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300)
    echo "scripts/test-droplet: installing $*" >&2
    { "${apt[@]}" install --no-install-recommends "$@" ||
        { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"; }; } >/dev/null 2>&1 ||
        skip "cannot install $*: see 'apt-get install $*'"
}

# Prints its path; or says why there is none, and fails.
built_rootfs() {
    local release key folder
    # shellcheck source=/dev/null
    release=$(source /etc/os-release && echo "${VERSION_CODENAME:-}")
    [[ $release ]] || { echo "/etc/os-release names no release of Debian or Ubuntu"; return 1; }
    # Of all that goes into it.
    key=$({ echo "$release" && declare -f rootfs_packages make_rootfs arrange_rootfs arrange_errand; } |
        sha256sum | cut -c1-12)
    folder=$cache/rootfs-$key
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock -w 600 9 || { echo "another one has been making the machine's files for 10 minutes"; return 1; }
    [[ -e $folder/usr/bin/systemctl ]] || make_rootfs "$release" "$folder" || return
    exec 9>&-
    echo "$folder"
}

make_rootfs() {
    local release=$1 folder=$2 began=$SECONDS settings=$cache/apt.conf packages
    rm -rf --one-file-system "$cache"/rootfs-* "$cache"/image-*
    apt_sources >"$cache/sources.list"
    if [[ ! -s $cache/sources.list ]]; then
        apt-get -qq update >/dev/null 2>&1 || true
        apt_sources >"$cache/sources.list"
    fi
    [[ -s $cache/sources.list ]] || { echo "apt knows no mirror of $release: see 'apt-get update'"; return 1; }
    # The mirror's proxy and whatever else this machine needs to reach it.
    apt-config dump --no-empty --format '%F "%v";%n' Acquire >"$settings"
    packages=$(rootfs_packages)
    echo "scripts/test-droplet: making a $release from its mirror, about a minute" >&2
    if ! mmdebstrap --mode=root --variant=minbase --format=directory --include="${packages// /,}" \
        --aptopt="$settings" --aptopt='Apt::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-include=/usr/share/man/man[158]/catalyst*' \
        "$release" "$folder.new" "$cache/sources.list" >"$cache/mmdebstrap.log" 2>&1; then
        rm -rf --one-file-system "$folder.new"
        echo "no mirror: $(grep -m 1 '^E: ' "$cache/mmdebstrap.log" || tail -1 "$cache/mmdebstrap.log")"
        return 1
    fi
    arrange_rootfs "$folder.new"
    mv "$folder.new" "$folder"
    echo "scripts/test-droplet: made in $((SECONDS - began)) s" >&2
}

# The distribution's own places, not those of others that are configured here.
apt_sources() {
    # shellcheck disable=SC2016 # apt's variables.
    apt-get indextargets --format '$(ORIGIN)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -n 's/^\(Debian\|Ubuntu\)|//p' | sort -u
}

arrange_rootfs() {
    local folder=$1
    echo droplet >"$folder/etc/hostname"
    printf '127.0.0.1 localhost droplet\n::1 localhost\n' >"$folder/etc/hosts"
    : >"$folder/etc/machine-id"
    mkdir -p "$folder/var/log/journal" "$folder/srv/checkout" "$folder/srv/share"
    rm -rf "$folder"/var/lib/apt/lists/* "$folder"/var/cache/apt/*
    # As after apt-get install: nginx, Redis and SSH run, on ports that are to be others'. The database is elsewhere.
    chroot "$folder" systemctl --quiet disable postgresql 2>/dev/null
    # These only slow a boot.
    chroot "$folder" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
        e2scrub_all.timer e2scrub_reap.service getty@tty1.service systemd-firstboot.service 2>/dev/null
    systemctl --root="$folder" --quiet set-default multi-user.target
    arrange_errand "$folder"
}
