#!/bin/sh
# SPDX-License-Identifier: MIT
# The suite of processes compiles against the library as it was built, all ways agree on the results, a wrong one is
# caught, and the CSV has its form.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
suite=$srcdir/bench/processes
[ -e "$suite/driver.c" ] || skip_all "no suite"
defines="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700"
flags="-O1 $defines -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
programs=$work/programs
mkdir "$programs"

driver() {
    for part in driver driver_ends; do
        # shellcheck disable=SC2086
        $CC $flags -c -o "$work/$part.o" "$suite/$part.c" || return 1
    done
    # shellcheck disable=SC2086
    "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags -no-install -o "$programs/driver" "$work/driver.o" \
        "$work/driver_ends.o" "$builddir/libparallel.la"
}
runner() {
    # shellcheck disable=SC2086
    $CC -O1 $defines -Wall -Wextra -o "$programs/run" "$suite"/run*.c "$srcdir"/bench/harness/*.c -lpthread
}
small() { # WORKLOADS
    "$programs/run" -d "$programs" -o "$work/processes.csv" -r 1 -t 0 -p 2 "$@"
}
# ROWS of as many fields as there are names, numbers where numbers are due, and a good end.
well_formed() {
    awk -F, -v rows="$1" '/^#/ { next }
        !names { names = NF; good = $1 == "workload" && $NF == "result"; next }
        { have++ }
        NF != names || $2 !~ /^[0-9]+$/ || $7 !~ /^-?[0-9.]+$/ || $8 + 0 < $7 + 0 || $9 + 0 < $8 + 0 || $NF != "OK" {
            print; good = 0
        }
        END { exit !good || have != rows }' "$work/processes.csv"
}
says_wrong() {
    small calls-10 >"$work/out" 2>&1 && return 1
    cat "$work/out"
    grep -q ' FAILED$' "$work/out" && grep -q ',FAILED$' "$work/processes.csv"
}

check "the driver compiles" driver
check "the runner compiles" runner
check "calls of all sizes run, and all ways agree" small calls first million memory-0mb memory-40mb
check "the CSV is well formed" well_formed 33
check "crashes and timeouts are measured" small crash-0mb late
check "the CSV of these is well formed" well_formed 5
refuse "a workload that does not exist succeeds" small no-such
refuse "a driver without arguments succeeds" "$programs/driver"
cat >"$programs/python" <<'END'
#!/bin/sh
echo "min_ns=1 median_ns=1 max_ns=1 sum=0123456789abcdef"
END
chmod +x "$programs/python"
check "a wrong result is caught" says_wrong
if command -v python3 >/dev/null; then
    printf '#!/bin/sh\nexec python3 "%s/pool.py" "$@"\n' "$suite" >"$programs/python"
    check "Python's pools agree" small calls-10 first
    check "the CSV of these is well formed" well_formed 14
else
    skip "Python's pools agree" "no python3"
fi
done_testing
