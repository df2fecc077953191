# The steps of what runs by itself, and of the units' own quality.
# shellcheck shell=bash disable=SC2034,SC2154

step_upkeep() {
    check 'logrotate' on first logrotate --force /etc/logrotate.conf
    expect_nine first 20 'after it'
    check 'tmpfiles' on first systemd-tmpfiles --create --prefix=/var/lib/catalyst --prefix=/run/catalyst
    check 'nginx' on first nginx -t
    same 'nginx still answers' 200 "$(ask first /health)"
    local status=0 socket=/run/catalyst/control.sock
    check 'the group catalyst may look' on first runuser -u catalyst -- catalystctl --socket "$socket" status
    on first runuser -u catalyst -- catalystctl stop news --socket "$socket" >/dev/null 2>&1 || status=$?
    same 'and not touch' 4 "$status"
}

step_timers() {
    local timer next
    for timer in backup snapshot certificate; do
        next=$(on first systemctl list-timers --no-legend "catalyst-$timer.timer" | head -1)
        if [[ $next == *catalyst-"$timer"* && $next != n/a* ]]; then
            ok "$timer: next on ${next:0:29}"
        else
            no "$timer: '$next'"
        fi
    done
    if on first test -e /usr/lib/catalyst/scripts/renew-certificate.sh; then
        check 'the certificate is looked at' on first systemctl start catalyst-certificate.service
    else
        left_out 'there is no renew-certificate.sh'
    fi
}

step_units() {
    local exposure said
    # shellcheck disable=SC2016 # The machine's.
    said=$(on first bash -c 'systemd-analyze verify --man=no $(systemctl list-unit-files --no-legend "catalyst*" |
        sed "s/ .*//")' 2>&1 || true)
    same 'systemd-analyze verify is silent' '' "$(grep -i catalyst <<<"$said" || true)"
    exposure=$(on first systemd-analyze security --no-pager catalystd.service |
        sed -n 's/.*exposure level.*: \([0-9.]*\).*/\1/p')
    check "systemd-analyze security: $exposure" awk -v found="$exposure" 'BEGIN {exit !(found != "" && found < 4.0)}'
}
