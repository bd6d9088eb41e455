# settings.sh -- sourced by tools/run: the settings of this run, from the environment or by default,
# checked before anything starts. Fills SETTINGS with NAME=value for the supervisor, whose
# configuration and whose programs (tools/conf) see nothing else of the caller's environment.
# shellcheck shell=bash

# shellcheck source=tools/gateway.sh
. "$ROOT/tools/gateway.sh"
NAMES=(GATEWAY "${GATEWAY_NAMES[@]}" POSTGRES_PORT MONGODB_PORT
    BACKUP_SECRETS BACKUP_KEEP_DAYS BACKUP_FULL_DAYS BACKUP_WAL_MAX
    $(sed -n 's/^SETTING(\([a-z_]*\),.*/\U\1/p' "$ROOT/platform/process/settings.def"))
ASKED=() # those that the caller set
for name in "${NAMES[@]}"; do
    [ -z "${!name:-}" ] || ASKED+=("$name")
done
gateway_defaults
: "${LISTEN_ADDRESS:=127.0.0.1}" "${MAX_BODY_BYTES:=65536}" "${DEMO_ACCOUNTS:=1}"
PORTS=(GATEWAY_HTTP_PORT GATEWAY_HTTPS_PORT COMMAND_API_PORT QUERY_API_PORT PROJECTOR_PORT SLA_WORKER_PORT
    POSTGRES_PORT REDIS_PORT)
: "${COMMAND_API_PORT:=8180}" "${QUERY_API_PORT:=8181}" "${PROJECTOR_PORT:=8183}" "${SLA_WORKER_PORT:=8182}" "${POSTGRES_PORT:=8432}" "${REDIS_PORT:=8379}"
: "${MONGODB_PORT:=8017}"
# Somebody else's server for documents, or one of this run folder (tools/conf/start-mongodb)?
OWN_MONGODB=0
if [ -z "${MONGODB_URI:-}" ]; then
    OWN_MONGODB=1
    pem=$SECRETS/mongodb.pem
    MONGODB_URI="mongodb://127.0.0.1:$MONGODB_PORT/?tls=true&tlsCAFile=$pem&tlsCertificateKeyFile=$pem"
    PORTS+=(MONGODB_PORT)
fi
[ -z "$GATEWAY_METRICS_PORT" ] || PORTS+=(GATEWAY_METRICS_PORT)
# shellcheck source=tools/backrest.sh
. "$ROOT/tools/backrest.sh"
# Where the gateway listens too, plain HTTP: checked one by one, like the others.
read -ra GATEWAY_EXTRA_PORT <<<"${GATEWAY_EXTRA_PORTS:=}"
for i in "${!GATEWAY_EXTRA_PORT[@]}"; do
    PORTS+=("GATEWAY_EXTRA_PORT[$i]")
done

: "${WITHOUT_DEMO:=use DEMO_ACCOUNTS=0 and a RUN_DIR that never had them}"

is_ipv4()
{
    local octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
    [[ $1 =~ ^$octet(\.$octet){3}$ ]]
}

# By its shape; whether it is one is seen when it is bound.
is_ipv6()
{
    [[ $1 == *:*:* && $1 =~ ^[0-9A-Fa-f:.]+$ ]]
}

# A name is none, whatever it begins with: 127.0.0.1.example.org belongs to somebody else.
is_loopback()
{
    { is_ipv4 "$1" && [[ $1 == 127.* ]]; } || [[ $1 =~ ^[0:]*:0{0,3}1$ ]]
}

check_addresses()
{
    local name
    for name in GATEWAY_ADDRESS LISTEN_ADDRESS; do
        [ "${!name}" != localhost ] || printf -v "$name" 127.0.0.1
        if ! is_ipv4 "${!name}" && ! is_ipv6 "${!name}"; then
            fault "$name=${!name} is not an address such as 127.0.0.1, ::1 or 0.0.0.0"
        elif ! is_loopback "${!name}" && [ "$DEMO_ACCOUNTS" != 0 ]; then
            fault "$name=${!name} is refused while accounts with the demo password exist:" \
                "$WITHOUT_DEMO"
        fi
    done
}

