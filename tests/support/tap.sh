# SPDX-License-Identifier: MIT
# For tests in shell: sourced after `srcdir` and `builddir` are set. `check "what" command...` is one test;
# `done_testing` ends. $work is a directory of the test's own, gone at the end. A test may define at_exit, to end what
# it has started. What a user may have set is not to decide: the language of messages, one that is not installed, which
# shells complain of; who may read new files.
LC_ALL=C
export LC_ALL
unset COLUMNS
umask 022
tap_count=0
tap_failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/parallel-test-XXXXXX") || exit 99
trap 'at_exit; chmod -R u+rwX "$work" 2>/dev/null; rm -rf "$work"' EXIT

at_exit() {
    :
}

# check WHAT COMMAND...: passes if the command does. What it prints is shown if it does not.
check() {
    tap_what=$1
    shift
    tap_count=$((tap_count + 1))
    if "$@" >"$work/tap.out" 2>&1; then
        echo "ok $tap_count - $tap_what"
    else
        echo "not ok $tap_count - $tap_what"
        sed 's/^/# /' "$work/tap.out"
        tap_failed=1
    fi
}

# refuse WHAT COMMAND...: passes if the command fails.
refuse() {
    tap_what=$1
    shift
    check "$tap_what" not "$@"
}

# program PATH: prints what to call to run a program of the build: itself, or a script that gives it to $EMULATOR.
program() {
    script=$builddir/$1
    if [ -n "$EMULATOR" ] && [ -x "$script" ]; then
        script=$work/${1##*/}.emulated
        printf '#!/bin/sh\nexec "%s/libtool" --silent --mode=execute %s "%s" "$@"\n' "$builddir" "$EMULATOR" \
            "$builddir/$1" >"$script"
        chmod +x "$script"
    fi
    echo "$script"
}

# announce WHAT: tells who runs `make check` what a long test is at
announce() {
    { echo "  $*" >&9; } 2>/dev/null || :
}

not() {
    if "$@"; then return 1; else return 0; fi
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

done_testing() {
    echo "1..$tap_count"
    exit $tap_failed
}
