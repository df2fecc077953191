# What the steps ask of a machine's stack.
# shellcheck shell=bash disable=SC2034,SC2154

readonly facts=(python3 /srv/checkout/scripts/droplet.d/guest/facts.py)
readonly traffic=scripts/droplet.d/guest/traffic.py

pids() { on "$1" "${facts[@]}" pids; }
agent_of() { on "$1" systemctl show --property MainPID --value catalystd.service; }

# changed BEFORE AFTER: the services whose process is another one, in words.
changed() { python3 "$parts/guest/facts.py" changed "$1" "$2"; }

all_healthy() { [[ $(limit=10 on "$1" "${facts[@]}" healthy) == '9 of 9' ]]; }

# expect_nine MACHINE SECONDS WORDS
expect_nine() {
    local began=${moment:-$EPOCHREALTIME}
    if until_true "$2" all_healthy "$1"; then
        ok "$3: nine healthy after $(since "$began") s"
    else
        no "$3: $(limit=10 on "$1" "${facts[@]}" healthy 2>&1 | tail -1) healthy after $2 s"
        return 1
    fi
}

# Clients: one of the eight services themselves, in the machine, and one of nginx from outside (as often as its rate
# allows). `traffic_ends WORDS` is a `no` when one was not answered.
traffic_begins() {
    local ports=(5000 5001 5002 5003 5004 5005 5008 5009)
    rm -f "$world/share/stop"
    limit=600 on first python3 "/srv/checkout/$traffic" /srv/share/stop 0.02 \
        "${ports[@]/#/http://127.0.0.1:}" >"$world/traffic-inside" 2>&1 &
    clients=($!)
    timeout 600 python3 "$checkout/$traffic" "$world/share/stop" 0.8 "https://$(address first droplet)/health" \
        >"$world/traffic-outside" 2>&1 &
    clients+=($!)
    until_true 20 test -s "$world/traffic-inside" || true
    until_true 20 test -s "$world/traffic-outside" || true
}

traffic_ends() {
    touch "$world/share/stop"
    wait "${clients[@]}" || true
    local place said
    for place in inside outside; do
        said=$(tail -1 "$world/traffic-$place")
        if [[ $said == '0 failed of '* ]]; then ok "$1: requests from $place, $said"; else
            no "$1: requests from $place, ${said:-nothing was said}"
        fi
    done
}

# ask MACHINE PATH [CURL'S OPTIONS…]: the status of nginx' answer to the operator, out in the world.
ask() {
    local name=$1 path=$2
    shift 2
    curl --silent --insecure --max-time 10 --output "$world/answer" --write-out '%{http_code}' \
        --interface "$(address "$name" operator)" "$@" "https://$(address "$name" droplet)$path" || true
}

# expect_memory MACHINE MOMENT WORDS: its ledger holds what was before.
expect_memory() {
    local said
    if said=$(on "$1" "${facts[@]}" remembered "$2" 2>&1); then ok "$3: the ledger remembers $said"; else
        no "$3: the ledger has forgotten: ${said##*$'\n'}"; fi
    same "$3: nothing is said of a damaged ledger" '' "$(on "$1" journalctl -q --no-pager -b -o cat -t catalystd |
        grep -E 'ledger.*(damaged|kept aside)' || true)"
}

key_of() { on "$1" sed -n 's/^MCP_API_KEY=//p' /etc/catalyst/.env; }

# setting MACHINE NAME VALUE: in .env, as an operator would.
setting() {
    on "$1" sed -i "/^#* *$2=/d" /etc/catalyst/.env
    on "$1" bash -c "printf '%s\n' '$2=$3' >>/etc/catalyst/.env"
}

# The release that runs: beside the stand-ins the agent keeps them in its state directory.
current_release() { on "$1" bash -c 'readlink /opt/catalyst/current || readlink /var/lib/catalyst/current'; }

# How many lines of a text are wider than a terminal, in characters.
wide_lines() { LC_ALL=C.UTF-8 grep -cE '^.{81}' || true; }

has_command() { on "$1" catalystctl "$2" --help >/dev/null 2>&1; }
