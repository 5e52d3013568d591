# Sourced by what plays on the demo's stage: the chart, the operator and an authorization server of the kind SERVER, on
# the cluster of KUBECONFIG and with the programs of DEMO_BIN. Sets the end that comes however it comes.
# shellcheck shell=bash
. demo/lib.sh

# ---- what the story tells of, unless the kind of server has it otherwise

# A rotation in place keeps the client id.
keeps_id=
# How a client id is shown.
brief() { echo "${1:0:8}…"; }
# form SCOPE ID: what an application asks for a token with (RFC 6749, section 4.4), and how that is told.
form() { echo "grant_type=client_credentials&scope=$1"; }
for_whom() { echo "scope $1"; }
# A scope that each client has from its first day.
usual=invoices.read
# What a developer changes, and what applications see before and after.
change_is="asks for one more scope"
change='{"spec":{"scopes":["invoices.read","invoices.export"]}}'
unchanged() {
    issued "$id" "$secret" invoices.read
    refused invalid_scope "$id" "$secret" invoices.export
}
changed() { issued "$id" "$secret" invoices.export; }
# What no access rule allows.
too_much_is="A scope that no access rule allows"
too_much='{"spec":{"scopes":["admin"]}}'

# What differs from one kind of authorization server to the next: server_is, examples, start_server, fill_in, registered;
# and of the above what is otherwise.
# shellcheck source=/dev/null
. "demo/servers/$SERVER.sh"

release=oauth-client-operator
ours=oauth-system
theirs=payments

dir=$(mktemp -d "${TMPDIR:-/tmp}/oauthclient-demo.XXXXXX")
server_process=
operator=
in_cluster=

# ---- the end, however it comes

