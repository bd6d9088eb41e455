# run-folder.sh -- sourced by the scripts that make, use or remove a run folder: whose it is, who can reach
# it, and who is at work in it.
#
# $RUN_DIR/.citywatch marks a folder of ours. Locks (flock) tell what lives; each ends with its last holder:
#   lock           tools/run, then supervisord, until the last part has ended. The file names the script that
#                  holds it, and nobody once the city runs.
#   parts/<name>   the parts of one user: something lives, whatever became of the supervisor; parts/postgres
#                  is held by every process of the database server
# shellcheck shell=bash disable=SC2153

MARK=$RUN_DIR/.citywatch
# All that is ever made in a run folder. The mark and the lock go last.
OURS=(bin conf audit redis mongodb caddy nginx postgres secrets sockets k6 k6-results monitor log parts lock .citywatch)

belongs_to()
{
    [ -d "$1" ] && [ "$(stat -c %U "$1")" = "$2" ]
}

# Made by a version that did not mark its folders.
is_unmarked_run_folder()
{
    [ -f "$RUN_DIR/conf/supervisord.conf" ] && belongs_to "$RUN_DIR/conf" "$ADMIN_USER" &&
        belongs_to "$RUN_DIR/secrets" "$SERVICE_USER" && belongs_to "$RUN_DIR/postgres" "$DATABASE_USER"
}

is_run_folder()
{
    [ ! -L "$RUN_DIR" ] && [ -d "$RUN_DIR" ] && { [ -f "$MARK" ] || is_unmarked_run_folder; }
}

is_empty()
{
    [ -z "$(ls -A "$1")" ]
}

# nearest <path>: it, or the folder above it that is there.
nearest()
{
    local path=$1
    until [ -d "$path" ]; do
        path=$(dirname "$path")
    done
    printf '%s' "$path"
}

# check_way <user> <folder>: that user may pass through it and all above it.
check_way()
{
    local path='' part user=$1
    id "$user" >/dev/null 2>&1 || user=nobody # not made yet
    ! as "$user" test -x "$2" || return 0
    IFS=/ read -ra parts <<<"$2"
    for part in "${parts[@]:1}"; do
        path+=/$part
        as "$user" test -x "$path" || break
    done
    fail "RUN_DIR=$RUN_DIR cannot be used: the user $1 may not pass through $path" \
        "(mode $(stat -c %a "$path")); choose a folder that all users can reach, such as /var/lib/citywatch/<name>"
}

# May RUN_DIR be used? Changes nothing.
check_run_folder()
{
    local above user
    [ ! -L "$RUN_DIR" ] || fail "$RUN_DIR is a symbolic link; nothing was changed"
    [ -d "$RUN_DIR" ] || [ ! -e "$RUN_DIR" ] || fail "$RUN_DIR is not a folder; nothing was changed"
    above=$(nearest "$(dirname "$RUN_DIR")")
    if [ -d "$RUN_DIR" ]; then
        belongs_to "$RUN_DIR" "$ADMIN_USER" ||
            fail "$RUN_DIR belongs to $(stat -c %U "$RUN_DIR"), not to $ADMIN_USER; nothing was changed"
        is_run_folder || is_empty "$RUN_DIR" ||
            fail "$RUN_DIR holds files that are not Citywatch's; nothing was changed." \
                "RUN_DIR has to be empty, new or a run folder"
    elif [ ! -w "$above" ] || [ ! -x "$above" ]; then
        fail "RUN_DIR=$RUN_DIR cannot be made: $ADMIN_USER may not write in $above"
    fi
    [ "$ADMIN_USER" = root ] || return 0
    for user in "$SERVICE_USER" "$GATEWAY_USER" "$DATABASE_USER"; do
        check_way "$user" "$above"
    done
}

# mark <folder> <made|found mode>: whole or not at all, and never over another's.
mark()
{
    printf 'Run folder of Citywatch: databases, keys and logs of one city. "make clean-data" removes it.\n%s\n' \
        "$2" >"$1/.citywatch.$$"
    mv -n "$1/.citywatch.$$" "$1/.citywatch"
    rm -f "$1/.citywatch.$$"
}

