#!/bin/sh
# SPDX-License-Identifier: MIT
# The suite of collections compiles against the library as it was built, each way gets the right results, a wrong one is
# caught, and the CSV has its form.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
suite=$srcdir/bench/collections
[ -e "$suite/driver.c" ] || skip_all "no suite"
defines="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700"
flags="-O1 $defines -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
programs=$work/programs
mkdir "$programs"

shared() {
    for part in "$suite"/driver.c "$suite"/items.c "$suite"/workloads*.c; do
        # shellcheck disable=SC2086
        $CC $flags -c -o "$work/part-$(basename "$part" .c).o" "$part" || return 1
    done
}
# way NAME SOURCE FLAGS: a program of the suite, linked with the library
way() {
    # shellcheck disable=SC2086
    $CC $flags ${3:-} -c -o "$work/way.o" "$suite/ways/$2" &&
        "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags ${3:-} -no-install -o "$programs/$1-gcc" \
            "$work/way.o" "$work"/part-*.o "$builddir/libparallel.la" -lm
}
runner() {
    # shellcheck disable=SC2086
    $CC -O1 $defines -Wall -Wextra -o "$programs/run" "$suite"/run*.c "$srcdir"/bench/harness/*.c -lm -lpthread
}
has_openmp() {
    echo '#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }' >"$work/probe.c"
    # shellcheck disable=SC2086
    [ -z "$SANITIZERS" ] && $CC $flags -fopenmp -o "$work/probe" "$work/probe.c" 2>/dev/null && "$work/probe"
}

small() { # WORKLOADS
    "$programs/run" -d "$programs" -o "$work/collections.csv" -r 1 -t 1 -s -p "1 2" "$@"
}
# Rows have as many fields as there are names, numbers where numbers are due, and a good end.
well_formed() {
    awk -F, '/^#/ { next }
        !names { names = NF; good = $1 == "workload" && $NF == "result"; next }
        { rows++ }
        NF != names || $2 !~ /^[0-9]+$/ || $5 !~ /^[0-9]+$/ || $7 !~ /^[0-9.]+$/ || $8 + 0 < $7 + 0 || $NF != "OK" {
            print; good = 0
        }
        END { exit !good || rows < 60 }' "$work/collections.csv"
}
is_right() { # PROGRAM WORKLOAD N
    PARALLEL_NUM_THREADS=4 OMP_NUM_THREADS=4 "$programs/$1" "$2" "$3" 1 >"$work/out" 2>&1
    status=$?
    cat "$work/out"
    [ $status -eq 0 ] && grep -q ' result=OK$' "$work/out"
}
says_wrong() {
    small sum-int >"$work/out" 2>&1 && return 1
    cat "$work/out"
    grep -q 'WRONG' "$work/out" && grep -q ',WRONG$' "$work/collections.csv"
}

check "what the programs share compiles" shared
check "serial compiles" way serial serial.c
check "parallel compiles" way parallel parallel.c
check "parallel-unrestricted compiles" way parallel-unrestricted parallel_unrestricted.c
ways="serial parallel"
if has_openmp; then
    check "openmp compiles" way openmp openmp.c -fopenmp
    check "openmp-simd compiles" way openmp-simd openmp_simd.c -fopenmp
    ways="$ways openmp"
fi
check "the runner compiles" runner
check "all workloads run, and all ways are right" small
check "the CSV is well formed" well_formed
OMP_WAIT_POLICY=passive # there may be more threads than CPUs
export OMP_WAIT_POLICY
for way in $ways; do
    for workload in sum-double sum-float sum-int max-int affine map-reduce-cheap histogram count find-absent find-early \
        min-index scan-double scan-int filter-half stencil; do
        check "$workload, $way: is right for many items" is_right "$way-gcc" $workload 300001
    done
done
check "stencil, parallel-unrestricted: is right for many items" is_right parallel-unrestricted-gcc stencil 300001
refuse "a workload that does not exist succeeds" small no-such
refuse "a driver without arguments succeeds" "$programs/serial-gcc"
cat >"$programs/tbb-gcc" <<'END'
#!/bin/sh
echo "min=1 median=1 result=WRONG"
exit 1
END
chmod +x "$programs/tbb-gcc"
check "a wrong result is caught" says_wrong
done_testing
