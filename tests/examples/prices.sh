#!/bin/sh
# SPDX-License-Identifier: MIT
# prices shows a page with what there is, and says why the rest is missing.
. "$srcdir/tests/support/tap.sh"
prices=$(program examples/prices)
unset PARALLEL_NUM_THREADS
cd "$work" || exit 99

run() { # ARGUMENTS...: the page is in $work/page
    "$prices" "$@" >page 2>errors && test ! -s errors
}
has() {
    grep -E "$1" page
}
price() { # NAME
    sed -n "s/^$1  *\([0-9.]*\) .*/\1/p" page
}
between() { # LEAST NUMBER MOST
    awk "BEGIN { exit !($1 <= $2 && $2 <= $3) }"
}
for n in 1 2 9; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "there is a page with $n workers" run
    check "the formula's price" has '^formula +5\.5735 '
    check "the simulation's is close" between 5.53 "$(price simulation)" 5.62
    check "the tree's is a little more" between 6.08 "$(price tree)" 6.10
    check "a simulation without end is cut" has '^fine simulation +- +its error is still [0-9.e-]+ after [1-9][0-9]* draws$'
    check "a missing file is no reason to go without the rest" has '^last trade +- +last-trade: No such file'
done
unset PARALLEL_NUM_THREADS

echo 5.61 >trade
check "a last trade" run trade
check "... is shown" has '^last trade +5\.6100$'
echo none today >trade
check "a trade that is no number" run trade
check "... is said to be none" has '^last trade +- +trade: not a price$'
: >trade
check "an empty file" run trade
check "... is said to be empty" has '^last trade +- +trade: there is nothing in it$'
if [ -r /proc/loadavg ] && [ -r /proc/sys/kernel/osrelease ]; then
    check "this machine" has "^computed on Linux $(cat /proc/sys/kernel/osrelease), load [0-9]"
else
    skip "this machine" "no /proc"
fi
refuse "too many arguments" "$prices" a b
refuse "a full disk" sh -c "'$prices' >/dev/full"
done_testing
