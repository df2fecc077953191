# The step in which a service is broken into.
# shellcheck shell=bash disable=SC2034,SC2154

step_isolation() {
    local pid said status=0
    said=$(on first catalystctl isolation 2>&1) || status=$?
    same 'every service is shut in, as far as the kernel goes' '' \
        "$(grep -E '^[a-z-]+ +[0-9]+ of' <<<"$said" | awk '$2 != $4 && $0 !~ /[0-9] +landlock *$/' || true)"
    pid=$(pids first | awk '$1 == "news" {print $2}')
    same 'news is a user of its own' catalyst-news "$(on first ps -o user:32= -p "$pid" | tr -d ' ')"
    said=$(as_news "$pid" <<'TRIES'
cat /etc/catalyst/.env && echo 'read .env'
ls /var/lib/catalyst/redis && echo 'saw the data of Redis'
ls /run/catalyst/control.sock && echo 'saw the control socket'
for place in /etc /opt/catalyst /var/lib/catalyst /var/lib/catalyst/redis /run/catalyst; do
    touch $place/escape && echo "wrote in $place"
done
[ "$(ls /proc | grep -c '^[0-9]')" -lt 9 ] || echo 'saw others'
touch /var/lib/catalyst/news/own || echo 'could not write its own'
TRIES
    )
    same 'in its place nothing else is seen or written' '' "$said"
    check 'what it wrote is there' on first test -e /var/lib/catalyst/news/own
    on first rm -f /var/lib/catalyst/news/own
}

# A script with the eyes and the rights of the service with process $1.
as_news() {
    local text
    text=$(cat)
    on first nsenter --mount --target "$1" -- setpriv --reuid catalyst-news --regid catalyst-news --clear-groups \
        --no-new-privs --bounding-set=-all sh -c "$text" 2>/dev/null || true
}
