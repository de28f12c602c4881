#!/bin/sh
# SPDX-License-Identifier: MIT
# Spin finds no deadlock in the protocol of rest, wake and join; and one wherever a store takes a change's place.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_PLANTED" ] || skip_all "told not to: it says the same in every build"
command -v spin >/dev/null || skip_all "there is no spin"

# verify [FLAG]: Spin's verdict is in $work/log.
verify() {
    (
        cd "$work" && rm -f pan* && spin -a "$@" "$srcdir/tests/model/park.pml" && $CC -O1 -w -DSAFETY -o pan pan.c &&
            ./pan -m200000 -w22
    ) >"$work/log" 2>&1
    grep -E 'errors:|states, stored|invalid end state|assertion violated' "$work/log"
}

sound() {
    verify | grep -q 'errors: 0$' && ! grep -q 'search depth too small' "$work/log"
}

unsound() {
    verify "-D$1" | grep -q 'errors: 1$'
}

check "no deadlock" sound
check "found: a publish that is a store" unsound PLAIN_PUBLISH
check "found: an announcement that is a store" unsound PLAIN_ANNOUNCE
check "found: a sleeper that does not look after its announcement" unsound NO_LOOK
check "found: an owner that says by a store that it waits" unsound PLAIN_AWAIT
check "found: a wake-up that leaves no token" unsound NO_TOKEN
done_testing
