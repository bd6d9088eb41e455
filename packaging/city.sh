# city.sh -- sourced by what starts, restarts and waits for the city of this machine, after tools/lib.sh and tools/settings.sh.
# shellcheck shell=bash disable=SC2034

CLUSTER=/etc/postgresql/15/citywatch
SERVER=postgresql@15-citywatch.service
READY_SECONDS=180

# for_root <program>: root alone can read the secrets.
for_root()
{
    [ "$ADMIN_USER" = root ] || fail "$1 is for root"
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

is_active()
{
    systemctl --quiet is-active "$1"
}

# Programs of packages that are needed with some settings alone.
check_installed()
{
    [ "$GATEWAY" != nginx ] || [ -x /usr/sbin/nginx ] || fault "GATEWAY=nginx needs the package nginx: apt install nginx"
    no_faults
}
