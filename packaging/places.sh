# places.sh -- sourced by tools/lib.sh where the Debian package laid it down: where the city of this machine lies, which
# systemd runs, and its settings, which are those of /etc/citywatch/citywatch.conf.
# shellcheck shell=bash disable=SC2034

RUN_DIR=/var/lib/citywatch-package
SOCKETS=/run/citywatch
: "${DATABASE_SOCKETS:=/run/postgresql}" # of another server: citywatch-restore
CLUSTER_DATA=/var/lib/postgresql/15/citywatch
SECRETS=${CREDENTIALS_DIRECTORY:-$RUN_DIR/secrets} # a unit is given its own, and reads no other
CTL=/usr/bin/citywatchctl
export INSTALLED_AS=package # for what citywatchctl says there is to do
SERVICE_USER=$ADMIN_USER DATABASE_USER=postgres GATEWAY_USER=citywatch-caddy
POSTGRES_PORT=8432 DEMO_ACCOUNTS=0
: "${AUDIT_SPOOL:=$RUN_DIR/spool}"
LEAST_PORT=1 # citywatch-gateway.service may bind any

# read_conf <file>: its NAME=value lines, as systemd reads them.
read_conf()
{
    local line
    while read -r line || [ -n "$line" ]; do
        [[ $line =~ ^([A-Z_]+)=(\"(.*)\"|\'(.*)\'|(.*))$ ]] || continue
        export "${BASH_REMATCH[1]}=${BASH_REMATCH[3]}${BASH_REMATCH[4]}${BASH_REMATCH[5]}"
    done <"$1"
}

# Settings that were collected (tools/settings.sh) are handed on as they are.
[ -n "${GATEWAY_SITES:-}" ] || [ ! -r /etc/citywatch/citywatch.conf ] || read_conf /etc/citywatch/citywatch.conf

# Not those of a run folder, as lib.sh has it.
setting()
{
    printf '%s' "${!1:-}"
}

# The databases do, which is what a backup needs.
is_running()
{
    systemctl --quiet is-active postgresql@15-citywatch.service
}
ARCHIVE_BY="set BACKUP_DIR in /etc/citywatch/citywatch.conf, then citywatch-setup"
RESTORE_BY="citywatch-restore"
