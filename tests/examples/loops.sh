#!/bin/sh
# SPDX-License-Identifier: MIT
# Event loops go on while other threads work: those of poll(), libuv and GLib, as far as the libraries are there.
. "$srcdir/tests/support/tap.sh"
unset PARALLEL_NUM_THREADS
cd "$work" || exit 99
process=

at_exit() {
    [ -z "$process" ] || kill -KILL "$process" 2>/dev/null
}

run_loop() {
    PARALLEL_NUM_THREADS=$1 "$loop" 100 >out </dev/null
}

# try_loop NAME HOW: all of the work; and work of hours, stopped by a key or a signal when the loop has ticked.
try_loop() {
    loop=$(program "examples/$1")
    if [ ! -x "$loop" ]; then
        skip "$1" "its library is not there"
        return
    fi
    for n in 1 2 9; do
        check "$1 ends with $n workers" run_loop $n
        check "... and has all results" grep -q "^done: 100 parts, 17984 primes, [0-9]* ticks$" out
    done
    refuse "$1: no parts" "$loop" 0
    mkfifo "$1.out" "$1.in"
    "$loop" 1000000 >"$1.out" <"$1.in" &
    process=$!
    exec 3<"$1.out" 4>"$1.in"
    read -r word line <&3
    check "$1 ticks while it works" test "$word" = tick
    if [ "$2" = key ]; then
        echo q >&4
    else
        kill -INT $process
    fi
    status=0
    cat <&3 >rest
    wait $process || status=$?
    process=
    exec 3<&- 4>&-
    check "... and stops early, by a $2" test "$status" -eq 1
    check "... with a report" grep -q "^stopped: [0-9]* parts, [0-9]* primes, [0-9]* ticks$" rest
    rm "$1.out" "$1.in"
}

try_loop loop_poll key
try_loop loop_poll signal
try_loop loop_uv signal
try_loop loop_glib signal
done_testing
