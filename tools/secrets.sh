# secrets.sh -- sourced by what sets a city up, after lib.sh: make_secrets makes the secrets that are missing, as
# SERVICE_USER, in SECRETS. CTL is citywatchctl; MONGODB_NAME is what clients call the server for documents (IP:… or DNS:…).
# shellcheck shell=bash disable=SC2153

# secret <name>: stdin becomes the file, whole or not at all, unless it exists.
secret()
{
    # shellcheck disable=SC2016 # expanded by the inner shell
    as "$SERVICE_USER" sh -c 'umask 077
        if [ -e "$1" ]; then cat >/dev/null; else cat >"$1.new" && mv "$1.new" "$1"; fi' \
        sh "$SECRETS/$1"
}

password()
{
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# Key and certificate of the server for documents and of its clients; signs itself, so no other is taken.
mongodb_pem()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=citywatch-mongodb \
        -addext "subjectAltName=$MONGODB_NAME" -keyout /dev/stdout -out /dev/stdout 2>/dev/null
}

# Whole or not at all: what is there is never made again.
make_mongodb_pem()
{
    local pem
    pem=$(mongodb_pem) || fail "openssl could not make the key of the server for documents"
    secret mongodb.pem <<<"$pem"
}

make_secrets()
{
    local role
    head -c 32 /dev/urandom | secret server.secret
    head -c 32 /dev/urandom | secret pseudonym.secret
    head -c 32 /dev/urandom | secret audit.key
    password | secret redis.password
    printf 'requirepass %s\n' "$(as "$SERVICE_USER" cat "$SECRETS/redis.password")" | secret redis.conf
    for role in owner command query projector sla metrics; do
        printf '*:*:*:citywatch_%s:%s\n' "$role" "$(password)" | secret "$role.pgpass"
        as "$SERVICE_USER" sed -i 's/^127\.0\.0\.1:/*:/' "$SECRETS/$role.pgpass" # of an earlier version
    done
    as "$SERVICE_USER" test -e "$SECRETS/mongodb.pem" || make_mongodb_pem
    as "$SERVICE_USER" test -e "$SECRETS/token.pem" ||
        as "$SERVICE_USER" "$CTL" key generate "$SECRETS/token.pem" "$SECRETS/token.public.pem"
}

# What roles.sql is given by psql: neither by arguments, nor by files that psql could read itself.
role_passwords()
{
    local role
    for role in owner command query projector sla metrics; do
        printf '\\set %s_password %s\n' "$role" "$(as "$SERVICE_USER" sed 's/.*://' "$SECRETS/$role.pgpass")"
    done
}
