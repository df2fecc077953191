# The steps of a change: the machine's own settings, releases, and the way back.
# shellcheck shell=bash disable=SC2034,SC2154

# A shorter soak, so that the walk is not a matter of minutes, and something for one service alone.
step_reload() {
    local before agent
    before=$(pids first) agent=$(agent_of first)
    script_on first <<'END'
cat >/etc/catalyst/stack.d/90-test.yaml <<'YAML'
services:
  reporting: {environment: {TEST_DROPLET: "1"}}
x-catalyst:
  rollout: {soak: 500ms}
YAML
END
    check 'the change is well-formed' on first catalystctl config check
    check 'systemctl reload' on first systemctl reload catalystd.service
    until_true 20 reads_setting || true
    same 'the agent is the same process' "$agent" "$(agent_of first)"
    check 'and another program' journal_has 'started in the place of'
    expect_nine first 60 'after it'
    same 'only what changed was started again' reporting "$(changed "$before" "$(pids first)")"
}

reads_setting() {
    # shellcheck disable=SC2016 # The machine's.
    on first bash -c 'grep -qz TEST_DROPLET=1 "/proc/$1/environ"' _ "$(pids first | awk '/^reporting/ {print $2}')"
}

# source_tree VERSION NEWS: what the stand-ins' services are made of.
source_tree() {
    script_on first "$@" <<'END'
for service in news orchestration scanner pattern technical risk-manager trading reporting common; do
    mkdir -p "/srv/app/services/$service"
    echo "the code of $service" >"/srv/app/services/$service/main.py"
done
echo "$1" >/srv/app/VERSION
echo "$2" >/srv/app/services/news/main.py
touch /srv/app/requirements.txt
END
}

step_deploy() {
    local before first_release
    source_tree 1.0.0 'the first'
    check 'a release from a directory' in_limit 240 first catalystctl deploy /srv/app
    first_release=$(current_release first)
    check "'current' leads to it: ${first_release##*/}" test -n "$first_release"
    before=$(pids first)
    source_tree 1.1.0 'the second'
    traffic_begins
    check 'the next, with other news' in_limit 120 first catalystctl deploy /srv/app --reason 'test of the droplet'
    traffic_ends 'meanwhile'
    same 'only news was rolled' news "$(changed "$before" "$(pids first)")"
    check "'current' leads to the next" test "$first_release" != "$(current_release first)"
    expect_nine first 30 'after both'
}

# A release whose scanner is to answer in another's name: it is found out before users reach it.
step_bad_deploy() {
    local before release status=0
    before=$(pids first) release=$(current_release first)
    script_on first <<'END' || no 'the bad release cannot be made'
cp -a /srv/app /srv/bad
cp /etc/catalyst/stack.yaml /srv/bad/stack.yaml
python3 - <<'PYTHON'
path = "/srv/bad/stack.yaml"
text = open(path).read()
place = "      listen: 127.0.0.1:5001\n"
assert place in text
open(path, "w").write(text.replace(place, place + "      contract: {service: impostor}\n"))
PYTHON
echo 2.0.0 >/srv/bad/VERSION
echo 'the bad' >/srv/bad/services/scanner/main.py
END
    traffic_begins
    limit=180 on first catalystctl deploy /srv/bad >"$world/bad" 2>&1 || status=$?
    traffic_ends 'meanwhile'
    same 'it fails' 1 "$status"
    tail -4 "$world/bad" | sed 's/^/   | /'
    same 'all is as it was' "$release" "$(current_release first)"
    expect_nine first 60 'after it'
    ok "rolled and put back: $(changed "$before" "$(pids first)" | wc -w) services"
    check 'there is an alert of it' grep rollout <(on first catalystctl alerts list --all)
}

step_rollback() {
    local release
    release=$(current_release first)
    check 'catalystctl rollback' in_limit 120 first catalystctl rollback
    check "'current' leads to the one before" test "$release" != "$(current_release first)"
    expect_nine first 30 'after it'
}
