#!/usr/bin/env bash
# Renews the front door's certificate of Let's Encrypt when it ends within 30 days, and has nginx read it again.
#
# Usage: scripts/renew-certificate.sh                                  as catalyst-certificate.timer does
#        scripts/renew-certificate.sh --domain NAME [--email ADDRESS]  asks for the first one
#
# Port 80 is opened in ufw only while Let's Encrypt asks, unless a rule of yours has opened it. A certificate that is
# not of Let's Encrypt is left alone. Exit: 0 renewed, or nothing to do; 1 it failed, and the old one stays; 2 usage.
set -euo pipefail

readonly in_use=/etc/nginx/catalyst/tls/fullchain.pem webroot=/var/lib/catalyst-acme mark=catalyst-certificate
domain='' email=''

main() {
    read_arguments "$@"
    [[ $EUID == 0 ]] || fail "only root can do it: use sudo"
    if [[ -z $domain ]]; then
        local leads_to
        leads_to=$(readlink -f "$in_use" || true)
        [[ $leads_to == /etc/letsencrypt/* ]] || { echo "nothing to do: '$in_use' is not of Let's Encrypt"; return; }
        if openssl x509 -checkend $((30 * 86400)) -noout -in "$in_use" >/dev/null; then
            echo "nothing to do: it is good until $(ends "$in_use")"
            return
        fi
    fi
    command -v certbot >/dev/null || fail "there is no certbot: 'apt-get install certbot'"
    trap close_port EXIT
    open_port
    if [[ -n $domain ]]; then ask_for_one; else renew; fi
}

read_arguments() {
    while (($#)); do
        case $1 in
            --domain | --email)
                [[ -n ${2-} ]] || usage "'$1' needs a value"
                printf -v "${1#--}" %s "$2"
                shift
                ;;
            -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit ;;
            *) usage "there is no option '$1'" ;;
        esac
        shift
    done
    [[ -z $email || -n $domain ]] || usage "--email goes with --domain"
}

ask_for_one() {
    local who=(--register-unsafely-without-email) how=(--standalone)
    [[ -z $email ]] || who=(--email "$email")
    if systemctl is-active --quiet nginx; then
        mkdir -p "$webroot"
        how=(--webroot --webroot-path "$webroot")
    fi
    certbot certonly --non-interactive --agree-tos "${who[@]}" "${how[@]}" --cert-name "$domain" --domain "$domain" \
        --deploy-hook 'systemctl reload nginx' ||
        fail "Let's Encrypt gives no certificate of '$domain': does its DNS name lead here, and port 80 too?"
}

renew() {
    certbot renew --non-interactive --quiet --no-random-sleep-on-renew --deploy-hook 'systemctl reload nginx' ||
        fail "the certificate was not renewed and ends on $(ends "$in_use"): see /var/log/letsencrypt/letsencrypt.log"
    openssl x509 -checkend $((30 * 86400)) -noout -in "$in_use" >/dev/null ||
        fail "certbot is content, but '$in_use' ends on $(ends "$in_use"): see 'certbot certificates'"
    echo "renewed: it is good until $(ends "$in_use")"
}

ends() { openssl x509 -enddate -noout -in "$1" 2>/dev/null | sed 's/^notAfter=//'; }

# A rule of ours that is there already is one that a killed run has left.
open_port() {
    has_firewall || return 0
    local rules
    rules=$(ufw show added 2>/dev/null)
    ! grep -qE '^ufw allow (80(/tcp)?|http)$|^ufw allow (80(/tcp)?|http) ' <<<"$rules" || return 0
    ufw allow 80/tcp comment "$mark" >/dev/null || fail "ufw does not open port 80: 'ufw allow 80/tcp' says why"
}

close_port() {
    has_firewall || return 0
    local rules
    rules=$(ufw show added 2>/dev/null || true)
    grep -qxF "ufw allow 80/tcp comment '$mark'" <<<"$rules" || return 0
    ufw delete allow 80/tcp >/dev/null ||
        echo "scripts/renew-certificate.sh: port 80 stays open: 'ufw delete allow 80/tcp' closes it" >&2
}

has_firewall() { command -v ufw >/dev/null && ufw status 2>/dev/null | grep '^Status: active' >/dev/null; }

usage() {
    echo "scripts/renew-certificate.sh: $*, see scripts/renew-certificate.sh --help" >&2
    exit 2
}

fail() {
    echo "scripts/renew-certificate.sh: $*" >&2
    exit 1
}

main "$@"
