# settings.sh -- sourced by tools/run: the settings of this run, from the environment or by default,
# checked before anything starts. Fills SETTINGS with NAME=value for the supervisor, whose
# configuration and whose programs (tools/conf) see nothing else of the caller's environment.
# shellcheck shell=bash

: "${GATEWAY_ADDRESS:=127.0.0.1}" "${LISTEN_ADDRESS:=127.0.0.1}" "${CORS_ORIGINS:=}"
: "${MAX_BODY_BYTES:=65536}" "${DEMO_ACCOUNTS:=1}"
PORTS=(GATEWAY_HTTP_PORT GATEWAY_HTTPS_PORT COMMAND_API_PORT QUERY_API_PORT PROJECTOR_PORT
    POSTGRES_PORT REDIS_PORT)
: "${GATEWAY_HTTP_PORT:=8000}" "${GATEWAY_HTTPS_PORT:=8443}" "${COMMAND_API_PORT:=8180}"
: "${QUERY_API_PORT:=8181}" "${PROJECTOR_PORT:=8183}" "${POSTGRES_PORT:=8432}" "${REDIS_PORT:=8379}"

is_loopback()
{
    case $1 in
    127.* | ::1 | localhost) ;;
    *) return 1 ;;
    esac
}

check_addresses()
{
    local name
    for name in GATEWAY_ADDRESS LISTEN_ADDRESS; do
        is_loopback "${!name}" || [ "$DEMO_ACCOUNTS" = 0 ] ||
            fail "$name=${!name} is refused while accounts with the demo password exist:" \
                "use DEMO_ACCOUNTS=0 and a RUN_DIR that never had them"
    done
}

# Names a port that is wrong, used twice or taken, and the variable that chooses it.
check_ports()
{
    local name value seen=" "
    for name in "${PORTS[@]}"; do
        value=${!name}
        if ! [[ $value =~ ^[1-9][0-9]{0,4}$ ]] || [ "$value" -gt 65535 ]; then
            fail "$name=$value is not a port (1 to 65535)"
        fi
        [[ $seen != *" $value "* ]] || fail "$name=$value: that port is given to another part already"
        seen+="$value "
        port_is_free "$value" ||
            fail "port $value is taken by another program; choose another one: make run $name=<port>"
    done
}

# Binds as the servers do: only that tells about every address and every socket's owner.
port_is_free()
{
    /usr/bin/python3 - "$1" "$GATEWAY_ADDRESS" "$LISTEN_ADDRESS" 127.0.0.1 <<'END'
import socket, sys
for address in set(sys.argv[2:]):
    family, kind, _, _, where = socket.getaddrinfo(address, int(sys.argv[1]), type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(where)
            s.listen(1)
        except OSError:
            sys.exit(1)
END
}

# Sites that may call from a browser, as the pattern of their Origin header.
check_origins()
{
    local origin pattern=
    for origin in ${CORS_ORIGINS//,/ }; do
        [[ $origin =~ ^https?://[A-Za-z0-9.-]+(:[0-9]+)?$ ]] ||
            fail "CORS_ORIGINS: $origin is not an origin such as https://example.org"
        pattern+="|${origin//./\\.}"
    done
    CORS_PATTERN="^(${pattern#|})\$"
    CORS=$([ -n "$pattern" ] && echo on || echo off)
}

# reach <address>: how a program on this machine gets to what is bound there.
reach()
{
    case $1 in
    0.0.0.0) printf '127.0.0.1' ;;
    *) printf '%s' "$1" ;;
    esac
}

# What the services read (platform/settings.def) is handed on if the caller set it.
collect_settings()
{
    local name upstream secrets=$RUN_DIR/secrets
    upstream=$(reach "$LISTEN_ADDRESS")
    GATEWAY=$(reach "$GATEWAY_ADDRESS")
    : "${TOKEN_KEY_FILE:=$secrets/token.pem}" "${TOKEN_PUBLIC_KEY_FILE:=$secrets/token.public.pem}"
    : "${SERVER_SECRET_FILE:=$secrets/server.secret}" "${REDIS_PASSWORD_FILE:=$secrets/redis.password}"
    : "${PSEUDONYM_SECRET_FILE:=$secrets/pseudonym.secret}" "${REDIS_HOST:=$SOCKETS/redis/redis.sock}"
    SETTINGS=(PATH=/usr/bin:/bin LC_ALL=C.UTF-8 RUN_DIR="$RUN_DIR" SOCKETS="$SOCKETS"
        ADMIN_USER="$ADMIN_USER" SERVICE_USER="$SERVICE_USER" GATEWAY_USER="$GATEWAY_USER" DATABASE_USER="$DATABASE_USER"
        GATEWAY_ADDRESS="$GATEWAY_ADDRESS" GATEWAY="$GATEWAY" CORS="$CORS" CORS_PATTERN="$CORS_PATTERN"
        COMMAND_API_UPSTREAM="$upstream:$COMMAND_API_PORT" QUERY_API_UPSTREAM="$upstream:$QUERY_API_PORT"
        PROJECTOR_UPSTREAM="$upstream:$PROJECTOR_PORT")
    [ -z "${ASAN_OPTIONS:-}" ] || SETTINGS+=("ASAN_OPTIONS=$ASAN_OPTIONS") # builds for tests
    for name in "${PORTS[@]}" $(sed -n 's/^SETTING(\([a-z_]*\),.*/\U\1/p' "$ROOT/platform/settings.def"); do
        [[ -z ${!name:-} || " ${SETTINGS[*]}" == *" $name="* ]] || SETTINGS+=("$name=${!name}")
    done
}
