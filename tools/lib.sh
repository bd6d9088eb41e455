# lib.sh -- sourced by the scripts of tools/: where things lie, who runs what.
# Sets PG_BIN, SERVICES, READERS_FIRST, WRITERS_FIRST, ROOT (the checkout), RUN_DIR, SOCKETS, DATABASE_SOCKETS, SECRETS, CTL (citywatchctl), SERVICE_USER,
# GATEWAY_USER, DATABASE_USER, ADMIN_USER.
# shellcheck shell=bash disable=SC2034

PG_BIN=/usr/lib/postgresql/15/bin
SERVICES=(command-api projector query-api sla-worker)
# In an upgrade who reads events goes before who writes them: what a new version begins to write, all can read by then.
READERS_FIRST=(projector query-api sla-worker command-api)
WRITERS_FIRST=(command-api sla-worker query-api projector) # the way back
export MONGOC_DISABLE_SHM=1 # mongo-c-driver would leave a file in /dev/shm for each process that is killed
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

fail()
{
    printf 'citywatch: %s\n' "$*" >&2
    exit 1
}

FAULTS=()

fault()
{
    FAULTS+=("$*")
}

# Ends with all faults found so far.
no_faults()
{
    [ ${#FAULTS[@]} -gt 0 ] || return 0
    printf 'citywatch: %s\n' "${FAULTS[@]}" >&2
    exit 1
}

step()
{
    printf '==> %s\n' "$*"
}

hash_of()
{
    printf '%s' "$1" | sha256sum | cut -c 1-12
}

# as <user> <command>...: in /, as that user.
as()
{
    local user=$1
    shift
    if [ "$(id -un)" = "$user" ]; then
        (cd / && exec "$@")
    else
        (cd / && exec runuser -u "$user" -- "$@")
    fi
}

# As root the database and the services run as users of their own, never as root.
choose_users()
{
    ADMIN_USER=$(id -un)
    SERVICE_USER=$ADMIN_USER
    GATEWAY_USER=$ADMIN_USER
    DATABASE_USER=$ADMIN_USER
    if [ "$(id -u)" = 0 ]; then
        SERVICE_USER=citywatch
        GATEWAY_USER=citywatch-gateway # faces the network, and can read no secret
        DATABASE_USER=postgres
    fi
}

# HOME may be unset.
home()
{
    printf '%s' "${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"
}

# The default run folder: in the checkout if those users can get there and its name is harmless in
# configuration files, else outside.
default_run_dir()
{
    if plain_path "$ROOT" && { [ "$(id -u)" != 0 ] || as nobody test -x "$ROOT"; }; then
        printf '%s/.run' "$ROOT"
    elif [ "$(id -u)" = 0 ]; then
        printf '/var/lib/citywatch/%s' "$(hash_of "$ROOT")"
    else
        printf '%s/.local/state/citywatch/%s' "$(home)" "$(hash_of "$ROOT")"
    fi
}

plain_path()
{
    case $1 in
    *[!A-Za-z0-9._/@+-]*) return 1 ;;
    esac
}

# Unix socket paths end at 107 bytes, and supervisor adds a suffix while it binds.
choose_sockets()
{
    SOCKETS=$RUN_DIR/sockets
    if [ ${#SOCKETS} -gt 70 ]; then
        SOCKETS=/tmp/citywatch-$(id -u)-$(hash_of "$RUN_DIR")
    fi
}

choose_run_dir()
{
    RUN_DIR=${RUN_DIR:-$(default_run_dir)}
    RUN_DIR=$(realpath -m -s "$RUN_DIR")
    [ "$RUN_DIR" != / ] && plain_path "$RUN_DIR" || fail "RUN_DIR may hold only letters, digits and ._/@+-, and is not /: $RUN_DIR"
    choose_sockets
}

# make_folder <path> <owner> <mode>: refuses a link and a folder of somebody else.
make_folder()
{
    [ ! -L "$1" ] || fail "$1 is a symbolic link; nothing was changed"
    if [ ! -d "$1" ]; then
        mkdir -m 700 "$1"
        chown "$2" "$1"
    fi
    [ "$(stat -c %U "$1")" = "$2" ] || fail "$1 belongs to $(stat -c %U "$1"), not to $2"
    chmod "$3" "$1"
}

# uri_of <role> <database>: by the unix socket, which is cheaper than loopback; POSTGRES_PORT is part of its name.
uri_of()
{
    printf 'postgresql://citywatch_%s@/citywatch_%s?host=%s&port=%s&passfile=%s/%s.pgpass' \
        "$1" "$2" "$DATABASE_SOCKETS" "$POSTGRES_PORT" "$SECRETS" "$1"
}

# role_of <service>: the database's.
role_of()
{
    local role=${1%-api}
    printf '%s' "${role%-worker}"
}

# bracketed <address>: as it stands before a port.
bracketed()
{
    case $1 in
    *:*) printf '[%s]' "$1" ;;
    *) printf '%s' "$1" ;;
    esac
}

# setting <NAME>: as the city of this run folder has it; nothing if it has none.
setting()
{
    [ ! -e "$RUN_DIR/conf/settings" ] || sed -n "s/^$1=//p" "$RUN_DIR/conf/settings"
}

# variables_of <NAME>...: those that the city has, as NAME=value, into VARIABLES.
variables_of()
{
    local name value
    VARIABLES=()
    for name in "$@"; do
        value=$(setting "$name")
        [ -z "$value" ] || VARIABLES+=("$name=$value")
    done
}

# What citywatchctl needs to put on record what it changes.
ON_RECORD=(AUDIT_SPOOL AUDIT_SPOOL_BYTES AUDIT_KEY_FILE MONGODB_URI MONGODB_PASSWORD_FILE)

supervisorctl_here()
{
    /usr/bin/supervisorctl -c "$RUN_DIR/conf/supervisorctl.conf" "$@"
}

# The process of this run folder's supervisor, unless it is away or on its way out.
supervisor()
{
    [ -S "$SOCKETS/supervisor.sock" ] && timeout 10 /usr/bin/supervisorctl -c "$RUN_DIR/conf/supervisorctl.conf" pid \
        2>/dev/null | grep -x '[0-9]*'
}

# lives <process>: also false for one that has ended and that nobody has waited for.
lives()
{
    [ -e "/proc/$1/exe" ]
}

is_running()
{
    supervisor >/dev/null
}

# Without this, somebody else's city would be said not to run.
own_folder_only()
{
    [ ! -d "$RUN_DIR" ] || [ "$(stat -c %U "$RUN_DIR")" = "$ADMIN_USER" ] ||
        fail "$RUN_DIR belongs to $(stat -c %U "$RUN_DIR"); you are $ADMIN_USER"
}

: "${PRESET:=release}" # which build to run
export PRESET
choose_users
if [ -r "$ROOT/tools/places.sh" ]; then # laid down by the Debian package: its places are others
    # shellcheck source=packaging/places.sh
    . "$ROOT/tools/places.sh"
else
    choose_run_dir
    DATABASE_SOCKETS=$SOCKETS/postgres
    SECRETS=$RUN_DIR/secrets
    CTL=$RUN_DIR/bin/citywatchctl
fi
