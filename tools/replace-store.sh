# replace-store.sh -- sourced by what loads a dump of the event store (tools/load-dump, docker/load-dump). They say how to
# reach their city: sql <arguments of psql>…, restore_into <database> (the dump is stdin), stop_services, start_services,
# set_up_databases and raise_epoch.
# shellcheck shell=bash

# may_replace <file> <--yes or nothing> <which city>
may_replace()
{
    local answer
    [ -r "$1" ] || fail "$1 cannot be read"
    [ "$2" != --yes ] || return 0
    printf 'The event store of %s will be replaced by %s, and what was written since is gone. Type yes: ' "$3" "$1"
    read -r answer || answer=
    [ "$answer" = yes ] || fail "nothing was changed"
}

# replace_store <file>: the old store goes only when the copy is whole beside it. A new epoch of the log begins.
replace_store()
{
    step "Restore beside the event store"
    sql -c 'DROP DATABASE IF EXISTS citywatch_restored WITH (FORCE)' -c 'CREATE DATABASE citywatch_restored OWNER citywatch_owner'
    restore_into citywatch_restored <"$1"
    step "Stop the services"
    stop_services
    sql -c 'DROP DATABASE citywatch_write WITH (FORCE)' -c 'ALTER DATABASE citywatch_restored RENAME TO citywatch_write'
    set_up_databases
    step "A new epoch"
    raise_epoch
    step "Start the services"
    start_services
}