# Names a port that is wrong or used twice, and the variable that chooses it.
check_port_numbers()
{
    local name value seen=" " least
    least=${LEAST_PORT:-$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || printf 1024)}
    for name in "${PORTS[@]}"; do
        value=${!name}
        if ! [[ $value =~ ^[1-9][0-9]{0,4}$ ]] || [ "$value" -gt 65535 ]; then
            fault "$name=$value is not a port (1 to 65535)"
        elif [ "$value" -lt "$least" ]; then
            fault "$name=$value is below $least, and no part runs as root; allow it:" \
                "sysctl net.ipv4.ip_unprivileged_port_start=$value, or put a proxy or a redirect in front"
        elif [[ $seen == *" $value "* ]]; then
            fault "$name=$value: that port is given to another part already"
        fi
        seen+="$value "
    done
}

# What can be said before anything is installed or made.
check_words()
{
    check_addresses
    check_gateway
    check_port_numbers
    check_origins
    check_backup_settings
    [[ $DEMO_ACCOUNTS == [01] ]] || fault "DEMO_ACCOUNTS=$DEMO_ACCOUNTS is neither 0 nor 1"
    no_faults
}

# Ports that are taken, addresses that this machine does not have.
check_ports()
{
    local name address reason
    for name in "${PORTS[@]}"; do
        case $name in
        POSTGRES_PORT | REDIS_PORT | MONGODB_PORT | GATEWAY_METRICS_PORT) address=LOOPBACK ;;
        GATEWAY_*) address=GATEWAY_ADDRESS ;;
        *) address=LISTEN_ADDRESS ;;
        esac
        reason=$(try_to_bind "${!address}" "${!name}")
        case $reason in
        '') ;;
        taken) fault "port ${!name} is taken by another program; choose another one: make run $name=<port>" ;;
        *) fault "$address=${!address} cannot be bound with port ${!name} ($name): $reason" ;;
        esac
    done
    no_faults
}
LOOPBACK=127.0.0.1

# Binds as the servers do: only that tells about every address and every socket's owner. Prints why it cannot be.
try_to_bind()
{
    /usr/bin/python3 - "$1" "$2" <<'END'
import errno, os, socket, sys
try:
    family, kind, _, _, where = socket.getaddrinfo(sys.argv[1], int(sys.argv[2]), type=socket.SOCK_STREAM,
                                                   flags=socket.AI_NUMERICHOST)[0]
    with socket.socket(family, kind) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(where)
        s.listen(1)
except socket.gaierror:
    print("not an address")
except OSError as e:
    print("taken" if e.errno == errno.EADDRINUSE else os.strerror(e.errno))
END
}

