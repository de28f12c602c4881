#!/bin/sh
# SPDX-License-Identifier: MIT
# As a user of Meson: a program with the library as a subproject. Meson lists its sources as the makefiles do.
. "$srcdir/tests/support/tap.sh"
if [ -n "$SANITIZERS$EMULATOR" ]; then
    skip_all "a library of its own says nothing of this build"
fi
command -v meson >/dev/null && command -v ninja >/dev/null || skip_all "no meson, or no ninja"

version=$("$srcdir/scripts/sources" --version)
library=$work/program/subprojects/parallel-$version
mkdir -p "$library/scripts"
cp -R "$srcdir/meson.build" "$srcdir/configure.ac" "$srcdir/src" "$srcdir/include" "$library"
cp "$srcdir/scripts/sources" "$library/scripts"
cp "$srcdir/packaging/parallel.wrap" "$work/program/subprojects"
cp "$srcdir/tests/install/program.c" "$work/program"
cat >"$work/program/meson.build" <<'END'
project('program', 'c', default_options: ['c_std=c11', 'warning_level=3', 'werror=true'])
executable('program', 'program.c', dependencies: dependency('parallel', version: '>=0.2'))
END

# without optimization, as it is only to be seen to build
build() {
    (unset CFLAGS && CC=$CC meson setup --buildtype=plain "$work/build" "$work/program" && ninja -C "$work/build")
}
check "a program and the library are built" build
check "and the program runs" test "$("$work/build/program")" = fine

exports() { # LIBRARY
    ${NM:-nm} -D --defined-only "$1" | awk '{ print $3 }' | sort
}
if [ -e "$builddir/.libs/libparallel.so" ]; then
    exports "$builddir/.libs/libparallel.so" >"$work/ours"
    exports "$work/build/subprojects/parallel-$version/libparallel.so" >"$work/theirs"
    check "it exports what configure's does" cmp "$work/ours" "$work/theirs"
fi
done_testing
