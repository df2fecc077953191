# The steps of a backup and a recovery on another machine.
# shellcheck shell=bash disable=SC2034,SC2154

newest_backup() { on first bash -c 'ls -t /var/backups/catalyst/config-*.tar.gz | head -1'; }

step_backup() {
    has_command first backup || { left_out 'there is no catalystctl backup'; return; }
    check 'backup-config.sh' on first /usr/lib/catalyst/scripts/backup-config.sh
    local backup
    backup=$(newest_backup) || { no 'it has made none'; return; }
    same 'it is for root alone' 'root 600' "$(on first stat -c '%U %a' "$backup")"
    check "it reads back: ${backup##*/}" on first catalystctl backup check "$backup"
    same 'no key is in it' 0 "$(on first bash -c "tar xzOf '$backup' | grep -ac '$(key_of first)' || true")"
    check 'by the timer'"'"'s unit as well' on first systemctl start catalyst-backup.service
    on first cp "$backup" /srv/share/backup.tar.gz
}

step_recover() {
    [[ -e $world/share/backup.tar.gz ]] || { left_out 'there is no backup to recover from'; return; }
    [[ -x $checkout/scripts/recover ]] || { left_out 'there is no scripts/recover'; return; }
    local moment=$EPOCHREALTIME status=0
    boot second || { no 'the second machine does not come up'; return; }
    limit=300 on second /srv/checkout/scripts/recover /srv/share/backup.tar.gz --deb /srv/share/catalyst.deb --standin \
        --self-signed --ssh-from "$(address second operator)" >"$world/recovered" 2>&1 || status=$?
    sed 's/^/   | /' "$world/recovered" | cut -c1-120
    ((status <= 1)) || no "scripts/recover exits with $status"
    expect_nine second 60 'a new machine'
    check 'it has the settings of the former' on second grep -q TEST_DROPLET /etc/catalyst/stack.d/90-test.yaml
    expect_memory second "$moment" 'a new machine'
    shut_down second
    machines=(first)
}