clean_up() {
    local status=$? process
    trap - EXIT
    trap '' HUP INT TERM
    if ((status == 1)) && [[ -s $dir/operator.log ]]; then
        printf '\nWhat is in the cluster:\n' >&2
        kubectl get clusterauthorizationservers,oauthclients --all-namespaces 2>&1 | indent >&2 || true
        printf '\nThe last lines of the operator'\''s log:\n' >&2
        tail -n 25 "$dir/operator.log" | indent >&2
    fi
    for process in $operator $server_process; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    # The local control plane takes everything along when it goes.
    if [[ ${DEMO_KUBECONFIG-} && $in_cluster ]]; then
        printf '\nRemoving from the cluster: release %s, namespaces %s and %s\n' $release $ours $theirs
        remove_from_cluster || { echo "demo: FAILED: this is left in the cluster, see above" >&2 && status=1; }
    fi
    rm -rf "$dir"
    ((status != 1)) || printf '\ndemo: FAILED in step %s, see above\n' "$step" >&2
    exit "$status"
}
remove_from_cluster() {
    helm uninstall $release --namespace $ours --wait --timeout 60s --ignore-not-found 2>&1 | indent || true
    kubectl delete namespace $ours $theirs --ignore-not-found --timeout 60s 2>&1 | indent || true
    local left
    left=$(kubectl get namespaces,customresourcedefinitions,clusterroles,clusterrolebindings --output name) || return 1
    ! grep -E "\.oauthclient\.dev$|/$release(-view|-edit)?$|^namespace/($ours|$theirs)$" <<<"$left"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the parts

# The chart, without a pod: the local control plane has no node for one.
install_chart() {
    local namespace
    kubectl get customresourcedefinitions --output name >"$dir/definitions" || die "this cluster cannot be used"
    if grep '\.oauthclient\.dev$' "$dir/definitions"; then
        die "this cluster has the operator's definitions already; the demo leaves it alone"
    fi
    for namespace in $ours $theirs; do
        absent namespace "$namespace" ||
            die "this cluster has a namespace $namespace already; the demo leaves it alone"
    done
    in_cluster=yes
    helm install $release charts/oauth-client-operator --namespace $ours --create-namespace \
        --set replicaCount=0,crds.keep=false >/dev/null
    kubectl wait --for condition=Established --timeout 30s --filename crds >/dev/null
    kubectl create namespace $theirs >/dev/null
}

# The operator as a process beside the cluster, with the ServiceAccount of the chart and no other right.
start_operator() {
    local user token port
    token=$(kubectl create token $release --namespace $ours)
    (
        umask 077
        kubectl config view --raw --minify --flatten >"$dir/kubeconfig"
        export KUBECONFIG=$dir/kubeconfig
        user=$(kubectl config view --output jsonpath='{.users[0].name}')
        kubectl config delete-user "$user"
        kubectl config set-credentials operator --token "$token"
        kubectl config set-context --current --user operator
    ) >/dev/null
    port=$(free_port)
    NO_COLOR=1 KUBECONFIG=$dir/kubeconfig "$DEMO_BIN/oauth-client-operator" run --namespace $ours --listen "127.0.0.1:$port" \
        --allow-loopback --log-format text >"$dir/operator.log" 2>&1 &
    operator=$!
    is_ready() { http GET "http://127.0.0.1:$port/readyz" && [[ $status == 200 ]]; }
    must 30 "the operator is ready, with the chart's rights and no others" is_ready
}

# Waits until the process that was started as the authorization server says where it is.
wait_for_server() {
    within 10 test -s "$dir/server" || die "the authorization server does not start: $(cat "$dir/server.log")"
    server=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$dir/server")
}
random_text() { head -c 18 /dev/urandom | base64 | tr '+/' '-_'; }

# ---- what the steps do and look at

# An example, of this kind of server's if it has one of that name, with its address and credential filled in.
apply_example() {
    local file=$examples/$1.yaml
    [[ -e $file ]] || file=examples/$1.yaml
    note "\$ kubectl apply -f $file"
    fill_in "$file" | kubectl apply --filename - | indent
}
k() { kubectl --namespace $theirs "$@"; }
patch() { show patch oauthclient "$1" -n $theirs --type merge -p "$2"; }
# key NAME KEY: a value of a Secret.
key() { k get secret "$1" --output "jsonpath={.data.$2}" 2>/dev/null | base64 --decode; }
holds() { [[ $(key "$1" "$2") == "$3" ]]; }
# Reads a credential from a Secret as an application does.
read_credential() {
    id=$(key "$1" client-id) secret=$(key "$1" client-secret) token_uri=$(key "$1" token-uri)
    [[ $id && $secret && $token_uri ]] || die "Secret $1 lacks client-id, client-secret or token-uri"
}
field() { k get oauthclient "$1" --output "jsonpath={.$2}"; }
message() { field "$1" "status.conditions[?(@.type==\"$2\")].message"; }
# What was asked for last is in effect.
settled() {
    [[ $(field "$1" status.observedGeneration) == "$(field "$1" metadata.generation)" &&
        $(field "$1" 'status.conditions[?(@.type=="Ready")].status') == True ]]
}
rotated() { [[ $(field "$1" status.rotation.lastHandledTrigger) == "$2" ]] && settled "$1"; }
other_uid() { local uid && uid=$(k get secret "$1" --output 'jsonpath={.metadata.uid}' 2>/dev/null) && [[ $uid && $uid != "$2" ]]; }
# No such object, and the API server says so.
absent() {
    local found
    found=$(kubectl get "$@" --ignore-not-found --output name) && [[ ! $found ]]
}
reason_is() { [[ $(field "$1" 'status.conditions[?(@.type=="Ready")].reason') == "$2" ]]; }
server_ready() { kubectl wait --for condition=Ready --timeout 1s clusterauthorizationserver corp 2>/dev/null; }

basic() { echo "Authorization: Basic $(printf %s "$1:$2" | base64 | tr -d '\n')"; }
# token ID SECRET SCOPE: asks for a token and says what came of it.
token() {
    http POST "$token_uri" "$(basic "$1" "$2")" 'Content-Type: application/x-www-form-urlencoded' \
        -- "$(form "$3" "$1")" || die "no answer from $token_uri"
    local said
    case $status in
    200) said="token $(sed 's/.*"access_token":"\(.\{10\}\).*/\1/' <<<"$body")…" ;;
    *) said=$(sed 's/.*"error":"\([^"]*\)".*/\1/' <<<"$body") ;;
    esac
    note "POST $token_uri, client $(brief "$1"), $(for_whom "$3") -> $status $said"
}
issued() {
    token "$@"
    [[ $status == 200 && $body == *'"access_token"'* ]] || die "no token was issued"
}
refused() {
    local error=$1
    shift
    token "$@"
    [[ $status == 4* && $body == *"$error"* ]] || die "the request was not refused with $error"
}
# The names in a list of clients, by the field that they are in.
names_in() { grep -o "\"$1\":\"[^\"]*\"" | cut -d '"' -f 4 || true; }
registered_are() {
    local names
    names=$(registered) && [[ $(grep -c . <<<"$names") == "$1" ]]
}
