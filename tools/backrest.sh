# backrest.sh -- sourced by what archives, backs up and restores: pgBackRest as the owner of the cluster, with all its paths
# in BACKUP_DIR. After lib.sh, to whose faults it adds.
#
# BACKUP_DIR/repo      backups and archive of one life of one city: pgBackRest's repository, stanza citywatch
# BACKUP_DIR/life      which life that is; RUN_DIR/conf/backup-life says the same. A city that was restored lives on beside
#                      what it was restored from, so it has to have a BACKUP_DIR of its own: two that archive into one would
#                      each find the other's log when they are restored
# BACKUP_DIR/demo-accounts  accounts with the demo password are in it
# shellcheck shell=bash disable=SC2153

BACKREST_CONF=$RUN_DIR/conf/pgbackrest.conf
BACKREST=("--config=$BACKREST_CONF") # what it is told with each command
ARCHIVE_SECONDS=60 # so old the newest change can be that is not archived yet
: "${BACKUP_DIR:=}" "${BACKUP_SECRETS:=}"
: "${BACKUP_KEEP_DAYS:=28}" "${BACKUP_FULL_DAYS:=7}" "${BACKUP_WAL_MAX:=4GiB}"
: "${CLUSTER_DATA:=$RUN_DIR/postgres/data}"
SECRET_FILES=(server.secret pseudonym.secret audit.key token.pem token.public.pem)

