# city.sh -- sourced by what sets up, starts, restarts and waits for the city of this machine, after tools/lib.sh and
# tools/settings.sh.
# shellcheck shell=bash disable=SC2034

# shellcheck source=tools/run-folder.sh
. "$ROOT/tools/run-folder.sh"

CLUSTER=/etc/postgresql/15/citywatch
SERVER_UNIT=postgresql@15-citywatch.service
READY_SECONDS=180

# for_root <program>: root alone can read the secrets.
for_root()
{
    [ "$ADMIN_USER" = root ] || fail "$1 is for root"
}

# What the owner of the cluster reads too: where it archives its log to.
make_conf()
{
    make_folder "$RUN_DIR/conf" root 750
    chgrp "$DATABASE_USER" "$RUN_DIR/conf"
}

# One at a time sets it up or puts another in its place.
hold_city()
{
    exec 9>/run/citywatch-setup.lock
    flock -n 9 || fail "another citywatch-setup or citywatch-restore is at work"
}

there_is_a_cluster()
{
    [ -e "$CLUSTER/postgresql.conf" ]
}

# cluster_file <path> <reader>: stdin becomes that file of the cluster, whole; CHANGED says whether it was another.
cluster_file()
{
    cat >"$CLUSTER/$1.new"
    if cmp -s "$CLUSTER/$1.new" "$CLUSTER/$1"; then
        rm "$CLUSTER/$1.new"
        return
    fi
    chown "$2" "$CLUSTER/$1.new"
    chmod 644 "$CLUSTER/$1.new"
    mv "$CLUSTER/$1.new" "$CLUSTER/$1"
    CHANGED=1
}

# What Citywatch asks of the server stands in the package, so an upgrade brings it; what an operator writes into conf.d
# under a later name wins. Without the package the cluster still starts. No address: the services come by the socket.
configure_cluster()
{
    local archiving
    archiving=$(mktemp)
    set_up_archiving "$archiving"
    CHANGED=
    cluster_file conf.d/citywatch.conf root: <<END
# Made by citywatch-setup.
include_if_exists '$ROOT/tools/conf/postgresql.conf'
listen_addresses = ''
$(cat "$archiving")
END
    rm "$archiving"
    cluster_file environment root: <"$ROOT/postgresql.environment"
    grep -q citywatch_owner "$CLUSTER/pg_hba.conf" || cluster_file pg_hba.conf postgres: <"$ROOT/tools/conf/pg_hba.conf"
}

set_up_cluster()
{
    configure_cluster
    systemctl start "$SERVER_UNIT"
    [ -n "$CHANGED" ] || return 0
    systemctl restart "$SERVER_UNIT"
    systemctl try-restart citywatch-command-api.service # it tells whether the log is archived
}

# ready_url <service>
ready_url()
{
    local port=${1//-/_}_port
    port=${port^^}
    printf 'http://%s:%s/ready' "$(bracketed "$(reach "$LISTEN_ADDRESS")")" "${!port}"
}

# wait_for <service>: until it is ready, or says why it is not.
wait_for()
{
    local url until=$((SECONDS + READY_SECONDS))
    url=$(ready_url "$1")
    until curl -sf --noproxy '*' -m 2 -o /dev/null "$url"; do
        [ $SECONDS -lt $until ] || fail "$1 is not ready after $READY_SECONDS s: journalctl -u 'citywatch-*';" \
            "$(curl -s --noproxy '*' -m 2 "$url" || true)"
        sleep 0.2
    done
}

# start_city <service>...: and waits until these are ready.
start_city()
{
    local service
    step "Start citywatch.target"
    systemctl reset-failed 'citywatch*' 2>/dev/null || true
    systemctl start --no-block citywatch.target
    for service in "$@"; do
        wait_for "$service"
    done
}

# said_by <unit>: what it, and systemd of it, said when it ran last.
said_by()
{
    local run
    run=$(systemctl show --property=InvocationID --value "$1")
    journalctl --sync
    [ -z "$run" ] || journalctl --no-pager --output=cat "_SYSTEMD_INVOCATION_ID=$run" + "INVOCATION_ID=$run"
}

# start_or_say <unit> <what failed> <what that means>: a unit that ends by itself. People read why it failed.
start_or_say()
{
    systemctl start "$1" && return
    said_by "$1" >&2 || true
    fail "$2: what is above has to be mended. $3"
}

# check_settings <what a refusal means> <service>...: the program of each accepts the settings.
check_settings()
{
    local means=$1 service
    shift
    for service; do
        start_or_say "citywatch-check-$service.service" "$service refuses the settings" "$means"
    done
}

is_active()
{
    systemctl --quiet is-active "$1"
}

# Programs of packages that are needed with some settings alone.
check_installed()
{
    [ "$GATEWAY" != nginx ] || [ -x /usr/sbin/nginx ] || fault "GATEWAY=nginx needs the package nginx: apt install nginx"
    [ -z "$BACKUP_DIR" ] || [ -x /usr/bin/pgbackrest ] || fault "BACKUP_DIR needs the package pgbackrest: apt install pgbackrest"
    no_faults
}
