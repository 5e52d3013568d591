# The demo with an emulator of DigitalRoute's authorization server. Sourced by demo/run and demo/stage.sh.
# shellcheck shell=bash disable=SC2034 # used by those who source it

server_is="an emulator of DigitalRoute's"
examples=examples

# Before anything starts: what has to be there, and what is built or installed once.
need_server() { :; }
build_server() { :; } # make build has built it

# Sets server, its URL, and server_process.
start_server() {
    MANAGEMENT_PASSWORD=$(random_text)
    export MANAGEMENT_PASSWORD
    "$DEMO_BIN/authserver-emulator" digitalroute --username operator --password-env MANAGEMENT_PASSWORD \
        --scope invoices.read --scope invoices.export --scope admin >"$dir/server" 2>"$dir/server.log" &
    server_process=$!
    wait_for_server
}

# An example as it is for this server.
fill_in() {
    sed -e "s|https://mz.example.com:10000|$server|" \
        -e "s|username: REPLACE-ME|username: operator|" -e "s|password: REPLACE-ME|password: $MANAGEMENT_PASSWORD|" "$1"
}

# The clients that the authorization server has, one name a line.
registered() {
    http GET "$server/authserver/api/clients" "$(basic operator "$MANAGEMENT_PASSWORD")" && [[ $status == 200 ]] ||
        die "the authorization server does not list its clients"
    names_in client_name <<<"$body"
}
