# The steps of reading, being told, and the database.
# shellcheck shell=bash disable=SC2034,SC2154

step_reading() {
    local page status=0
    page=$(on first catalystctl status)
    same 'status says so in its first line' 'catalyst: 9 of 9 healthy' "$(head -1 <<<"$page")"
    same 'no line of it is wider than 80 columns' 0 "$(wide_lines <<<"$page")"
    grep -E '^·|not enforced' <<<"$page" | sed 's/^/   | /' || true
    check 'journalctl -t catalystd has the starts' journal_has 'healthy'
    same 'nothing of it is critical' '' "$(on first journalctl -q --no-pager -o cat -t catalystd -p crit)"
    on first catalystctl alerts test >/dev/null
    on first journalctl --sync
    check 'journalctl -x explains an alert' grep -q 'Subject: ' \
        <(on first journalctl -q --no-pager -x -t catalystd CATALYST_ALERT_KIND=fired)
    check 'health-check.sh' on first /usr/lib/catalyst/scripts/health-check.sh
    # 1: an alert is open, of the certificate that nobody has signed.
    on first /usr/lib/catalyst/scripts/monitor.sh >/dev/null 2>&1 || status=$?
    check "monitor.sh exits with $status" test "$status" -le 1
    if has_command first capacity; then
        check 'catalystctl capacity' on first catalystctl capacity
    else
        left_out 'there is no catalystctl capacity'
    fi
    same '/metrics answers' 200 "$(on first curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/metrics)"
}

step_key() {
    has_command first key || { left_out 'there is no catalystctl key'; return; }
    local former new
    former=$(key_of first)
    traffic_begins
    check 'catalystctl key rotate' on first catalystctl key rotate
    new=$(key_of first)
    traffic_ends 'meanwhile'
    check 'it is another one' test "$former" != "$new"
    same 'the former opens nothing' 401 "$(ask_with "$former")"
    check 'the new one opens' test "$(ask_with "$new")" != 401
    same '.env is for root alone' 'root 600' "$(on first stat -c '%U %a' /etc/catalyst/.env)"
}

ask_with() { ask first /mcp --config <(printf 'header = "X-API-Key: %s"\n' "$1"); }

# From the agent to the database of the machine, and what is raised while it is away.
step_alerts() {
    script_on first >"$world/said" 2>&1 <<'END' || { no "no PostgreSQL: $(tail -1 "$world/said")"; return; }
systemctl enable --quiet --now postgresql
for ((i = 0; i < 100; i++)); do runuser -u postgres -- psql -qc 'SELECT 1' >/dev/null 2>&1 && break; sleep 0.2; done
runuser -u postgres -- psql -qc "CREATE ROLE catalyst LOGIN PASSWORD 'catalyst'" \
    -c 'CREATE DATABASE trading OWNER catalyst'
END
    setting first DATABASE_URL postgresql://catalyst:catalyst@127.0.0.1:5432/trading
    check 'catalystctl db migrate' on first catalystctl db migrate
    check 'the agent reads the new .env' on first catalystctl reload
    expect_nine first 60 'with a database'
    check 'an alert for a test' on first catalystctl alerts test --batch droplet --count 3
    if until_true 30 arrived 3; then ok 'three arrived in the database'; else
        no "$(in_database "$alerts_there") of 3 arrived in the database"; fi
    on first systemctl stop postgresql
    on first catalystctl alerts test --batch droplet --count 2 --first 4 >/dev/null
    # Once it is noticed, it is the database's fault and nobody's: the services go on.
    check 'the services do without' all_running first
    on first systemctl start postgresql
    if until_true 60 arrived 5; then ok 'what was raised meanwhile followed, none twice'; else
        no "$(in_database "$alerts_there") of 5 arrived in the database"; fi
    expect_nine first 60 'with the database back'
}

readonly alerts_there="SELECT count(*) FROM ops.alert_events WHERE rule = 'test' AND message ~ 'droplet'"

in_database() { on first runuser -u postgres -- psql --no-psqlrc -qAtd trading -c "$1"; }
arrived() { [[ $(in_database "$alerts_there") == "$1" ]]; }
all_running() { [[ $(pids "$1" | grep -cE ' [0-9]+$') == 9 ]]; }

another_redis() { [[ $(pids first | grep ^redis) != "$1" ]]; }

step_redis_killed() {
    local before moment=$EPOCHREALTIME
    before=$(pids first)
    on first kill -KILL "$(awk '/^redis/ {print $2}' <<<"$before")"
    until_true 10 another_redis "$(grep ^redis <<<"$before")" || true
    expect_nine first 60 'kill -9 of redis'
    same 'nobody else was started again' redis "$(changed "$before" "$(pids first)")"
}
