# The steps at the end: nothing stays but the backups.
# shellcheck shell=bash disable=SC2034,SC2154

step_uninstall() {
    limit=240 on first /srv/checkout/scripts/install --uninstall >"$world/uninstall" 2>&1 ||
        no "scripts/install --uninstall exits with $?: $(tail -1 "$world/uninstall")"
    same 'no process is left' '' "$(left_processes)"
    check 'the programs are gone' on first test ! -e /usr/lib/catalyst/catalystd
    check 'what is the operator'"'"'s stays' on first test -e /etc/catalyst/.env
    check 'the state stays' on first test -e /var/lib/catalyst/ledger.sqlite
}

left_processes() {
    on first bash -c 'ps -eo user,args | grep -E "^catalyst|catalyst[d-]|redis-server" | grep -v grep || true'
}

step_purge() {
    limit=240 on first /srv/checkout/scripts/install --uninstall --purge >"$world/purge" 2>&1 ||
        no "scripts/install --uninstall --purge exits with $?: $(tail -1 "$world/purge")"
    local left
    files_of first >"$world/after"
    left=$(comm -13 "$world/before" "$world/after" | grep -vE "$distribution_own" |
        grep -vE '^(/var/backups(/|$)|/root/|/etc/(ufw|ssh)/|/etc/\.pwd\.lock)' || true)
    same 'no file is left' '' "$(head -20 <<<"$left")"
    left=$(comm -23 "$world/before" "$world/after" | grep -vE "$distribution_own" || true)
    same 'no file of the distribution is missing' '' "$(head -20 <<<"$left")"
    same 'no user' '' "$(comm -13 <(sort "$world/users-before") <(on first getent passwd | sort))"
    same 'no group' '' "$(comm -13 <(sort "$world/groups-before") <(on first getent group | sort))"
    same 'no unit' '' "$(on first systemctl list-unit-files --no-legend 'catalyst*')"
    same 'no control group' '' "$(on first find /sys/fs/cgroup -name '*catalyst*')"
    same 'no process' '' "$(left_processes)"
    check 'the backups stay' on first bash -c 'ls /var/backups/catalyst/config-*.tar.gz'
}

# Files in which dpkg, systemd, ufw and Python note what passed.
own='^/(var/lib/(dpkg|apt|systemd|ufw|postgresql|logrotate|dbus|private|redis|nginx)|var/log'
own+='|etc/(rc[0-9S]\.d/|nginx/sites-enabled/default|group-|passwd-|gshadow-|shadow-|ssl/certs)'
own+='|etc/systemd/system/(redis\.service|.*wants/(nginx|ufw|ssh|redis|postgresql)))|__pycache__'
readonly distribution_own=$own