# within <path> <folder>: it is that folder, or lies in it.
within()
{
    [[ $1/ == "$2"/* ]]
}

# check_apart <name> <other>: two folders of which none lies in the other.
check_apart()
{
    if [ -n "${!1}" ] && [ -n "${!2}" ] && { within "${!1}" "${!2}" || within "${!2}" "${!1}"; }; then
        fault "$1=${!1} and $2=${!2} have to be apart"
    fi
}

check_backup_settings()
{
    local name
    for name in BACKUP_DIR BACKUP_SECRETS; do
        [ -n "${!name}" ] || continue
        printf -v "$name" %s "$(realpath -m -s "${!name}")"
        [ "${!name}" != / ] && plain_path "${!name}" ||
            fault "$name may hold only letters, digits and ._/@+-, and is not /: ${!name}"
    done
    check_apart BACKUP_DIR RUN_DIR
    check_apart BACKUP_SECRETS RUN_DIR
    check_apart BACKUP_SECRETS BACKUP_DIR
    for name in BACKUP_KEEP_DAYS BACKUP_FULL_DAYS; do
        [[ ${!name} =~ ^[1-9][0-9]{0,3}$ ]] || fault "$name=${!name} is not a number of days"
    done
    [[ $BACKUP_WAL_MAX =~ ^[1-9][0-9]{0,5}(MiB|GiB)$ ]] || fault "BACKUP_WAL_MAX=$BACKUP_WAL_MAX is not a size such as 4GiB"
}

backrest()
{
    as "$DATABASE_USER" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 /usr/bin/pgbackrest "${BACKREST[@]}" \
        --stanza=citywatch "$@"
}

# write_backrest_conf <folder for its log and its locks>
write_backrest_conf()
{
    cat >"$BACKREST_CONF" <<END
[global]
repo1-path=$BACKUP_DIR/repo
repo1-bundle=y
repo1-retention-full-type=time
repo1-retention-full=$BACKUP_KEEP_DAYS
log-path=$1/log
lock-path=$1/lock
spool-path=$1/spool
log-level-console=warn
log-level-stderr=off
compress-type=zst
start-fast=y
archive-push-queue-max=$BACKUP_WAL_MAX

[citywatch]
pg1-path=$CLUSTER_DATA
pg1-socket-path=$DATABASE_SOCKETS
pg1-port=$POSTGRES_PORT
pg1-user=$DATABASE_USER
pg1-database=postgres
END
    chmod 644 "$BACKREST_CONF"
}

# owned <test> <path>: as the owner of the cluster, who alone can look into BACKUP_DIR.
owned()
{
    as "$DATABASE_USER" test "$1" "$2"
}

# Made if it is missing; else it has to be the cluster's owner's.
make_backup_dir()
{
    if [ ! -e "$BACKUP_DIR" ]; then
        (umask 022 && mkdir -p "$(dirname "$BACKUP_DIR")") && mkdir -m 700 "$BACKUP_DIR" ||
            fail "BACKUP_DIR=$BACKUP_DIR cannot be made"
        chown "$DATABASE_USER:" "$BACKUP_DIR"
    fi
    belongs_to "$BACKUP_DIR" "$DATABASE_USER" && owned -w "$BACKUP_DIR" ||
        fail "BACKUP_DIR=$BACKUP_DIR has to be a folder that belongs to $DATABASE_USER and that it can write to"
}

# A new folder, for the life that conf/backup-life names in its first line; the second is the folder.
begin_backup_dir()
{
    make_backup_dir
    [ -z "$(as "$DATABASE_USER" ls -A "$BACKUP_DIR")" ] ||
        fail "BACKUP_DIR=$BACKUP_DIR holds files that are not backups of Citywatch"
    as "$DATABASE_USER" sh -c 'umask 077; mkdir "$1/repo" "$1/log" "$1/lock" && printf "%s\n" "$2" >"$1/life"' sh "$BACKUP_DIR" "$1"
}

# BACKUP_DIR is this run folder's from now on, or it was already. What it archived to before is not made anew where
# its disk is away.
claim_backup_dir()
{
    local file=$RUN_DIR/conf/backup-life life='' before=''
    [ ! -e "$file" ] || { read -r life && read -r before; } <"$file"
    : "${life:=$(cat /proc/sys/kernel/random/uuid)}"
    if ! owned -e "$BACKUP_DIR/life"; then
        [ "$BACKUP_DIR" != "$before" ] || fail "BACKUP_DIR=$BACKUP_DIR is empty, and this city has archived to it: is its disk there?"
        begin_backup_dir "$life"
    fi
    [ "$(as "$DATABASE_USER" cat "$BACKUP_DIR/life")" = "$life" ] ||
        fail "BACKUP_DIR=$BACKUP_DIR is of another life of this city, or of another city: what was restored or made anew needs a" \
            "BACKUP_DIR of its own"
    printf '%s\n' "$life" "$BACKUP_DIR" >"$file"
}

# set_up_archiving [<file>]: appends to the server's configuration. Without BACKUP_DIR nothing is changed. Else the log is
# archived from its next start on.
set_up_archiving()
{
    if [ -z "$BACKUP_DIR" ]; then
        [ ! -e "$RUN_DIR/conf/backup-life" ] ||
            printf 'citywatch: BACKUP_DIR is not set: nothing is archived any more\n' >&2
        rm -f "$BACKREST_CONF"
        return
    fi
    claim_backup_dir
    write_backrest_conf "$BACKUP_DIR"
    cat >>"${1:-$RUN_DIR/conf/postgresql.conf}" <<END

archive_mode = on
archive_timeout = $ARCHIVE_SECONDS
archive_command = '/usr/bin/pgbackrest --config=$BACKREST_CONF --stanza=citywatch archive-push "%p"'
END
    backrest --no-online stanza-create || fail "BACKUP_DIR=$BACKUP_DIR does not take the archive of this cluster"
}

# A line each, the oldest first: label, kind, end (seconds since 1970), sizes of the data and of what it added to
# BACKUP_DIR, last file of its log; then a line "archive", last file of the archive.
backups()
{
    backrest info --output=json | /usr/bin/perl -MJSON::PP -0777 -ne '
for my $stanza (@{decode_json($_)}) {
    for my $b (@{$stanza->{backup}}) {
        print "$b->{label} $b->{type} $b->{timestamp}{stop} $b->{info}{size} $b->{info}{repository}{delta} $b->{archive}{stop}\n";
    }
    print "archive ", $_->{max} // "-", "\n" for @{$stanza->{archive}};
}'
}

# Of which kind the next one is.
due()
{
    local full
    full=$(backups | awk '$2 == "full" { end = $3 } END { print end + 0 }')
    if [ $(($(date +%s) - full)) -ge $((BACKUP_FULL_DAYS * 86400)) ]; then
        printf 'full'
    else
        printf 'diff'
    fi
}

# make_backup <how it is restored>: of the kind TYPE, or of the one that is due. Sets nothing up: the city archives.
make_backup()
{
    local type=${TYPE:-} start=$SECONDS label kind size added
    [ -n "$type" ] || type=$(due)
    [[ $type =~ ^(full|diff|incr)$ ]] || fail "TYPE=$type is none of full, diff and incr"
    step "Backup: $type"
    backrest --type="$type" --repo1-retention-full="$BACKUP_KEEP_DAYS" backup || fail "there is no new backup; its log: $BACKUP_DIR/log"
    read -r label kind _ size added _ < <(backups | grep -v ^archive | tail -n 1)
    printf '%s (%s): %s MB of data, %s MB added to %s, %s s. Restored: %s\n' \
        "$label" "$kind" $((size / 1000000)) $((added / 1000000)) "$BACKUP_DIR" $((SECONDS - start)) "$1"
}
