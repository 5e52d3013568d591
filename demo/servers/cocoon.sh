# The demo with an emulator of Cocoon Data SafeShare. Sourced by demo/run and demo/stage.sh.
# shellcheck shell=bash disable=SC2034 # used by those who source it

server_is="an emulator of Cocoon Data SafeShare's"
examples=examples/cocoon
keeps_id=yes

# Before anything starts: what has to be there, and what is built or installed once.
need_server() { :; }
build_server() { :; } # make build has built it

# Sets server, its URL, and server_process.
start_server() {
    ADMIN_PASSWORD=$(random_text) APP_SECRET=$(random_text) ADA=ada/$(random_text)
    export ADMIN_PASSWORD APP_SECRET ADA
    "$DEMO_BIN/authserver-emulator" cocoon --username operator --password-env ADMIN_PASSWORD \
        --bootstrap-id operators-app --bootstrap-secret-env APP_SECRET --user-env ADA >"$dir/server" 2>"$dir/server.log" &
    server_process=$!
    wait_for_server
}

# An example as it is for this server.
fill_in() {
    sed -e "s|https://access-service.example.com|$server|" \
        -e "s|username: REPLACE-ME|username: operator|" -e "s|password: REPLACE-ME|password: $ADMIN_PASSWORD|" \
        -e "s|client-id: REPLACE-ME|client-id: operators-app|" -e "s|client-secret: REPLACE-ME|client-secret: $APP_SECRET|" "$1"
}

# The apps that the authorization server has, one name a line, but for the one that the operator logs in with.
registered() {
    local token
    http POST "$server/api/oauth/token" "$(basic operators-app "$APP_SECRET")" \
        'Content-Type: application/x-www-form-urlencoded' \
        -- "grant_type=password&username=operator&password=$ADMIN_PASSWORD" && [[ $status == 200 ]] ||
        die "the administrator cannot log in"
    token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' <<<"$body")
    http GET "$server/api/v1/clientapps" "Authorization: Bearer $token" && [[ $status == 200 ]] ||
        die "the authorization server does not list its apps"
    names_in appName <<<"$body" | grep -v '^operators-app$' || true
}

# There are no scopes here: a token is a user's, and what can be changed is how long it is good. That the user has logged
# in and consented, which is a matter of pages, is told to the emulator.
brief() { echo "$1"; }
form() {
    http POST "$server/_control/codes" 'Content-Type: application/json' \
        -- "{\"client_id\":\"$2\",\"username\":\"ada\"}" && [[ $status == 201 ]] || die "ada cannot log in"
    echo "grant_type=authorization_code&code=$(sed 's/.*"code":"\([^"]*\)".*/\1/' <<<"$body")"
}
for_whom() { echo "a code of user ada"; }
good_for() {
    issued "$id" "$secret" "$usual"
    [[ $body == *"\"expires_in\":$1"[,}]* ]] || die "the token is not good for $1 s"
    note "It is good for $1 s"
}
usual=-
change_is="asks for tokens that are good for longer"
change='{"spec":{"accessTokenValiditySeconds":1800}}'
unchanged() { good_for 600; }
changed() { good_for 1800; }
too_much_is="A validity of tokens that no access rule allows"
too_much='{"spec":{"accessTokenValiditySeconds":86400}}'
