# Sourced by the demo: how it speaks, waits, and asks over HTTP.
# shellcheck shell=bash

die() {
    echo "demo: $*" >&2
    exit 1
}

step=0
# A step of the story.
say() {
    step=$((step + 1))
    printf '\n%s. %s\n' "$step" "$*"
}
note() {
    echo "   $*"
}
indent() {
    sed 's/^/     /'
}
# Runs kubectl and shows it with what it says. SHOW_FROM=TEXT: only what begins with the line that begins with it.
show() {
    local word words=
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_./:=,-]+$ ]]; then words+=" $word"; else words+=" '$word'"; fi
    done
    note "\$ kubectl$words"
    kubectl "$@" 2>&1 | sed -n "/^${SHOW_FROM-}/,\$p" | indent
}

# within SECONDS COMMAND…: waits until the command succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}
# must SECONDS WHAT COMMAND…: what has to come true in time, or the demo ends.
must() {
    local seconds=$1 what=$2 began=${EPOCHREALTIME/./}
    shift 2
    within "$seconds" "$@" >/dev/null || die "not within $seconds s: $what"
    note "✓ $what ($(((${EPOCHREALTIME/./} - began) / 1000)) ms)"
}

# http METHOD URL [HEADER…] [-- BODY]: sets status and body. Plain HTTP on loopback only, so nothing has to be installed.
http() {
    local method=$1 url=${2#http://} headers= content=
    shift 2
    while (($# > 0)); do
        case $1 in
        --) content=$2 && shift ;;
        *) headers+=$1$'\r\n' ;;
        esac
        shift
    done
    local authority=${url%%/*} answer
    status='' body=''
    # A compound command, because a redirection of exec that fails would end the script.
    answer=$({
        printf '%s /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %s\r\n%s\r\n%s' \
            "$method" "${url#*/}" "$authority" "${#content}" "$headers" "$content" >&3
        timeout --foreground 30 tr -d '\r' <&3
    } 2>/dev/null 3<>"/dev/tcp/${authority%:*}/${authority##*:}") || return 1
    status=$(head -n 1 <<<"$answer" | cut -d ' ' -f 2)
    body=${answer#*$'\n\n'}
    [[ $status ]]
}

# A port that nobody listens on, below those that the kernel gives to outgoing connections.
free_port() {
    local port
    while
        port=$((20000 + RANDOM % 12000))
        (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null
    do :; done
    echo "$port"
}
