# places.sh -- sourced by tools/lib.sh in the images where scripts of tools/ work: where things lie in a container. RUN_DIR is
# the image's.
# shellcheck shell=bash disable=SC2034
SOCKETS=/run/citywatch
DATABASE_SOCKETS=$SOCKETS/postgres
SECRETS=/run/secrets
CTL=/usr/bin/citywatchctl
POSTGRES_PORT=8432
LEAST_PORT=1 # Docker publishes any
WITHOUT_DEMO="use another COMPOSE_PROFILES than demo, and volumes that never had them"
