# The demo with a real authorization server, oidc-provider of Node.js, by dynamic client registration.
# Sourced by demo/run and demo/stage.sh.
# shellcheck shell=bash disable=SC2034 # used by those who source it

server_is="a real one, oidc-provider of Node.js"
examples=examples/dynamic-registration

# Before anything starts: what has to be there, and what is built or installed once.
need_server() { tools/need node; }
build_server() { testcluster/oidc-provider/build >/dev/null; }

# Sets server, its URL, and server_process.
start_server() {
    INITIAL_ACCESS_TOKEN=$(random_text)
    export INITIAL_ACCESS_TOKEN
    testcluster/oidc-provider/run --initial-access-token-env INITIAL_ACCESS_TOKEN \
        --scope invoices.read --scope invoices.export --scope admin >"$dir/server" 2>"$dir/server.log" &
    server_process=$!
    wait_for_server
}

# An example as it is for this server.
fill_in() {
    sed -e "s|https://sso.example.com|$server|" -e "s|token: REPLACE-ME|token: $INITIAL_ACCESS_TOKEN|" "$1"
}

# The clients that the authorization server has, one name a line. No client can ask for that; its control for tests tells.
registered() {
    http GET "$server/_control/clients" && [[ $status == 200 ]] || die "the authorization server does not list its clients"
    names_in client_name <<<"$body"
}