# Sites that may call from a browser, as the pattern of their Origin header.
check_origins()
{
    local origin origins pattern=
    read -rd '' -a origins <<<"${CORS_ORIGINS//,/ }" || true # a list of words for the shell would match * with files
    CORS_ORIGINS=${origins[*]}
    for origin in "${origins[@]}"; do
        [[ $origin =~ ^https?://([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]+)?$ ]] ||
            fault "CORS_ORIGINS: $origin is not an origin such as https://example.org"
        origin=${origin//./\\.}
        origin=${origin//[/\\[}
        pattern+="|${origin//]/\\]}"
    done
    CORS_PATTERN="^(${pattern#|})\$"
    CORS=$([ -n "$pattern" ] && echo on || echo off)
}

# reach <address>: how a program on this machine gets to what is bound there.
reach()
{
    case $1 in
    0.0.0.0) printf '127.0.0.1' ;;
    ::) printf '::1' ;;
    *) printf '%s' "$1" ;;
    esac
}

# Asked-for settings that are not those of the city that runs, in DIFFERENCES; false if there is none.
differs()
{
    local name in_force
    DIFFERENCES=
    for name in "${ASKED[@]}"; do
        in_force=$(setting "$name")
        [ "$in_force" = "${!name}" ] || DIFFERENCES+=" $name=${in_force:-(unset)}, not ${!name};"
    done
    DIFFERENCES=${DIFFERENCES%;}
    [ -n "$DIFFERENCES" ]
}

# number <setting>: as the caller set it, else its default. What is no number the services refuse.
number()
{
    local name=${1^^} value
    value=${!name:-}
    [[ $value =~ ^[0-9]{1,9}$ ]] || value=$(sed -n "s/^SETTING($1,[^\"]*\"\([0-9]*\)\".*/\1/p" "$ROOT/platform/process/settings.def")
    printf '%d' "$value"
}

# What the services read (platform/process/settings.def) is handed on if the caller set it.
collect_settings()
{
    local name upstream secrets=$SECRETS
    upstream=$(bracketed "$(reach "$LISTEN_ADDRESS")")
    : "${TOKEN_KEY_FILE:=$secrets/token.pem}" "${TOKEN_PUBLIC_KEY_FILE:=$secrets/token.public.pem}"
    : "${SERVER_SECRET_FILE:=$secrets/server.secret}" "${REDIS_PASSWORD_FILE:=$secrets/redis.password}"
    : "${PSEUDONYM_SECRET_FILE:=$secrets/pseudonym.secret}" "${REDIS_HOST:=$SOCKETS/redis/redis.sock}"
    : "${AUDIT_SPOOL=$RUN_DIR/audit}" "${AUDIT_KEY_FILE:=$secrets/audit.key}"
    : "${OUTDATED_FILE:=$RUN_DIR/conf/outdated}"
    SETTINGS=(PATH=/usr/bin:/bin LC_ALL=C.UTF-8 MONGOC_DISABLE_SHM=1 ROOT="$ROOT" RUN_DIR="$RUN_DIR" SOCKETS="$SOCKETS" OWN_MONGODB="$OWN_MONGODB"
        ADMIN_USER="$ADMIN_USER" SERVICE_USER="$SERVICE_USER" GATEWAY_USER="$GATEWAY_USER" DATABASE_USER="$DATABASE_USER"
        CORS="$CORS" CORS_PATTERN="$CORS_PATTERN"
        COMMAND_API_UPSTREAM="$upstream:$COMMAND_API_PORT" QUERY_API_UPSTREAM="$upstream:$QUERY_API_PORT"
        PROJECTOR_UPSTREAM="$upstream:$PROJECTOR_PORT"
        SLA_WORKER_UPSTREAM="$upstream:$SLA_WORKER_PORT")
    gateway_settings
    [ -z "${ASAN_OPTIONS:-}" ] || SETTINGS+=("ASAN_OPTIONS=$ASAN_OPTIONS") # builds for tests
    for name in "${NAMES[@]}"; do
        [ -z "${!name:-}" ] || SETTINGS+=("$name=${!name}")
    done
}

# check_by <what> <user> <command>...: the command says what is wrong, a fault a line.
check_by()
{
    local line said what=$1 user=$2
    shift 2
    said=$(as "$user" env -i "${SETTINGS[@]}" "$@" 2>&1) && return
    while read -r line; do
        [[ " ${FAULTS[*]} " == *": $line "* ]] || fault "$what: $line"
    done <<<"$said"
}

check_service()
{
    local role
    role=$(role_of "$1")
    check_by "$1" "$SERVICE_USER" DATABASE_URL="$(uri_of "$role" write)" READ_DATABASE_URL="$(uri_of "$role" read)" \
        "$RUN_DIR/bin/citywatch-$1" --check
}

# Every program looks at its settings and secrets: all faults of all of them, before anything starts. (Redis has
# no way to ask; tools/run waits for its answer.)
check_programs()
{
    local service
    step "Check the settings"
    check_gateway_files
    for service in "${SERVICES[@]}"; do
        check_service "$service"
    done
    check_by PostgreSQL "$DATABASE_USER" "$PG_BIN/postgres" -C port -D "$RUN_DIR/postgres/data" \
        -c config_file="$RUN_DIR/conf/postgresql.conf" -c port="$POSTGRES_PORT"
    check_gateway_program
    no_faults
}
