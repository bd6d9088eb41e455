# gateway.sh -- sourced by tools/settings.sh: what the gateway is set up by, and what of it cannot work. Its domain, where the
# certificate of that is from, how long it waits.
# shellcheck shell=bash disable=SC2034,SC2153

# What command-api has whatever the method, as the Caddyfile says it; of all else it has what is not GET and HEAD.
COMMAND_PATHS=$(sed -n 's/^\t@command path //p' "$ROOT/tools/conf/Caddyfile")
# What nginx keeps of query-api, which depends on nobody for a second at least. Nothing else is looked for, or equal requests would wait for each other in vain.
KEPT_PATHS='/ /problems /problems/* /openapi.json /schemas /schemas/* /reports/public /crimes /categories /categories/* /agencies /agencies/* /statuses /sla/config'
# Of either gateway; GATEWAY itself chooses which.
GATEWAY_NAMES=(GATEWAY_ADDRESS GATEWAY_HTTP_PORT GATEWAY_HTTPS_PORT GATEWAY_EXTRA_PORTS GATEWAY_METRICS_PORT CORS_ORIGINS
    GATEWAY_DOMAIN GATEWAY_CERT_FILE GATEWAY_KEY_FILE ACME_DIRECTORY ACME_CA_FILE ACME_EMAIL ACME_CHECK_SECONDS)

# A domain is for the world: every address of this machine, and no account with a password that everybody knows.
gateway_defaults()
{
    if [ -n "${GATEWAY_DOMAIN:=}" ]; then
        : "${GATEWAY_ADDRESS:=0.0.0.0}" "${DEMO_ACCOUNTS:=0}"
    fi
    : "${GATEWAY:=caddy}" "${GATEWAY_ADDRESS:=127.0.0.1}" "${GATEWAY_HTTP_PORT:=8000}" "${GATEWAY_HTTPS_PORT:=8443}" "${GATEWAY_METRICS_PORT:=}"
    : "${GATEWAY_CERT_FILE:=}" "${GATEWAY_KEY_FILE:=}" "${ACME_CHECK_SECONDS:=600}"
    : "${ACME_DIRECTORY:=}" "${ACME_CA_FILE:=}" "${ACME_EMAIL:=}" "${CORS_ORIGINS:=}"
}

