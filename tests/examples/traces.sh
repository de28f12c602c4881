#!/bin/sh
# SPDX-License-Identifier: MIT
# PARALLEL_TRACE and PARALLEL_VERBOSE, with the programs whose pictures docs/performance.md shows.
. "$srcdir/tests/support/tap.sh"
PARALLEL_NUM_THREADS=2
export PARALLEL_NUM_THREADS
balanced=$(program examples/traces/balanced)
include=$(cd "$srcdir/include" && pwd) source=$(cd "$srcdir/examples/traces" && pwd)/balanced.c
archive=$(cd "$builddir" && pwd)/.libs/libparallel.a
format=$(cd "$srcdir/tests/examples" && pwd)/trace_format.py
cd "$work" || exit 99

# trace FILE COMMAND...: runs it, which must print nothing
trace() {
    file=$1
    shift
    PARALLEL_TRACE=$file "$@" >out 2>&1 && ! grep . out
}
is_picture() {
    grep -q '^<svg ' "$1" && test "$(tail -n 1 "$1")" = '</svg>' && test "$(wc -c <"$1")" -lt 100000
}
is_json() {
    grep -q '"traceEvents":\[' "$1" && test "$(tail -n 1 "$1")" = ']}'
}
for name in balanced blocked dear_item few_items memory_bound; do
    program=$(program examples/traces/$name)
    check "$name draws a picture, and prints nothing" trace $name.svg "$program"
    check "... that is one" is_picture $name.svg
    check "$name writes a file for viewers" trace $name.json "$program"
    check "... that is one" is_json $name.json
    if command -v python3 >/dev/null; then
        check "... as viewers want it" python3 "$format" $name.json
    else
        skip "... as viewers want it" "no python3"
    fi
done
check "the picture says what ran" grep -q 'map of integrate' balanced.svg
check "the picture says that there are few items" sh -c "grep -q 'few_items\|map of simulate' few_items.svg"

check "another ending is none" trace trace.txt "$balanced"
check "... and leaves no file" test ! -e trace.txt
check "a file that cannot be written is none" trace none/x.svg "$balanced"
check "a child that execs" trace child.svg sh -c "'$balanced' && exit 0"
check "... has written one" is_picture child.svg

# A program that has more privileges than who runs it takes no path from the environment. The same program without them,
# run by the same user, does.
as_nobody() {
    PARALLEL_TRACE=$1 setpriv --reuid=65534 --regid=65534 --clear-groups ./privileged
}
privileged() {
    chmod "$1" privileged && as_nobody open/$1.svg
}
# Such a program finds its libraries where the system has them: it is linked statically with this one.
linked() {
    # shellcheck disable=SC2086
    $CC $CFLAGS -std=c11 -I"$include" "$source" "$archive" -o privileged -lpthread 2>/dev/null
}
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null || [ -n "$EMULATOR$SANITIZERS" ] || ! linked; then
    skip "a set-uid program ignores it" "not root, or no program to try"
else
    chmod 755 . && mkdir -m 777 open
    if ! privileged 755 >out 2>&1 || [ ! -s open/755.svg ]; then
        skip "a set-uid program ignores it" "nobody cannot run the program"
    elif mount_point=$(df -P . | awk 'END { print $NF }') && grep -q " $mount_point [^ ]* [^ ]*nosuid" /proc/mounts; then
        skip "a set-uid program ignores it" "the file system has no such programs"
    else
        check "a set-uid program runs" privileged 4755
        check "... and ignores it" test ! -e open/4755.svg
    fi
fi

verbose() {
    PARALLEL_VERBOSE=$1 "$balanced" >out 2>err && test ! -s out && grep -c '^parallel: ' err
}
check "sums are printed for those who want them" test "$(verbose 1)" = 5
check "... and not for others" test "$(verbose 0)" = 0
told() { # NUMBER OF THREADS
    PARALLEL_NUM_THREADS=$1 PARALLEL_VERBOSE=1 "$balanced" >out 2>err && cat err &&
        grep -q "^parallel: PARALLEL_NUM_THREADS is '$1', which is no number from 1 on, and is ignored$" err
}
for wrong in two 0 -3 2x ' 2' 1.5; do
    check "a number of threads that is none is told: '$wrong'" told "$wrong"
done
for right in '' 1 2 999999999999999999999; do
    refuse "one that is one is not: '$right'" told "$right"
done
done_testing
