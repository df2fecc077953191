# The steps in which the machine goes down, in order and not.
# shellcheck shell=bash disable=SC2034,SC2154

# nine_again WORDS: the machine has been booted at $came.
nine_again() {
    local words=$1 order moment=$came
    expect_nine first 120 "$words" || return
    if order=$(on first "${facts[@]}" order "$came" 2>&1); then
        ok "$words: each after what it needs: $order"
    else
        no "$words: $order"
    fi
    same "$words: no unit has failed" '' "$(on first systemctl --failed --no-legend --plain)"
    expect_memory first "$came" "$words"
    same "$words: the firewall is up again" refused "$(reaches stranger 22)"
    same "$words: and the front door" 200 "$(ask first /health)"
}

step_reboot() {
    local said
    shut_down first
    said=$(journal_of_last_boot)
    if [[ $said == *'stopped in order'* || $said == *stopped* ]]; then ok 'the services were stopped in order'; else
        no 'the journal has no orderly stop'; fi
    came=$EPOCHREALTIME
    boot first || { no 'the machine does not come up again'; return 1; }
    nine_again reboot
}

journal_of_last_boot() {
    journalctl --directory "$world/first/root/var/log/journal" -q --no-pager -o cat -t catalystd -n 60 2>/dev/null
}

step_power_cut() {
    on first catalystctl alerts test >/dev/null
    cut_power first
    came=$EPOCHREALTIME
    boot first || { no 'the machine does not come up again'; return 1; }
    nine_again 'power cut'
}
