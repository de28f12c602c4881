#!/bin/sh
# SPDX-License-Identifier: MIT
# Small programs that each showed a fault of an older release, as a user would write them: "Expected" stands at the top
# of each (and "Seen", what came of it then). Those that a busy machine could decide run if PARALLEL_FAULTS is "all":
# `./dev faults`.
. "$srcdir/tests/support/tap.sh"
[ -z "$SANITIZERS" ] || skip_all "a sanitized library does not link into plain programs"
[ -z "$EMULATOR" ] || skip_all "they are about this system"
[ "$(uname -s)" = Linux ] || skip_all "they are about Linux"
[ -e "$builddir/.libs/libparallel.so" ] || skip_all "no shared library"
ulimit -c 0 2>/dev/null
LD_LIBRARY_PATH=$builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
unset PARALLEL_NUM_THREADS

# compile NAME: the program, with a shared library, as clock_goes_back finds it
compile() {
    source=$(ls "$srcdir/tests/faults/programs/$1".c*)
    case $source in
    *.cc)
        command -v "${CXX%% *}" >/dev/null 2>&1 || return 77
        compiler="$CXX -std=c++17"
        ;;
    *) compiler="$CC -std=gnu11" ;;
    esac
    # shellcheck disable=SC2086
    $compiler -O2 -w -I"$srcdir/include" "$source" -L"$builddir/.libs" -lparallel -lpthread -lm -o "$work/$1"
}

# run NAME ARGUMENTS...: 77 if it cannot be tried here
run() {
    program=$1
    shift
    timeout -k 1 90 "$work/$program" "$@" >"$work/out" 2>&1
    status=$?
    cat "$work/out"
    echo "exit status $status"
    return $status
}

# shown NAME ARGUMENTS...: one test. What precedes the program is in $before, and $accept is a status that is as good as
# 0.
before=
accept=0
shown() {
    name=$1
    compile "$name" >"$work/compiled" 2>&1
    compiled=$?
    if [ "$compiled" -eq 77 ]; then
        skip "$*" "no C++ compiler"
        return
    fi
    cat "$work/compiled"
    $before run "$@" >"$work/log" 2>&1
    got=$?
    if [ "$got" -eq 77 ]; then
        skip "$*" "it cannot be tried here: $(head -n 1 "$work/log")"
    else
        check "$*" sh -c 'cat "$1"; [ "$2" -eq 0 ] || [ "$2" -eq "$3" ]' sh "$work/log" "$got" "$accept"
    fi
}

without_proc() {
    unshare -m true 2>/dev/null || return 77
    # shellcheck disable=SC2016
    unshare -m sh -c 'umount -l /proc && exec "$@"' sh "$work/$2"
}
with_unlimited_stack() {
    (
        ulimit -s unlimited 2>/dev/null || exit 77
        "$@"
    )
}
with_few_calls() {
    PARALLEL_SYSCALLS=few "$@"
}

for name in cancelled_waiter_locks_executor child_ignores_sigterm clock_goes_back fork_handler_hangs locale_differs \
    result_misaligned rounding_differs sandbox_refuses stopped_supervisor_hangs thread_local_after_statics freed_pool_used \
    kept_workers_stay_root; do
    shown $name
done
accept=134 # std::terminate() at once
shown exception_then_hang
accept=0
shown freed_pool_used kept
for depth in 0 1 2 3 5; do
    shown process_chain_left $depth
done
rank() {
    if [ "$(nice)" = 0 ]; then
        shown priority_inherited "$1"
    else
        skip "priority_inherited $1" "it takes the program's own priority for the usual one"
    fi
}
rank idle
rank fifo
shown scribbled_board_kills 0 0xffffffff 4
shown scribbled_board_kills 0 100000 4
shown scribbled_board_kills 8 0x7fffffffffff 8
before=with_few_calls shown sandbox_kills
before=with_unlimited_stack shown small_stack_if_unlimited
before=without_proc shown memory_limit_without_proc

if [ "$PARALLEL_FAULTS" = all ]; then
    shown cancelled_map_writes_stack
    shown mlockall_locks_gigabytes
    shown mlockall_locks_gigabytes 8
    shown pinned_first_call
    rank nice
    shown scribbled_board_random
    shown serial_past_1024_threads
    shown silent_stop_costs
fi
done_testing
