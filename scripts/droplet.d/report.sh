# What was found: a line each, counted; and the steps they belong to.
# shellcheck shell=bash disable=SC2034,SC2154

count=0 failures=0 step=''

# run_step NAME: false where nothing after it makes sense.
run_step() {
    step=${1//_/ }
    local began=$EPOCHREALTIME before=$failures usable=0
    if ((SECONDS > total)); then
        no "not begun: the $((total / 60)) minutes are over"
        return 1
    fi
    "step_$1" || usable=$?
    ((failures == before)) || show_evidence
    echo "   $step took $(since "$began") s"
    return "$usable"
}

ok() {
    count=$((count + 1))
    echo "ok $count $step: $*"
}

no() {
    count=$((count + 1)) failures=$((failures + 1))
    echo "no $count $step: $*"
}

# What this machine cannot have, or what is not there yet: said, and not counted as found.
left_out() { echo "-- $step: left out: $*"; }

# check WORDS COMMAND…: one line; on a `no` also the last that the command said.
check() {
    local words=$1 said
    shift
    if said=$("$@" 2>&1); then ok "$words"; else no "$words: $(tail -n 3 <<<"$said" | tr '\n' ' ')"; fi
}

# same WORDS EXPECTED FOUND
same() { if [[ $2 == "$3" ]]; then ok "$1"; else no "$1: expected '$2', found '$3'"; fi; }

sum_up() {
    if ((failures)); then
        echo "$failures of $count: no, in $SECONDS s"
        exit 1
    fi
    echo "all $count ok, in $SECONDS s"
}

# since MOMENT: in seconds with a tenth. The moment is an EPOCHREALTIME.
since() {
    local now=${EPOCHREALTIME/[.,]/} then=${1/[.,]/}
    printf '%d.%d' $(((now - then) / 1000000)) $(((now - then) / 100000 % 10))
}

# until_true SECONDS COMMAND…: asked again and again.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.1
    done
}
