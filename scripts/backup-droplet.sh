#!/usr/bin/env bash
# Takes a snapshot of this droplet with doctl, keeps the newest few, and records when it was.
#
# Usage: scripts/backup-droplet.sh [--droplet-id ID] [--keep N] [--dry-run]
#   --droplet-id ID   this droplet's number (default: CATALYST_DROPLET_ID, else the metadata service knows it)
#   --keep N          how many of this droplet's snapshots stay (default: 4); only those that this script named
#   --dry-run         say what would be done
#
# The token is doctl's own ('doctl auth init'), or DIGITALOCEAN_ACCESS_TOKEN of the environment. The record is
# /var/backups/catalyst/snapshot.json (CATALYST_BACKUPS names another directory): its age is a measure of the agent's
# where the stack file has 'watch: {snapshots: …}'. Taking a snapshot takes minutes; the droplet goes on meanwhile.
#
# Exit: 0 taken and recorded; 1 it failed; 2 wrong usage; 3 doctl, the token or the droplet's number is missing, and
# nothing was done; 4 taken and recorded, but older ones could not be removed.
set -euo pipefail

readonly directory=${CATALYST_BACKUPS:-/var/backups/catalyst}
readonly record=$directory/snapshot.json
readonly metadata=${CATALYST_METADATA_URL:-http://169.254.169.254}
readonly limit=${CATALYST_SNAPSHOT_LIMIT:-7200}

droplet=${CATALYST_DROPLET_ID-}
keep=4
dry_run=

main() {
    read_options "$@"
    command -v doctl >/dev/null || missing "there is no doctl: https://docs.digitalocean.com/reference/doctl" \
        "says how to install it; then 'doctl auth init'"
    [[ -n $droplet ]] || ask_metadata
    [[ $droplet =~ ^[0-9]+$ ]] || missing "'$droplet' is no droplet's number: see 'doctl compute droplet list'"
    can_ask || missing "doctl may not look at droplet $droplet: $(first_line)" \
        "check the number, and the token with 'doctl auth init' or DIGITALOCEAN_ACCESS_TOKEN"
    local prefix name
    prefix=catalyst-$droplet-
    name=$prefix$(date -u +%Y%m%dT%H%M%SZ)
    if [[ -n $dry_run ]]; then
        echo "would take the snapshot '$name' of droplet $droplet, keep $keep, and write $record"
        return
    fi
    [[ -d $directory ]] || install -d -m 0700 "$directory" || fail "cannot make '$directory': run it as root"
    exec 9>>"$directory/.snapshot-lock"
    flock -n 9 || fail "another snapshot is being taken: wait for its end"
    echo "taking the snapshot '$name' of droplet $droplet: this takes minutes"
    doctl_quietly "$limit" compute droplet-action snapshot "$droplet" --snapshot-name "$name" --wait ||
        fail "doctl took no snapshot: $(first_line)"
    local id
    id=$(list_snapshots | awk -v name="$name" '$2 == name { print $1; exit }') ||
        fail "the snapshots cannot be listed: $(first_line)"
    [[ -n $id ]] || fail "doctl says that it is done, but lists no snapshot '$name': nothing was recorded"
    write_record "$name" "$id"
    echo "taken: '$name' ($id), recorded in $record"
    remove_old "$prefix"
}

read_options() {
    while (($#)); do
        case $1 in
            -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
            --droplet-id) droplet=${2-}; shift ;;
            --keep) keep=${2-}; shift ;;
            --dry-run) dry_run=1 ;;
            *) usage "there is no option '$1': see --help" ;;
        esac
        shift || usage "the last option has no value"
    done
    [[ $keep =~ ^[1-9][0-9]*$ ]] || usage "--keep must be a number from 1 on, not '$keep'"
}

ask_metadata() {
    command -v curl >/dev/null || missing "there is no curl to ask for the droplet's number: give --droplet-id"
    droplet=$(curl --silent --show-error --fail --noproxy '*' --max-time 3 --max-filesize 100 \
        "$metadata/metadata/v1/id" 2>/dev/null) ||
        missing "this machine's number is not known ($metadata does not answer): is it a droplet?" \
            "give --droplet-id, or CATALYST_DROPLET_ID"
}

# Runs doctl within SECONDS; what it says is in $said.
doctl_quietly() {
    local seconds=$1
    shift
    said=$(timeout --kill-after=10 "$seconds" doctl "$@" 2>&1 9>&-)
}

can_ask() { doctl_quietly 60 compute droplet get "$droplet" --no-header --format ID; }

first_line() { head -n 1 <<<"${said:-no answer in time}"; }

# ID and name of each of this account's droplet snapshots, a line each.
list_snapshots() {
    timeout --kill-after=10 60 doctl compute snapshot list --resource droplet --no-header \
        --format ID,Name 9>&-
}

# At once or not at all.
write_record() {
    local draft
    draft=$(mktemp "$directory/.snapshot.XXXXXX")
    printf '{"id": "%s", "name": "%s", "time": "%s"}\n' "$2" "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$draft"
    chmod 0600 "$draft"
    sync "$draft"
    mv -f "$draft" "$record"
}

# Names end with the time: the newest stay.
remove_old() {
    local old id name
    old=$(list_snapshots | awk -v prefix="$1" 'index($2, prefix) == 1 { print $2, $1 }' | sort -r |
        tail -n "+$((keep + 1))") || {
        echo "${0##*/}: older snapshots cannot be listed: they stay, and cost" >&2
        exit 4
    }
    while read -r name id; do
        [[ -n $id ]] || continue
        if doctl_quietly 120 compute snapshot delete "$id" --force; then
            echo "removed: '$name' ($id)"
        else
            echo "${0##*/}: cannot remove '$name' ($id): $(first_line)" >&2
            exit 4
        fi
    done <<<"$old"
}

missing() {
    echo "${0##*/}: $*" >&2
    echo "${0##*/}: no snapshot was taken, nothing was recorded" >&2
    exit 3
}

usage() {
    echo "${0##*/}: $*" >&2
    exit 2
}

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

main "$@"
