#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmark suite's programs compile against the library as it was built, and each gets the right result, whatever
# the number of threads.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
suite=$srcdir/bench/suite
[ -e "$suite/suite.c" ] || skip_all "no suite"
flags="-O1 -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"

shared() {
    # shellcheck disable=SC2086
    $CC $flags -c -o "$work/suite.o" "$suite/suite.c"
}
serial() { # KERNEL
    # shellcheck disable=SC2086
    $CC $flags -o "$work/$1-serial" "$suite/$1/serial.c" "$work/suite.o" -lm
}
openmp() {
    # shellcheck disable=SC2086
    $CC $flags -fopenmp -o "$work/$1-openmp" "$suite/$1/openmp.c" "$work/suite.o" -lm
}
parallel() {
    # shellcheck disable=SC2086
    $CC $flags -c -o "$work/$1.o" "$suite/$1/parallel.c" &&
        "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags -no-install -o "$work/$1-parallel" "$work/$1.o" \
            "$work/suite.o" "$builddir/libparallel.la" -lm
}
has_openmp() {
    echo '#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }' >"$work/probe.c"
    # shellcheck disable=SC2086
    [ -z "$SANITIZERS" ] && $CC $flags -fopenmp -o "$work/probe" "$work/probe.c" 2>/dev/null && "$work/probe"
}

OMP_WAIT_POLICY=passive # there may be more threads than CPUs
export OMP_WAIT_POLICY
run_small() { # PROGRAM THREADS
    PARALLEL_NUM_THREADS=$2 OMP_NUM_THREADS=$2 "$work/$1" 2 small >"$work/out" 2>&1
    status=$?
    cat "$work/out"
    [ $status -eq 0 ] && grep -q ' result=OK$' "$work/out"
}

ways="serial parallel"
has_openmp && ways="$ways openmp"
check "what the programs share compiles" shared
for source in "$suite"/*/parallel.c; do
    kernel=$(basename "$(dirname "$source")")
    for way in $ways; do
        check "$kernel, $way: compiles" $way "$kernel"
        counts="1 2 4 16"
        [ $way != serial ] || counts=1
        for n in $counts; do
            check "$kernel, $way: is right with $n threads" run_small "$kernel-$way" "$n"
        done
    done
done
refuse "a program without arguments succeeds" "$work/fib-parallel"
done_testing
