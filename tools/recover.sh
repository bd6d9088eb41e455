# recover.sh -- sourced by what restores (tools/restore, docker/restore-database, packaging/citywatch-restore), after
# backrest.sh: a cluster from BACKUP_DIR, beside its place, as it was at TIME, or the newest there is. They set LOCK, which each
# process of a server of this cluster holds, and log, where the server that recovers writes to; where a run folder's are not
# the right ones, also new (the folder beside), SERVER_SETTINGS and CHECK_BY. Sets TARGET, SERVER and new.
# shellcheck shell=bash disable=SC2153,SC2154

TARGET=''
SERVER=''   # the database server that recovers
QUIET_S=600 # a recovery that says nothing for so long is given up
: "${new:=$CLUSTER_DATA.new}" "${CHECK_BY:=tools/ctl backup check}"
[ -v SERVER_SETTINGS ] || SERVER_SETTINGS=(-c config_file="$RUN_DIR/conf/postgresql.conf" -c hba_file="$RUN_DIR/conf/pg_hba.conf")

# TIME with its zone, as PostgreSQL takes it; a time that is still to come is none.
read_time()
{
    [ -n "${TIME:-}" ] || return 0
    local zone='(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)$'
    [[ $TIME =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}[T\ ].*[0-9]\ ?$zone ]] && TARGET=$(date -u -d "$TIME" '+%F %T.%6N+00' 2>/dev/null) ||
        fail "TIME=$TIME is not a time with its zone, such as '2026-11-29 10:00:00+00'"
    [[ $TARGET < $(date -u '+%F %T.%6N+00') ]] || fail "TIME=$TIME is still to come"
}

# Is there a backup for it? There is no configuration yet.
check_backups()
{
    local first
    BACKREST=(--no-config "--repo1-path=$BACKUP_DIR/repo" "--lock-path=$BACKUP_DIR/lock" --log-level-file=off)
    BACKUPS=$(backups) || fail "BACKUP_DIR=$BACKUP_DIR cannot be read"
    NEWEST=$(awk '$1 == "archive" { print $2 }' <<<"$BACKUPS")
    first=$(awk '$1 != "archive" { print $3; exit }' <<<"$BACKUPS")
    [ -n "$first" ] || fail "there is no backup in BACKUP_DIR=$BACKUP_DIR"
    [ -z "$TARGET" ] || [ "$(date -d "$TARGET" +%s)" -gt "$first" ] ||
        fail "TIME=$TIME is too early: the oldest backup is of $(date -u -d "@$first" '+%F %T+00')"
}

# The files, as they were when the backup was made, and where the archive is.
restore_files()
{
    local target=(--type=default)
    [ -z "$TARGET" ] || target=(--type=time "--target=$TARGET" --target-action=promote)
    step "Restore ${TARGET:-the newest there is}"
    backrest --pg1-path="$new" --process-max="$(nproc)" "${target[@]}" restore || fail "the backup could not be restored"
}

# Nobody can reach it but by the socket, and it archives nothing. Without a shell in between: SERVER is the server itself.
start_server()
{
    local user=()
    [ "$(id -u)" != 0 ] || user=(--reuid "$DATABASE_USER" --regid "$DATABASE_USER" --init-groups)
    (cd / && exec /usr/bin/setpriv --pdeathsig INT "${user[@]}" /usr/bin/flock --no-fork -n "$LOCK" \
        "$PG_BIN/postgres" -D "$new" "${SERVER_SETTINGS[@]}" \
        -c listen_addresses= -c unix_socket_directories="$DATABASE_SOCKETS" -c port="$POSTGRES_PORT") >"$log" 2>&1 4>&- &
    SERVER=$!
}

stop_server()
{
    kill -INT "$SERVER" 2>/dev/null || true
    wait "$SERVER" || true
    SERVER=''
}

# sql <statement> [<database>]
sql()
{
    as "$DATABASE_USER" psql -XqAt -v ON_ERROR_STOP=1 -h "$DATABASE_SOCKETS" -p "$POSTGRES_PORT" -d "${2:-postgres}" -c "$1" 2>/dev/null
}

# The end of what was read: the last file, and the time of the last change.
last_file()
{
    grep -o 'restored log file "[0-9A-F]\{24\}"' "$log" | tail -n 1 | cut -d'"' -f2
}

last_change()
{
    sed -n 's/.*last completed transaction was at log time //p' "$log" | tail -n 1
}

# Where the archive ends in the middle, what is behind it is out of reach.
check_hole()
{
    local last
    last=$(last_file)
    [[ ! $last < $NEWEST ]] ||
        fail "the archive goes on to $NEWEST, but cannot be read past $last: the next file is missing or damaged" \
            "($CHECK_BY). TIME before $(last_change) restores what is there"
}

explain_failure()
{
    if grep -q 'recovery ended before configured recovery target' "$log"; then
        check_hole
        fail "TIME=$TIME is too late: the archive ends with the change of $(last_change). Without TIME all that is there is restored"
    fi
    tail -n 15 "$log" >&2
    fail "the restored cluster does not start"
}

# Until it has left the recovery; as long as it says something new it goes on.
recover()
{
    local size=-1 now start=$SECONDS said=$SECONDS
    step "Recover from the archive"
    start_server
    until [ "$(sql 'SELECT pg_is_in_recovery()' || true)" = f ]; do
        lives "$SERVER" || explain_failure
        now=$(stat -c %s "$log")
        [ "$now" = "$size" ] || start=$SECONDS size=$now
        [ $((SECONDS - start)) -lt "$QUIET_S" ] || fail "the recovery has said nothing for $QUIET_S s; the end: $(tail -n 1 "$log")"
        if [ $((SECONDS - said)) -ge 5 ]; then
            printf '    at %s of %s\n' "$(last_file)" "$NEWEST"
            said=$SECONDS
        fi
        sleep 0.2
    done
    [ -n "$TARGET" ] || check_hole
    for name in restore_command recovery_target_time recovery_target_action; do
        sql "ALTER SYSTEM RESET $name"
    done
}

# Greater than any that a life of this log has had, whichever was restored before: the moment itself, as a number.
raise_epoch()
{
    step "A new epoch"
    as "$SERVICE_USER" env DATABASE_URL="$(uri_of owner write)" READ_DATABASE_URL="$(uri_of projector read)" AUDIT_SPOOL="${AUDIT_SPOOL:-$RUN_DIR/audit}" \
        "$CTL" epoch raise --above "$(date -u +%Y%m%d%H%M%S)" --yes >"$log.epoch" 2>>"$log" ||
        fail "the epoch could not be raised: $(tail -n 1 "$log")"
}

# Before anything is made: a part of them would be worse than none.
holds_secrets()
{
    local name names
    names=$(tar -tf "$BACKUP_SECRETS/secrets.tar" 2>/dev/null) || fail "BACKUP_SECRETS=$BACKUP_SECRETS has no secrets.tar that can be read"
    for name in "${SECRET_FILES[@]}"; do
        grep -qxF -- "$name" <<<"$names" || fail "BACKUP_SECRETS=$BACKUP_SECRETS: secrets.tar does not hold $name"
    done
}

# The five of BACKUP_SECRETS.
take_secrets()
{
    as "$SERVICE_USER" tar -C "$SECRETS" --no-same-owner -xpf - "${SECRET_FILES[@]}" <"$BACKUP_SECRETS/secrets.tar" ||
        fail "BACKUP_SECRETS=$BACKUP_SECRETS: secrets.tar does not hold ${SECRET_FILES[*]}"
}
