# Sourced by the tests of the chart, after check.sh: how it is rendered, and compared with golden files.
# shellcheck shell=bash

find_helm() {
    local bin
    if [ -n "${HELM-}" ]; then
        echo "$HELM"
    elif command -v helm; then
        return
    elif [ -x ../testcluster/build ]; then
        bin=$(../testcluster/build | tail -n 1)
        echo "$bin/helm"
    else
        echo "${0##*/}: no helm: set HELM, or put it in PATH" >&2
        return 1
    fi
}

helm=$(find_helm)
chart=oauth-client-operator
golden=$chart/tests
# Nothing of the user's own helm, and no cluster.
export HELM_CONFIG_HOME=$work/helm/config HELM_CACHE_HOME=$work/helm/cache HELM_DATA_HOME=$work/helm/data
export KUBECONFIG=$work/no-kubeconfig

# Renders with a release name and namespace that no default could produce by accident.
render() {
    "$helm" template acme "$chart" --namespace oauth-system "$@"
}

# same FILE: standard input is what the golden file says.
same() {
    cat >"$work/actual"
    if [ -n "${UPDATE_GENERATED-}" ]; then
        cp "$work/actual" "$golden/$1"
    else
        diff -u "$golden/$1" "$work/actual" || {
            echo "if the change is meant: UPDATE_GENERATED=1 charts/test"
            return 1
        }
    fi
}
