#!/bin/sh
# SPDX-License-Identifier: MIT
# C++ programs. An exception that leaves a task ends the program at once, by std::terminate(), and not some later call;
# threads' objects are destroyed before static ones.
. "$srcdir/tests/support/tap.sh"
[ -z "$SANITIZERS" ] || skip_all "a sanitized library does not link into plain programs"
command -v "${CXX%% *}" >/dev/null 2>&1 || skip_all "no C++ compiler"
[ -e "$builddir/.libs/libparallel.a" ] || skip_all "no static library"
ulimit -c 0 2>/dev/null

compile() {
    # shellcheck disable=SC2086
    $CXX $CFLAGS -std=c++11 -I"$srcdir/include" "$srcdir/tests/api/strangers.cc" "$builddir/.libs/libparallel.a" -lpthread \
        -o "$work/strangers"
}
run() {
    $EMULATOR "$work/strangers" "$1" >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/out" "$work/err"
    echo "exit status $status"
}
terminates() { # MODE WORDS
    run "$1"
    [ "$status" -gt 128 ] && [ "$(kill -l "$status")" = ABRT ] && grep -q "$2" "$work/err" && [ ! -s "$work/out" ]
}
prints() { # MODE EXPECTED
    run "$1"
    [ "$status" -eq 0 ] && [ "$(cat "$work/out")" = "$2" ]
}

check "the program compiles" compile
for threads in 1 4; do
    PARALLEL_NUM_THREADS=$threads
    export PARALLEL_NUM_THREADS
    for mode in map serial timeout into background async stream; do
        check "an exception in a task, $mode, $threads workers" terminates $mode "thrown in a task"
    done
    check "in a loop, $threads workers" terminates for "thrown in a loop"
    check "in a callback, $threads workers" terminates progress "thrown in a callback"
    check "in a sink, $threads workers" terminates sink "thrown in a callback"
    check "in a notification, $threads workers" terminates notification "thrown in a callback"
    check "in a worker process it is a crash of that task, $threads workers" prints process "1 failed, state 4"
    check "or of that item of a stream, $threads workers" prints "stream process" "item 3, state 4"
    check "objects of threads end before static ones, $threads workers" prints end ""
    check "those of a pool of one's own, too, $threads workers" prints pool ""
    check "or when the program's pool is shut down, $threads workers" prints shutdown "0, and some are destroyed"
done
done_testing
