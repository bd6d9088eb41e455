# lib.sh -- sourced by the scripts of docker/: which client of Docker, a daemon, and what is made.
# Sets DOCKER, IMAGES, VERSION, MADE (build/images) besides what tools/lib.sh sets.
# shellcheck shell=bash disable=SC2034
# shellcheck source=tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tools/lib.sh"

IMAGES=(command-api query-api projector sla-worker ctl gateway-caddy gateway-nginx mongodb postgres redis)
VERSION=$(sed -n 's/^project(citywatch VERSION \([0-9.]*\).*/\1/p' "$ROOT/CMakeLists.txt")
MADE=$ROOT/build/images
DAEMON='' # the daemon's process, if it was started here
export DOCKER_BUILDKIT=1

# The first client that can build with BuildKit: up to 22 it was a part of it, since then it is an extension.
choose_client()
{
    local client version
    for client in $(type -ap docker); do
        version=$("$client" --version)
        version=${version#Docker version }
        if [ "${version%%.*}" -lt 23 ] || "$client" buildx version >/dev/null 2>&1; then
            DOCKER=$client
            return
        fi
    done
    fail "there is no client of Docker that can build: tools/install docker"
}

daemon_answers()
{
    timeout 20 "$DOCKER" info >/dev/null 2>&1
}

# As root, where none runs and nothing else would start one; stop_docker ends it.
start_docker()
{
    local tenths
    choose_client
    ! daemon_answers || return 0
    [ ! -d /run/systemd/system ] || fail "no daemon of Docker answers: systemctl start docker"
    [ "$(id -u)" = 0 ] && command -v dockerd >/dev/null || fail "no daemon of Docker answers, and only root can start one"
    mkdir -p "$MADE"
    step "Start dockerd"
    setsid dockerd >"$MADE/dockerd.log" 2>&1 </dev/null &
    DAEMON=$!
    for ((tenths = 0; tenths < 600; tenths++)); do
        [ -d "/proc/$DAEMON" ] || break
        ! daemon_answers || return 0
        sleep 0.1
    done
    tail -n 5 "$MADE/dockerd.log" >&2
    stop_docker
    fail "dockerd did not start: $MADE/dockerd.log"
}

stop_docker()
{
    [ -n "$DAEMON" ] || return 0
    kill "$DAEMON" 2>/dev/null || true
    wait "$DAEMON" || true
    DAEMON=''
}

# docker-compose with this city's settings: docker/.env, unless the environment says otherwise; and with the file that it
# reads itself in docker/.
: "${ENV_FILE:=$ROOT/docker/.env}"
: "${OVERRIDE_FILE:=$ROOT/docker/compose.override.yml}"
COMPOSE_FILES=(--file "$ROOT/docker/compose.yml")
[ ! -e "$OVERRIDE_FILE" ] || COMPOSE_FILES+=(--file "$OVERRIDE_FILE")
compose()
{
    docker-compose --env-file "$ENV_FILE" "${COMPOSE_FILES[@]}" "$@"
}

# of_city <NAME>: as docker-compose reads it.
of_city()
{
    printf '%s' "${!1-$(sed -n "s/^$1=//p" "$ENV_FILE")}"
}

# in_postgres <program of PostgreSQL> <arguments>…: as its superuser, in its container.
in_postgres()
{
    local program=$1
    shift
    compose exec -T postgres "$PG_BIN/$program" -h /run/citywatch/postgres -p 8432 "$@"
}
