#!/bin/sh
# SPDX-License-Identifier: MIT
# A plugin that uses the shared library comes and goes: each time it works, and nothing is left of it.
. "$srcdir/tests/support/tap.sh"
[ -z "$SANITIZERS" ] || skip_all "a sanitized library does not link into plain programs"
[ -e "$builddir/.libs/libparallel.so" ] || skip_all "no shared library"
[ -d /proc/self/task ] || skip_all "the system does not tell what a process has"

LD_LIBRARY_PATH=$builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
MALLOC_ARENA_MAX=1 # the C library has no more address space for other threads
export LD_LIBRARY_PATH MALLOC_ARENA_MAX
compile() {
    # shellcheck disable=SC2086
    $CC $CFLAGS -std=c11 -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 "$@" -lpthread
}
plugin() {
    compile -fPIC -shared -I"$srcdir/include" "$srcdir/tests/api/plugin.c" -L"$builddir/.libs" -lparallel \
        -o "$work/plugin.so"
}
host() {
    compile -I"$srcdir/tests" "$srcdir/tests/api/plugin_host.c" -ldl -o "$work/host"
}
check "a plugin compiles" plugin
check "a program that does not know the library compiles" host
check "it is loaded many times, and nothing is left" $EMULATOR "$work/host" "$work/plugin.so" 0
check "with worker processes, too" $EMULATOR "$work/host" "$work/plugin.so" 1
check "threads that have called it outlive it" $EMULATOR "$work/host" "$work/plugin.so" 2
check "the program ends while it is loaded" $EMULATOR "$work/host" "$work/plugin.so" 3
done_testing
