#!/bin/sh
# SPDX-License-Identifier: MIT
# progress searches all blocks, or those that it can before a Ctrl-C, and draws a bar on a terminal alone.
. "$srcdir/tests/support/tap.sh"
progress=$(program examples/progress)
unset PARALLEL_NUM_THREADS
cd "$work" || exit 99
process=

at_exit() {
    [ -z "$process" ] || kill -KILL "$process" 2>/dev/null
}

# All blocks. The numbers are those of a serial search.
run() {
    "$progress" -b 20 -g 150 >out 2>errors
}
for n in 1 2 9; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "all blocks with $n workers" run
    check "... how many primes they have" test "$(tail -n 1 out)" = \
        "searched 20 of 20 blocks: 9604 primes, the widest gap is 176"
    check "... and where the gaps are" test "$(sed '1d; $d' out | sort | cut -d ' ' -f 1,7 | tr '\n' ' ')" = \
        "1000016711 152 1000097621 176 1000122491 156 1000198729 150 "
    check "on a pipe it draws nothing" test ! -s errors
done
unset PARALLEL_NUM_THREADS
refuse "no blocks" "$progress" -b 0
refuse "an unknown option" "$progress" -x

# Ctrl-C, once it has begun with what would take hours.
mkfifo first
"$progress" -b 300000 -g 10000 >first 2>errors &
process=$!
exec 3<first
read -r line <&3
check "it begins" test "${line%% *}" = gaps
kill -INT $process
status=0
wait $process || status=$?
process=
cat <&3 >rest
check "Ctrl-C is a clean end, with exit status 1" test "$status" -eq 1
check "... and a report" grep -qE '^stopped after [0-9]+ of 300000 blocks: [0-9]+ primes, the widest gap is [0-9]+$' rest
check "... and that is all" test "$(wc -l <rest)" -eq 1 -a ! -s errors

# On a terminal, whatever this one may be.
TERM=xterm
export TERM
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    script -qec "'$progress' -b 20 -g 150" /dev/null >out </dev/null 2>&1
    check "on a terminal there is a bar, with its title" grep -q searching out
    check "... and 20 of 20 in the end" grep -q 20/20 out
    check "... below lines that are whole" grep -q "a gap of" out
else
    skip "a terminal" "no script(1)"
fi
done_testing