# A new folder appears with its mark in it: two that make it at once make one.
make_run_folder()
{
    local new=$RUN_DIR.new.$$
    { (umask 022 && mkdir -p "$(dirname "$RUN_DIR")") && mkdir -m 700 "$new"; } 2>/dev/null ||
        fail "RUN_DIR=$RUN_DIR cannot be made: $(mkdir -m 700 "$new" 2>&1)"
    [ "$(dirname "$RUN_DIR")" != /var/lib/citywatch ] || chmod 711 /var/lib/citywatch
    mark "$new" made
    mv -T "$new" "$RUN_DIR" 2>/dev/null || rm -rf "$new"
}

# Makes RUN_DIR ours, if it may be.
claim_run_folder()
{
    check_run_folder
    if [ ! -d "$RUN_DIR" ]; then
        make_run_folder
        check_run_folder
    elif [ ! -f "$MARK" ] && is_unmarked_run_folder; then
        mark "$RUN_DIR" made
    elif [ ! -f "$MARK" ]; then
        mark "$RUN_DIR" "found $(stat -c %a "$RUN_DIR")"
    fi
}

# Takes the folder for this script and for what it starts: as descriptor 4, because supervisord closes those from 5
# on. False if another has it. A lock that was removed with its folder meanwhile is none.
hold_run_folder()
{
    [ -d "$RUN_DIR" ] || return 1
    (umask 077 && : >>"$RUN_DIR/lock") # nobody else may hold it
    exec 4>>"$RUN_DIR/lock"
    if ! flock -n 4 || ! [ "$RUN_DIR/lock" -ef /proc/$BASHPID/fd/4 ]; then
        exec 4>&-
        return 1
    fi
    printf '%s (process %s)\n' "${0##*/}" $$ >"$RUN_DIR/lock"
}

# The city runs: it holds the folder by itself.
hand_over_run_folder()
{
    : >"$RUN_DIR/lock"
    exec 4>&-
}

# Gives back what hold_run_folder took. A folder that holds nothing yet is as it was before.
leave_run_folder()
{
    local folder
    folder=$(tail -n 1 "$MARK")
    if [ "$(ls -A "$RUN_DIR")" = $'.citywatch\nlock' ]; then
        rm -f "$MARK" "$RUN_DIR/lock"
        [ "$folder" != made ] || rmdir "$RUN_DIR"
    else
        : >"$RUN_DIR/lock"
    fi
    exec 4>&-
}

is_held()
{
    [ -e "$RUN_DIR/lock" ] && ! flock -n "$RUN_DIR/lock" true
}

# The script at work here, such as "run (process 7)"; nothing if none is.
who_works()
{
    ! is_held || cat "$RUN_DIR/lock"
}

# The process of this cluster's server, whoever started it.
postmaster()
{
    local pid='' data=$RUN_DIR/postgres/data
    [ ! -r "$data/postmaster.pid" ] || read -r pid <"$data/postmaster.pid" || true
    [[ $pid =~ ^[0-9]+$ ]] && [ "/proc/$pid/cwd" -ef "$data" ] && printf '%s' "$pid"
}

# Prints what lives of a city whose supervisor does not, for people; false if nothing does.
parts_left()
{
    local part left='' pid
    for part in "$RUN_DIR"/parts/*; do
        [ ! -e "$part" ] || flock -n "$part" true || left+=" ${part##*/}"
    done
    ! pid=$(postmaster) || left+=" (database server: process $pid)"
    printf '%s' "${left# }"
    [ -n "$left" ]
}

# The folder itself goes too if it was made with the first run; else it is left with the mode that it had.
remove_run_folder()
{
    local folder name
    folder=$(tail -n 1 "$MARK")
    if [[ $SOCKETS != "$RUN_DIR"/* ]] && belongs_to "$SOCKETS" "$ADMIN_USER" && [ ! -L "$SOCKETS" ]; then
        rm -rf "$SOCKETS"
    fi
    for name in "${OURS[@]}"; do
        rm -rf "${RUN_DIR:?}/$name"
    done
    case $folder in
    found*) chmod "${folder#found }" "$RUN_DIR" ;;
    *) ! is_empty "$RUN_DIR" || rmdir "$RUN_DIR" ;;
    esac
    [ ! -d "$RUN_DIR" ] || is_empty "$RUN_DIR" ||
        printf 'Left in %s, because Citywatch did not make it: %s\n' "$RUN_DIR" "$(ls -A "$RUN_DIR" | tr '\n' ' ')"
}
