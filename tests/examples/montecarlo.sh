#!/bin/sh
# SPDX-License-Identifier: MIT
# montecarlo finds pi and a price. With a generator by index these are the same bits, whatever the threads; it looks at
# that itself, within a run.
. "$srcdir/tests/support/tap.sh"
montecarlo=$(program examples/montecarlo)
cd "$work" || exit 99

run() {
    "$montecarlo" --draws 300000 --rounds 2 >out && cat out && ! grep WRONG out
}
estimates() { # WAY: of pi, and of the price
    sed -n "s/^  $1 *\([0-9.]*\), off.*/\1/p" "$2"
}
near() { # PI PRICE
    awk "BEGIN { exit !($1 > 3.12 && $1 < 3.16 && $2 > 5.4 && $2 < 5.75) }"
}
for n in 1 2 9; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "estimates with $n workers" run
    cp out out$n
    for way in "serial loop" "a generator a worker" "a generator by index" "the same on one thread"; do
        # shellcheck disable=SC2046
        check "$way: near what is right" near $(estimates "$way" out)
    done
    estimates "a generator by index" out >bits$n
    check "two estimates by index" test "$(wc -l <bits$n)" -eq 2
    check "... with the bits that one worker has" cmp bits1 bits$n
done
check "with one worker its generator gives the same each time" test "$(grep -c 'worker .* the same bits' out1)" -eq 2
unset PARALLEL_NUM_THREADS
refuse "no draws" "$montecarlo" --draws 0
refuse "draws that are no blocks" "$montecarlo" --draws 1001
refuse "no rounds" "$montecarlo" --rounds 0
refuse "an unknown option" "$montecarlo" --seed 1
refuse "a full disk" sh -c "'$montecarlo' --draws 1000 >/dev/full"
done_testing
