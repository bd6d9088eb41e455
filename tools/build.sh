# build.sh -- sourced by what needs the programs of this checkout: builds them as PRESET says, unless PROGRAMS names a folder
# that has them.
# shellcheck shell=bash

# Two that build at once would overwrite each other's files; the lock, descriptor 5, is kept until they are copied.
build()
{
    local quiet=()
    [ -z "${PROGRAMS:-}" ] || return 0
    step "Build ($PRESET)"
    cd "$ROOT"
    mkdir -p build
    exec 5>>"build/$PRESET.lock"
    flock -n 5 || { printf '    waiting for another build to end\n' && flock 5; }
    [ -t 1 ] || quiet=(-- --quiet)
    cmake --preset "$PRESET" --log-level=WARNING >/dev/null
    cmake --build --preset "$PRESET" --target citywatchctl "${SERVICES[@]/#/citywatch-}" "${quiet[@]}"
}
