#!/bin/sh
# SPDX-License-Identifier: MIT
# The suite of frames compiles against the library as it was built, all ways agree on the results, a wrong one is
# caught, and the CSV has its form.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
suite=$srcdir/bench/frames
[ -e "$suite/driver.c" ] || skip_all "no suite"
defines="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700"
flags="-O1 $defines -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
programs=$work/programs
mkdir "$programs"

driver() {
    # shellcheck disable=SC2086
    $CC $flags -c -o "$work/driver.o" "$suite/driver.c"
}
# way NAME FLAGS: a program of the suite, linked with the library
way() {
    # shellcheck disable=SC2086
    $CC $flags ${2:-} -c -o "$work/way.o" "$suite/ways/$1.c" &&
        "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags ${2:-} -no-install -o "$programs/way-$1" \
            "$work/way.o" "$work/driver.o" "$builddir/libparallel.la"
}
runner() {
    # shellcheck disable=SC2086
    $CC -O1 $defines -Wall -Wextra -o "$programs/run" "$suite"/run*.c "$srcdir"/bench/harness/*.c -lpthread
}
has_openmp() {
    echo '#include <omp.h>
int main(void) { return omp_get_max_threads() < 1; }' >"$work/probe.c"
    # shellcheck disable=SC2086
    [ -z "$SANITIZERS" ] && $CC $flags -fopenmp -o "$work/probe" "$work/probe.c" 2>/dev/null && "$work/probe"
}
small() { # WORKLOADS
    "$programs/run" -d "$programs" -o "$work/frames.csv" -r 2 -f 5 -p 2 "$@"
}
# ROWS of as many fields as there are names, times that grow, all frames, and a good end.
well_formed() {
    awk -F, -v rows="$1" '/^#/ { next }
        !names { names = NF; good = $1 == "workload" && $NF == "result"; next }
        { have++ }
        NF != names || $4 != 10 || $5 <= 0 || $6 + 0 < $5 + 0 || $7 + 0 < $6 + 0 || $8 + 0 < $7 + 0 || $NF != "OK" {
            print; good = 0
        }
        END { exit !good || have != rows }' "$work/frames.csv"
}
says_wrong() {
    small 100ns >"$work/out" 2>&1 && return 1
    cat "$work/out"
    grep -q ' FAILED$' "$work/out" && grep -q ',FAILED$' "$work/frames.csv"
}

ways=2
check "the driver compiles" driver
check "serial compiles" way serial
check "parallel compiles" way parallel
if has_openmp; then
    check "openmp compiles" way openmp -fopenmp
    ways=5
fi
check "the runner compiles" runner
check "frames are drawn, and all ways agree" small 100ns 1us-beside
check "the CSV is well formed" well_formed $((2 * ways))
refuse "a workload that does not exist succeeds" small no-such
refuse "a driver without arguments succeeds" "$programs/way-serial"
cat >"$programs/way-tbb" <<'END2'
#!/bin/sh
for frame in 1 2 3 4 5; do echo 1000; done >"$3"
echo "cpus=1 sum=0123456789abcdef"
END2
chmod +x "$programs/way-tbb"
check "a wrong result is caught" says_wrong
printf '#!/bin/sh\n"%s/way-serial" "$1" 3 "$3"\n' "$programs" >"$programs/way-tbb"
check "so are frames that are missing" says_wrong
done_testing
