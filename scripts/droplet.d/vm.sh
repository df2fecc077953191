# A machine with a kernel of its own, and so with the controllers of its control groups: User-Mode Linux, one
# processor. It runs one script of ours when it is up, whose lines come out here, and goes down.
# shellcheck shell=bash disable=SC2034,SC2154

# Prints the path of the disk's image; or says why there is none, and fails.
built_image() {
    command -v linux.uml >/dev/null || (fetch_tools user-mode-linux >&2) || true
    command -v linux.uml >/dev/null ||
        { echo "there is no User-Mode Linux: apt-get install user-mode-linux"; return 1; }
    command -v mke2fs >/dev/null || { echo "there is no mke2fs: apt-get install e2fsprogs"; return 1; }
    local file=$cache/image-${rootfs##*/rootfs-}
    if [[ ! -e $file ]]; then
        truncate --size 6G "$file.new"
        mke2fs -q -t ext4 -J size=32 -E lazy_itable_init=1,root_owner=0:0 -m 0 -d "$rootfs" "$file.new" >&2 ||
            { echo "cannot make the disk's image: see above"; return 1; }
        mv "$file.new" "$file"
    fi
    echo "$file"
}

# The unit that runs the script; it lies in every rootfs, and only a machine of this kind has its condition.
arrange_errand() {
    cat >"$1/etc/systemd/system/test-droplet-errand.service" <<'END'
[Unit]
ConditionKernelCommandLine=test_droplet_errand
After=basic.target dbus.service systemd-logind.service
[Service]
Type=simple
ExecStartPre=/bin/mount -t hostfs none /srv/share
ExecStart=/bin/bash -c 'bash /srv/share/errand >/srv/share/said 2>&1; echo $? >/srv/share/status'
ExecStopPost=/bin/systemctl --no-block --force poweroff
OOMScoreAdjust=-900
[Install]
WantedBy=multi-user.target
END
    systemctl --root="$1" --quiet enable test-droplet-errand.service
}

step_vm_boot() {
    mkdir -p "$world/vm"
    cp "$deb" "$world/share/catalyst.deb"
    cp -a "$parts" "$world/share/droplet.d"
    cat >"$world/share/errand" <<'END'
export HOME=/root LANG=C.UTF-8 SYSTEMD_PAGER= SYSTEMD_COLORS=0 DEBIAN_FRONTEND=noninteractive
echo "ok systemd is up, its controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
dpkg -i /srv/share/catalyst.deb || { echo "no the package cannot be installed"; exit 1; }
bash /srv/share/droplet.d/limits.sh
END
    # Its memory is a file that is mapped: of the world's own disk.
    TMPDIR=$world/vm setsid linux.uml mem=1500M "ubd0=$world/vm/disk.cow,$image" root=/dev/ubda rw con=null \
        con0=null,fd:1 ssl=null "hostfs=$world/share" umid=droplet "uml_dir=$world/vm/" quiet test_droplet_errand \
        systemd.show_status=0 systemd.mask=systemd-udev-trigger.service systemd.mask=systemd-binfmt.service \
        systemd.mask=modprobe@.service </dev/null >"$world/vm/console" 2>&1 &
    vm=$!
    if until_true 90 test -s "$world/share/said"; then
        ok "a machine with its own kernel is up after $SECONDS s"
    else
        no 'the virtual machine does not come up'
        tail -20 "$world/vm/console" | sed 's/^/   | /'
        return 1
    fi
}

# Its script's lines, as they come, until it has ended.
step_limits() {
    local line end=$((SECONDS + 600))
    exec 7< <(exec tail --follow --lines=+1 --sleep-interval=0.2 "$world/share/said" 2>/dev/null)
    local follower=$!
    while ((SECONDS < end)); do
        if read -r -t 1 -u 7 line; then
            case $line in
                ok\ *) ok "${line#ok }" ;;
                no\ *) no "${line#no }" ;;
                *) echo "   | ${line:0:120}" ;;
            esac
        elif [[ -e $world/share/status ]] || ! kill -0 "$vm" 2>/dev/null; then
            break
        fi
    done
    kill "$follower" 2>/dev/null || true
    exec 7<&-
    same 'the script ends well' 0 "$(cat "$world/share/status" 2>/dev/null || echo 'it did not end')"
    until_true 60 vm_has_ended || no 'the virtual machine does not go down'
}

vm_has_ended() { ! kill -0 "$vm" 2>/dev/null; }
