#!/bin/sh
# SPDX-License-Identifier: MIT
# The suite of traces compiles against the library as it was built, and without counters and hooks; what fails is
# told, and the CSV has its form.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
suite=$srcdir/bench/traces
[ -e "$suite/driver.c" ] || skip_all "no suite"
defines="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700"
flags="-O1 $defines -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
programs=$work/programs
mkdir "$programs"

driver() {
    # shellcheck disable=SC2086
    $CC $flags -c -o "$work/driver.o" "$suite/driver.c" &&
        "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags -no-install -o "$programs/way-off" \
            "$work/driver.o" "$builddir/libparallel.la" && cp "$programs/way-off" "$programs/way-untraced"
}
runner() {
    # shellcheck disable=SC2086
    $CC -O1 $defines -Wall -Wextra -o "$programs/run" "$suite/run.c" "$srcdir"/bench/harness/*.c -lpthread
}
# What inline functions leave out; the files that have them compile without a warning.
untraced() {
    for source in sched/participant sched/inline sched/worker sched/scheduler call/call; do
        # shellcheck disable=SC2086
        $CC $flags -Werror -DPL_UNTRACED -I"$srcdir/src" -c -o "$work/part.o" "$srcdir/src/$source.c" || return
    done
}
small() { # WORKLOADS
    "$programs/run" -d "$programs" -o "$work/traces.csv" -r 2 -t 0 -p 2 "$@"
}
well_formed() {
    awk -F, '/^#/ { next }
        !names { names = NF; good = $1 == "workload" && $NF == "disturbed"; next }
        { rows++ }
        NF != names || $4 != 2 || $5 <= 0 || $6 + 0 < $5 + 0 { print; good = 0 }
        END { exit !good || rows != 12 }' "$work/traces.csv"
}
check "the driver compiles" driver
check "the runner compiles" runner
check "the library compiles without hooks" untraced
check "all workloads run" small
check "the CSV is well formed" well_formed
check "a trace was recorded" grep -q '^<svg' "$programs/trace.svg"
refuse "a workload that does not exist succeeds" small no-such
refuse "a driver without arguments succeeds" "$programs/way-off"
rm "$programs/way-untraced"
refuse "a program that is missing succeeds" small at-once
done_testing
