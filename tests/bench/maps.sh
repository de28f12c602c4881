#!/bin/sh
# SPDX-License-Identifier: MIT
# The suite of maps compiles against the library as it was built, all ways agree on each result, a wrong one is caught,
# and the CSV has its form.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
maps=$srcdir/bench/maps
[ -e "$maps/driver.c" ] || skip_all "no suite"
defines="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700"
flags="-O1 $defines -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
programs=$work/programs
mkdir "$programs"

shared() {
    for part in driver driver_modes items; do
        # shellcheck disable=SC2086
        $CC $flags -c -o "$work/$part.o" "$maps/$part.c" || return 1
    done
}
# way NAME SOURCE FLAGS: a program of the suite, linked with the library
way() {
    # shellcheck disable=SC2086
    $CC $flags ${3:-} -c -o "$work/way.o" "$maps/ways/$2" &&
        "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags ${3:-} -no-install -o "$programs/$1-gcc" \
            "$work/way.o" "$work/driver.o" "$work/driver_modes.o" "$work/items.o" "$builddir/libparallel.la" -lm
}
runner() {
    # shellcheck disable=SC2086
    $CC -O1 $defines -Wall -Wextra -o "$programs/run" "$maps"/run*.c "$maps/items.c" \
        "$srcdir"/bench/harness/*.c -lm -lpthread
}
has_openmp() {
    echo '#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }' >"$work/probe.c"
    # shellcheck disable=SC2086
    [ -z "$SANITIZERS" ] && $CC $flags -fopenmp -o "$work/probe" "$work/probe.c" 2>/dev/null && "$work/probe"
}

everything="dispatch inlined pareto tail mandelbrot few nested idle crowded-1us neighbours-1us breakeven-1.4ns"
small() { # WORKLOADS
    # shellcheck disable=SC2086
    "$programs/run" -d "$programs" -o "$work" -r 1 -t 1 -s -p 2 "$@"
}
# Rows have as many fields as there are names, numbers where numbers are due, and a good end.
well_formed() {
    awk -F, '/^#/ { next }
        !names { names = NF; good = $1 == "workload" && $NF == "result"; next }
        { rows++ }
        NF != names || $2 !~ /^[0-9]+$/ || $6 !~ /^[0-9]+$/ || $10 !~ /^[0-9.]+$/ || $11 + 0 < $10 + 0 || $NF != "OK" {
            print; good = 0
        }
        END { exit !good || rows < 20 }' "$work/maps.csv"
}
says_wrong() {
    small dispatch >"$work/out" 2>&1 && return 1
    cat "$work/out"
    grep -q 'WRONG' "$work/out" && grep -q ',WRONG$' "$work/maps.csv"
}

check "what the programs share compiles" shared
check "serial compiles" way serial serial.c
check "parallel-map compiles" way parallel-map parallel_map.c
check "parallel-for compiles" way parallel-for parallel_for.c
way_in_cxx() {
    # shellcheck disable=SC2086
    $CXX ${flags%-std=c11*} ${flags#*-std=c11} -std=c++17 -c -o "$work/way.o" "$maps/ways/parallel_hpp.cc" &&
        "$builddir/libtool" --silent --tag=CXX --mode=link $CXX -no-install -o "$programs/parallel-hpp-gcc" \
            "$work/way.o" "$work/driver.o" "$work/driver_modes.o" "$work/items.o" "$builddir/libparallel.la" -lm
}
if [ -z "$SANITIZERS" ] && command -v "${CXX%% *}" >/dev/null 2>&1; then
    check "parallel-hpp compiles" way_in_cxx
else
    skip "parallel-hpp compiles" "no C++ compiler, or sanitizers"
fi
if has_openmp; then
    check "openmp-dynamic compiles" way openmp-dynamic openmp.c '-fopenmp -DSCHEDULE=dynamic'
    check "openmp-simd compiles" way openmp-simd openmp_simd.c -fopenmp
    check "openmp-taskloop compiles" way openmp-taskloop openmp_taskloop.c -fopenmp
fi
check "the runner compiles" runner
# shellcheck disable=SC2086
check "all workloads run, and all ways agree" small $everything
check "the CSV is well formed" well_formed
check "cold and first calls run" small cold-100us first second
refuse "a workload that does not exist succeeds" small no-such
refuse "a driver without arguments succeeds" "$programs/serial-gcc"
cat >"$programs/tbb-gcc" <<'END'
#!/bin/sh
echo "min=1 median=1 checksum=0123456789abcdef"
END
chmod +x "$programs/tbb-gcc"
check "a wrong result is caught" says_wrong
done_testing
