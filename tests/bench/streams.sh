#!/bin/sh
# SPDX-License-Identifier: MIT
# The suite of streams compiles against the library as it was built, all ways agree on the results, a wrong one is
# caught, and the CSV has its form.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_BENCH" ] || skip_all "told not to: it takes a while, and is done by ./dev test"
suite=$srcdir/bench/streams
[ -e "$suite/driver.c" ] || skip_all "no suite"
defines="-std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700"
flags="-O1 $defines -Wall -Wextra -I$srcdir/include"
[ -z "$SANITIZERS" ] || flags="$flags -g -fsanitize=$SANITIZERS -fno-sanitize-recover=all"
programs=$work/programs
mkdir "$programs"

# way NAME SOURCE DRIVER [LIBS]
way() {
    # shellcheck disable=SC2086
    $CC $flags -c -o "$work/way.o" "$suite/ways/$2" && $CC $flags -c -o "$work/driver.o" "$suite/$3.c" &&
        "$builddir/libtool" --silent --tag=CC --mode=link $CC $flags -no-install -o "$programs/way-$1" \
            "$work/way.o" "$work/driver.o" "$builddir/libparallel.la" ${4:-} -lpthread
}
runner() {
    # shellcheck disable=SC2086
    $CC -O1 $defines -Wall -Wextra -o "$programs/run" "$suite"/run*.c "$srcdir"/bench/harness/*.c -lpthread
}
small() { # WORKLOADS
    "$programs/run" -d "$programs" -o "$work/streams.csv" -r 1 -t 0 -p 2 "$@"
}
# ROWS of as many fields as there are names, numbers where numbers are due, and a good end.
well_formed() {
    awk -F, -v rows="$1" '/^#/ { next }
        !names { names = NF; good = $1 == "workload" && $NF == "result"; next }
        { have++ }
        NF != names || $5 !~ /^[0-9.]+$/ || $6 + 0 < $5 + 0 || $7 + 0 < $6 + 0 || $NF != "OK" {
            print; good = 0
        }
        END { exit !good || have != rows }' "$work/streams.csv"
}
says_wrong() {
    small task >"$work/out" 2>&1 && return 1
    cat "$work/out"
    grep -q ' FAILED$' "$work/out" && grep -q ',FAILED$' "$work/streams.csv"
}

check "the serial loop compiles" way serial serial.c driver
check "the same loop by calls compiles" way serial-calls serial_calls.c driver
check "a stream compiles" way parallel parallel.c driver
check "an open stream compiles" way parallel-open parallel_open.c driver
check "a ring by hand compiles" way ring ring.c driver
check "a task compiles" way async task_async.c driver_tasks
check "a map of one compiles" way async-map task_async_map.c driver_tasks
check "a descriptor for all compiles" way async-map-fd event_async_map_fd.c driver_tasks
check "a descriptor for each compiles" way async-fd event_async_fd.c driver_tasks
check "the runner compiles" runner
check "items come in order by all ways" small 100us trickle
check "the CSV is well formed" well_formed 8
check "tasks run, and all ways agree" small task events
check "the CSV of these is well formed" well_formed 4
refuse "a workload that does not exist succeeds" small no-such
refuse "a driver without arguments succeeds" "$programs/way-serial"
cat >"$programs/way-thread" <<'END'
#!/bin/sh
echo "min_ns=1 median_ns=1 max_ns=1 sum=0123456789abcdef"
END
chmod +x "$programs/way-thread"
check "a wrong result is caught" says_wrong
done_testing
