# The steps from an empty machine to nine healthy, and what verify and an outsider see.
# shellcheck shell=bash disable=SC2034,SC2154

step_boot() {
    local began=$EPOCHREALTIME
    if boot first; then
        ok "systemd $(on first systemctl --version | awk 'NR == 1 {print $2}') is up after $(since "$began") s"
    else
        no "the machine does not come up"
        return 1
    fi
    files_of first >"$world/before"
    on first getent passwd >"$world/users-before"
    on first getent group >"$world/groups-before"
}

install_on() {
    local name=$1
    shift
    limit=240 on "$name" /srv/checkout/scripts/install --deb /srv/share/catalyst.deb --standin --self-signed \
        --ssh-from "$(address "$name" operator)" "$@"
}

step_install() {
    local moment=$EPOCHREALTIME status=0
    install_on first >"$world/install" 2>&1 || status=$?
    grep -vE '^(Selecting|Preparing|Unpacking|Setting up|Creating|Created|Processing|\(Reading)' "$world/install" |
        sed 's/^/   | /' | cut -c1-120
    [[ $status -le 1 ]] || no "scripts/install exits with $status"
    expect_nine first 60 'one command' || return 1
    check 'the agent is a unit of systemd' on first systemctl --quiet is-active catalystd.service
    check 'and is started at boot' on first systemctl --quiet is-enabled catalystd.service
    same '.env is for root alone' 'root 600' "$(on first stat -c '%U %a' /etc/catalyst/.env)"
    check 'it has a key' grep -qxE 'catalyst_[0-9a-f]{32}' <(key_of first)
    same 'no unit has failed' '' "$(on first systemctl --failed --no-legend --plain)"
    same 'the services are not root' catalyst-news "$(on first ps -o user= -p "$(pids first | awk '/^news/ {print $2}')")"
}

step_again() {
    local before after status=0
    before=$(pids first)
    install_on first >"$world/again" 2>&1 || status=$?
    [[ $status -le 1 ]] || no "the second time scripts/install exits with $status"
    after=$(pids first)
    same 'no service was touched' '' "$(changed "$before" "$after")"
    local changes
    # Down to the empty line; what follows is verify's.
    changes=$(sed '/^$/q' "$world/again" | grep '^✓' || true)
    same 'nothing had to be changed' '' "$changes"
}

step_verify() {
    has_command first verify || { left_out 'there is no catalystctl verify'; return; }
    local status=0 criterion words
    limit=120 on first catalystctl verify >"$world/verify" 2>&1 || status=$?
    sed 's/^/   | /' "$world/verify"
    # Without the internet and without a droplet's account three of the nine cannot be.
    ok "exits with $status: $(grep -E '^[0-9]+ of [0-9]+ met' "$world/verify" || echo 'and does not count')"
    same 'no line is wider than 80 columns' 0 "$(wide_lines <"$world/verify")"
    same 'no secret in it' 0 "$(grep -c "$(key_of first)" "$world/verify" || true)"
    for criterion in 1 4 5 6 7 9; do
        words=$(grep -E "^. $criterion " "$world/verify" || true)
        if [[ $words == ✓* ]]; then ok "${words#? }"; else no "${words:-criterion $criterion is not there}"; fi
    done
    for criterion in 2 3 8; do
        check "$criterion says why it is not met" grep -qE "^[✗–✓] $criterion .{10}" "$world/verify"
    done
}

step_front_door() {
    local key port
    key=$(key_of first)
    same 'without a key' 401 "$(ask first /mcp)"
    same 'with a wrong key' 401 "$(ask first /mcp --header 'X-API-Key: catalyst_00000000000000000000000000000000')"
    same 'an initialize with the key' 200 "$(ask first /mcp --config <(printf 'header = "X-API-Key: %s"\n' "$key") \
        --header 'Content-Type: application/json' --header 'Accept: application/json, text/event-stream' --data '{
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-03-26",
        "capabilities": {}, "clientInfo": {"name": "test-droplet", "version": "1"}}}')"
    same '/health is open' 200 "$(ask first /health)"
    same 'TLS 1.2 is refused' 000 "$(ask first /health --tls-max 1.2)"
    for port in 80 5000 5005 6379 9464; do
        same "nobody reaches port $port" refused "$(reaches stranger "$port")"
    done
    on first systemctl start ssh
    same 'ssh from the operator' reached "$(reaches operator 22)"
    same 'ssh from anybody else' refused "$(reaches stranger 22)"
    same 'https from anybody' reached "$(reaches stranger 443)"
}

# reaches operator|stranger PORT
reaches() {
    local from to
    from=$(address first "$1") to=$(address first droplet)
    if python3 - "$from" "$to" "$2" <<'END'; then echo reached; else echo refused; fi
import socket, sys
try:
    socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=1, source_address=(sys.argv[1], 0)).close()
except OSError:
    sys.exit(1)
END
}
