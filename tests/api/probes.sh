#!/bin/sh
# SPDX-License-Identifier: MIT
# Static probes, as tracers find them: notes in the library, each of the place of an instruction that does nothing.
. "$srcdir/tests/support/tap.sh"
grep -q -e '-DPL_SDT' "$builddir/Makefile" || skip_all "built without <sys/sdt.h>"
command -v readelf >/dev/null && command -v objdump >/dev/null || skip_all "neither readelf nor objdump"
library=$(ls "$builddir"/.libs/libparallel.so.*.*.* 2>/dev/null | head -n 1)
[ -n "$library" ] || skip_all "no shared library"
names="call_begin call_end chunk crash sleep steal wake"

# a line for each probe: its provider, name, place, semaphore, and how many arguments it has
readelf -nW "$library" | awk '
    sub(/.*Provider:/, "Provider:") { provider = $2 }
    $1 == "Name:" { name = $2 }
    $1 == "Location:" { place = substr($2, 1, length($2) - 1); semaphore = $6 }
    $1 == "Arguments:" { print provider, name, place, semaphore, NF - 1 }' >"$work/probes"

are_all() {
    cat "$work/probes"
    echo "$names" | tr ' ' '\n' >"$work/wanted"
    cut -d ' ' -f 2 "$work/probes" | sort -u | cmp - "$work/wanted"
}
# have FIELD VALUE: in each line
have() {
    cut -d ' ' -f "$1" "$work/probes" | sort -u | tee "$work/values"
    test "$(cat "$work/values")" = "$2"
}
are_idle() {
    while read -r provider name place rest; do
        instruction=$(objdump -d --no-show-raw-insn --start-address="$place" --stop-address="$((place + 4))" "$library" |
            awk '/^ *[0-9a-f]+:/ { print $2; exit }')
        echo "$provider:$name at $place ($rest): $instruction"
        test "$instruction" = nop || return
    done <"$work/probes"
}
check "the library has each of the seven, and no other" are_all
check "they are parallel's" have 1 parallel
check "none counts who listens, so that nobody looks at that" have 4 0x0000000000000000
check "each has two arguments" have 5 2
check "each is an instruction that does nothing" are_idle

# stops_at PROBE PROGRAM: a debugger does
stops_at() {
    "$builddir/libtool" --silent --mode=execute gdb -nx -batch -ex 'set breakpoint pending on' \
        -ex "break -probe-stap parallel:$1" -ex run -ex 'info probes stap parallel' -ex kill "$2" </dev/null 2>&1 |
        tee "$work/gdb"
    grep -q "Breakpoint 1, " "$work/gdb" && for name in $names; do grep -q "parallel *$name .*libparallel" "$work/gdb" || return; done
}
if ! command -v gdb >/dev/null || [ -n "$EMULATOR" ]; then
    skip "a debugger stops at them" "no gdb"
elif ! gdb -nx -batch -ex run true </dev/null 2>&1 | grep -q 'exited normally'; then
    skip "a debugger stops at them" "gdb may not run programs here"
else
    PARALLEL_NUM_THREADS=2
    export PARALLEL_NUM_THREADS
    for name in call_begin chunk call_end; do
        check "a debugger stops at $name" stops_at $name "$builddir/examples/traces/balanced"
    done
fi
done_testing
