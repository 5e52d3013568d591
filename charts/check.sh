# Sourced by the tests of the chart: named checks, and assertions on text.
# shellcheck shell=bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME COMMAND…: runs the command; what it prints is shown when it fails.
check() {
    local name=$1 status=0
    shift
    # In the background, since `set -e` is off inside of a command whose status is asked for.
    (
        set -e
        "$@"
    ) >"$work/output" 2>&1 &
    wait $! || status=$?
    if [ $status = 0 ]; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/        /' "$work/output"
    fi
}

# Says how it went, on the last line and as status.
summary() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}

# contains TEXT…: standard input has each of these texts, each within one line.
contains() {
    local input text
    input=$(cat)
    for text in "$@"; do
        grep -qF -- "$text" <<<"$input" || {
            echo "not there: $text"
            echo "$input"
            return 1
        }
    done
}

# lacks TEXT…: standard input has none of these texts.
lacks() {
    local input text
    input=$(cat)
    for text in "$@"; do
        if grep -F -- "$text" <<<"$input"; then
            echo "should not be there: $text"
            return 1
        fi
    done
}

# no_match PATTERN FILE: a bare `!` would not end a test, whatever the status.
no_match() {
    if grep -E -- "$1" "$2"; then return 1; fi
}

# refused MESSAGE COMMAND…: the command fails, and says the message.
refused() {
    local message=$1
    shift
    if "$@" >"$work/refused" 2>&1; then
        echo "was not refused: $*"
        return 1
    fi
    contains "$message" <"$work/refused"
}