# Names that no certificate is given for, or that Caddy would sign itself, are none.
is_domain()
{
    local label='[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
    [[ ${#1} -le 253 && $1 =~ ^($label\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$ && ! $1 =~ \.(localhost|local|internal)$ ]]
}

check_domain()
{
    local name
    if [ -z "$GATEWAY_DOMAIN" ]; then
        for name in GATEWAY_CERT_FILE GATEWAY_KEY_FILE ACME_DIRECTORY ACME_CA_FILE ACME_EMAIL; do
            [ -z "${!name}" ] || fault "$name is for a domain: give GATEWAY_DOMAIN, too"
        done
        return
    fi
    is_domain "$GATEWAY_DOMAIN" ||
        fault "GATEWAY_DOMAIN=$GATEWAY_DOMAIN is not a public name in small letters such as city.example.org"
    [ "$DEMO_ACCOUNTS" = 0 ] ||
        fault "GATEWAY_DOMAIN=$GATEWAY_DOMAIN is refused while accounts with the demo password exist:" \
            "$WITHOUT_DEMO"
}

check_certificate_source()
{
    local name
    if [ -n "$GATEWAY_CERT_FILE$GATEWAY_KEY_FILE" ]; then
        for name in GATEWAY_CERT_FILE GATEWAY_KEY_FILE; do
            [ -n "${!name}" ] || fault "$name is missing: a certificate and its key are two settings"
        done
        for name in ACME_DIRECTORY ACME_CA_FILE ACME_EMAIL; do
            [ -z "${!name}" ] || fault "$name has no use beside GATEWAY_CERT_FILE: one of both says where the certificate is from"
        done
    fi
    [ "$GATEWAY" != nginx ] || [ -z "$GATEWAY_DOMAIN" ] || [ -n "$GATEWAY_CERT_FILE$GATEWAY_KEY_FILE" ] ||
        fault "GATEWAY=nginx gets no certificate for $GATEWAY_DOMAIN by itself: give GATEWAY_CERT_FILE and GATEWAY_KEY_FILE, or GATEWAY=caddy"
    [[ -z $ACME_DIRECTORY || $ACME_DIRECTORY =~ ^https://[A-Za-z0-9.:/_~%?=\&+-]+$ ]] ||
        fault "ACME_DIRECTORY=$ACME_DIRECTORY is not an address such as https://acme.example.org/directory"
    [[ -z $ACME_EMAIL || $ACME_EMAIL =~ ^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$ ]] || fault "ACME_EMAIL=$ACME_EMAIL is not a mail address"
    [[ $ACME_CHECK_SECONDS =~ ^[1-9][0-9]{0,4}$ ]] || fault "ACME_CHECK_SECONDS=$ACME_CHECK_SECONDS is not a number from 1 to 99999"
}

check_gateway()
{
    [[ $GATEWAY =~ ^(caddy|nginx)$ ]] || fault "GATEWAY=$GATEWAY is neither caddy nor nginx"
    check_domain
    check_certificate_source
}

# The files it is to read, as its own user, who exists by now; Caddy's own words would not name the setting.
check_gateway_files()
{
    local name
    for name in GATEWAY_CERT_FILE GATEWAY_KEY_FILE ACME_CA_FILE; do
        [ -n "${!name}" ] || continue
        [[ ${!name} = /* ]] && plain_path "${!name}" || fault "$name=${!name} is not a path from / on, of letters, digits and ._/@+-"
        as "$GATEWAY_USER" test -f "${!name}" -a -r "${!name}" || fault "$name=${!name} cannot be read by the user $GATEWAY_USER"
    done
    no_faults
}

# How long it waits for a service, how long for a request that the service would give up two seconds before, and the
# sites of its further ports.
gateway_settings()
{
    local port sites=
    for port in "${GATEWAY_EXTRA_PORT[@]}"; do
        sites+=", http://:$port"
    done
    GATEWAY_REACHED=$(reach "$GATEWAY_ADDRESS")
    SETTINGS+=("COMMAND_PATHS=$COMMAND_PATHS" "KEPT_PATHS=$KEPT_PATHS" "GATEWAY_EXTRA_SITES=$sites" "GATEWAY_METRICS=$([ -n "$GATEWAY_METRICS_PORT" ] && echo on || echo off)"
        "GATEWAY_MEASURES=${GATEWAY_METRICS_PORT:+metrics}" "GATEWAY_METRICS_ADDRESS=$LOOPBACK" "GATEWAY_REACHED=$GATEWAY_REACHED"
        "GATEWAY_SITES=$([ -n "$GATEWAY_DOMAIN" ] && echo domain || echo local)"
        "GATEWAY_CERTIFICATE=$([ -n "$GATEWAY_CERT_FILE" ] && echo files || echo acme)"
        "GATEWAY_WAIT_MS=$(($(number command_wait_ms) + $(number database_timeout_ms) + 5000))"
        "GATEWAY_BODY_MS=$(($(number request_deadline_ms) + 2000))")
    issuer_settings
}

# Who signs, as lines of the Caddyfile: for a domain an ACME server, else an authority of its own.
issuer_settings()
{
    local issuer=local_certs
    if [ -n "$GATEWAY_DOMAIN" ]; then
        issuer="acme_ca ${ACME_DIRECTORY:-https://acme-v02.api.letsencrypt.org/directory}"
    fi
    SETTINGS+=("GATEWAY_ISSUER=$issuer" "GATEWAY_ISSUER_ROOT=${ACME_CA_FILE:+acme_ca_root $ACME_CA_FILE}"
        "GATEWAY_ISSUER_EMAIL=${ACME_EMAIL:+email $ACME_EMAIL}")
}

# The configuration is looked at by the program that is to read it.
check_gateway_program()
{
    local name
    if [ "$GATEWAY" = caddy ]; then
        check_by Caddy "$GATEWAY_USER" HOME="$RUN_DIR/caddy" XDG_DATA_HOME="$RUN_DIR/caddy" \
            XDG_CONFIG_HOME="$RUN_DIR/caddy" /usr/bin/caddy validate --adapter caddyfile --config "$RUN_DIR/conf/Caddyfile"
        return
    fi
    for name in nginx.conf nginx-city.conf; do
        env -i "${SETTINGS[@]}" "$ROOT/tools/nginx-conf" "$ROOT/tools/conf/$name" >"$RUN_DIR/conf/$name"
    done
    check_by nginx "$GATEWAY_USER" /bin/bash "$RUN_DIR/conf/start-nginx" "$RUN_DIR" -t
}
