#!/bin/sh
# SPDX-License-Identifier: MIT
# Every example says what it is for to --help, and refuses options that it does not have.
. "$srcdir/tests/support/tap.sh"
cd "$work" || exit 99

helps() { # PROGRAM
    "$1" --help >out 2>err </dev/null && head -n 1 out | grep '^usage: ' && [ ! -s err ]
}
refuses() { # PROGRAM OPTION
    status=0
    "$1" "$2" >out 2>err </dev/null || status=$?
    cat err
    [ $status -eq 2 ] && [ ! -s out ] && grep -q 'usage: ' err
}

tried=0
for place in examples examples/traces; do
    for file in "$builddir/$place"/*; do
        [ -f "$file" ] && [ -x "$file" ] && grep -q "^int main(" "$srcdir/$place/${file##*/}.c" 2>/dev/null || continue
        example=$(program "$place/${file##*/}")
        tried=$((tried + 1))
        check "$place/${file##*/} --help" helps "$example"
        check "$place/${file##*/} --unknown" refuses "$example" --unknown
        check "$place/${file##*/} -Z" refuses "$example" -Z
    done
done
check "some were tried" test $tried -ge 12
check "nothing was written" test "$(echo *)" = "err out tap.out"
done_testing
