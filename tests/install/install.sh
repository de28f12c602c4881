#!/bin/sh
# SPDX-License-Identifier: MIT
# As a user: installs the library into an empty place, compiles programs against it through pkg-config, and runs them.
# The README's program is one of them.
. "$srcdir/tests/support/tap.sh"
[ -z "$SANITIZERS" ] || skip_all "a sanitized library does not link into plain programs"
[ -n "$PKG_CONFIG" ] || skip_all "no pkg-config"

root=$work/root
check "make install" ${MAKE:-make} -C "$builddir" install DESTDIR="$root"
PKG_CONFIG_PATH=$root$pkgconfigdir
PKG_CONFIG_SYSROOT_DIR=$root
LD_LIBRARY_PATH=$root$libdir
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
# A prefix that pkg-config takes for the system's has no flags of its own: then say where the copy is.
here="-I$root$prefix/include -L$root$libdir"

strict="-std=c11 -pedantic -Wall -Wextra -Werror"
compile() { # PROGRAM FLAGS... SOURCE
    program=$1
    shift
    # shellcheck disable=SC2046,SC2086
    $CC "$@" $here $($PKG_CONFIG --cflags --libs parallel) -o "$work/$program"
}
compile_cxx() {
    program=$1
    shift
    # shellcheck disable=SC2046,SC2086
    $CXX "$@" $here $($PKG_CONFIG --cflags --libs parallel) -o "$work/$program"
}
prints() { # EXPECTED PROGRAM
    # shellcheck disable=SC2086
    [ "$($EMULATOR "$work/$2")" = "$1" ]
}

knows() { # COMPILER LANGUAGE STANDARD
    # shellcheck disable=SC2086
    : | $1 "-std=$3" -fsyntax-only -x "$2" - 2>/dev/null
}

source=$srcdir/tests/install/program.c
for level in -O0 -O3; do
    # shellcheck disable=SC2086
    check "a C11 program compiles, $level" compile program $strict $level "$source"
    check "and runs" prints fine program
done
for standard in c17 c2x; do
    if knows "$CC" c $standard; then
        check "a C program compiles, $standard" compile program -std=$standard -pedantic -Wall -Wextra -Werror "$source"
        check "and runs" prints fine program
    else
        skip "a C program, $standard" "the compiler does not know it"
    fi
done
for wrong in ARGUMENT_TYPE RESULT_TYPE OPTION UNDECORATED TASK_COUNT SPAWN_OUTSIDE CAPTURE; do
    refuse "does not compile, whatever the flags: $wrong" compile wrong -std=c11 -w "-DWRONG_$wrong" "$source"
done
for wrong in UNNAMED_OPTION TASK_ARGUMENT; do
    # shellcheck disable=SC2086
    refuse "does not compile without a warning: $wrong" compile wrong $strict "-DWRONG_$wrong" "$source"
done

if command -v "${CXX%% *}" >/dev/null 2>&1; then
    for standard in c++11 c++14 c++17 c++20 c++23; do
        knows "$CXX" c++ $standard || continue
        check "a C++ program compiles, $standard" compile_cxx program_cc -std=$standard -pedantic -Wall -Wextra -Werror \
            "$srcdir/tests/install/program.cc"
        check "and runs" prints fine program_cc
    done
else
    skip "a C++ program" "no C++ compiler"
fi

# The header's release, and the library's, are the package's.
cat >"$work/version.c" <<'END'
#include <parallel.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    char parts[64];
    snprintf(parts, sizeof parts, "%d.%d.%d", PARALLEL_VERSION_MAJOR, PARALLEL_VERSION_MINOR, PARALLEL_VERSION_PATCH);
    puts(strcmp(parts, PARALLEL_VERSION) == 0 && strcmp(parts, parallel_version()) == 0 ? parts : "differ");
}
END
# shellcheck disable=SC2086
check "a program that asks for the version compiles" compile version $strict "$work/version.c"
check "and it is the package's" prints "$($PKG_CONFIG --modversion parallel)" version

# CMake's find_package().
cmake_consumer() {
    mkdir "$work/cmake" && cp "$source" "$work/cmake/program.c" && cat >"$work/cmake/CMakeLists.txt" <<'END' || return
cmake_minimum_required(VERSION 3.13)
project(consumer C)
find_package(parallel 0.2 REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE parallel::parallel)
END
    CC=$CC cmake -S "$work/cmake" -B "$work/cmake/build" -Dparallel_DIR="$root$libdir/cmake/parallel" &&
        cmake --build "$work/cmake/build" && [ "$("$work/cmake/build/program")" = fine ]
}
if command -v cmake >/dev/null && [ -z "$EMULATOR" ]; then
    check "find_package(parallel) and parallel::parallel, with CMake" cmake_consumer
else
    skip "find_package(parallel)" "no cmake, or another machine's"
fi

# Documents, and examples with a makefile.
docs=$root$docdir
check "no link of the installed documents is dead" "$srcdir/scripts/check-links" "$docs"
built_examples() {
    cp -R "$docs/examples" "$work/examples" && cd "$work/examples" &&
        ${MAKE:-make} CC="${CC:-cc}" CFLAGS="-O1 $here" PKG_CONFIG="$PKG_CONFIG" "$@" && cd "$OLDPWD"
}
check "the installed examples compile by their makefile" built_examples wordcount prices traces/few_items
echo 'a word and a word' >"$work/words"
check "and run" test "$($EMULATOR "$work/examples/wordcount" -n 1 "$work/words")" = "      2 a"

# All headers are there, those in detail/ too.
headers() { (cd "$1" && find . -name '*.h' ! -name declarations.h | sort); }
all_headers() {
    headers "$srcdir/include" | if [ -n "$MPI_DEFAULT" ]; then cat; else grep -vx ./parallel_mpi.h; fi >"$work/headers"
    headers "$root$prefix/include" | cmp - "$work/headers"
}
check "every header is installed" all_headers

# Declarations alone are what C compilers take, too; have all that is exported; and are what cffi takes.
declarations=$root$prefix/include/libparallel/declarations.h
plain_declarations() {
    { printf '#include <%s>\n' stdbool.h stddef.h stdint.h
        cat "$declarations"
        echo 'int size[sizeof(parallel_options) == SIZE && sizeof(parallel_function) == SIZE_OF_FUNCTION ? 1 : -1];'
    } >"$work/declarations.c"
    printf '#include <parallel.h>\n#include <stdio.h>\nint main(void) { %s }\n' \
        'printf("-DSIZE=%zu -DSIZE_OF_FUNCTION=%zu\n", sizeof(parallel_options), sizeof(parallel_function));' >"$work/sizes.c"
    compile sizes "$work/sizes.c" &&
        # shellcheck disable=SC2046,SC2086
        $CC $strict $($EMULATOR "$work/sizes") -c "$work/declarations.c" -o "$work/declarations.o"
}
declares_all() {
    ${NM:-nm} -D --defined-only "$root$libdir/libparallel.so" | awk '$3 ~ /^parallel_/ { sub(/@.*/, "", $3); print $3 }' |
        while read -r name; do
            grep -q "[ *]$name[(\[]" "$declarations" || echo "$name is not declared"
        done | grep .
}
check "declarations alone compile, and mean the same" plain_declarations
refuse "lack what is exported" declares_all
refuse "have code, attributes or directives" grep -nE '^#|__|_Atomic|return|_Static_assert|static' "$declarations"
in_cffi() {
    python3 - "$declarations" "$root$libdir/libparallel.so" <<'END'
import sys, cffi
ffi = cffi.FFI()
ffi.cdef(open(sys.argv[1]).read())
parallel = ffi.dlopen(sys.argv[2])
assert ffi.string(parallel.parallel_version()).count(b".") == 2
squares = [0] * 1000
@ffi.callback("void(size_t, size_t, void *)")
def body(begin, end, data):
    for i in range(begin, end):
        squares[i] = i * i
options = ffi.new("parallel_options *", {"size": ffi.sizeof("parallel_options"), "max_workers": 2})
assert parallel.parallel_for_function(1000, body, ffi.NULL, options) == 0
assert squares == [i * i for i in range(1000)]
END
}
# Other languages: the examples, where the language is.
bindings=$docs/examples/bindings
run_rust() {
    rustc -L "$root$libdir" "$bindings/squares.rs" -o "$work/squares" && [ "$("$work/squares")" = 332833500 ]
}
run_python() {
    [ "$(python3 "$bindings/squares.py")" = 332833500 ]
}
run_go() {
    (cd "$work" && export HOME="$work" GOCACHE="$work/go" CGO_CFLAGS="$here" CGO_LDFLAGS="$here" CC="${CC##* }" &&
        [ "$(go run "$bindings/squares.go")" = 332833500 ])
}
if [ -z "$EMULATOR" ] && [ -e "$root$libdir/libparallel.so" ]; then
    for language in python3:run_python rustc:run_rust go:run_go; do
        if ${language%:*} --version >/dev/null 2>&1 || ${language%:*} version >/dev/null 2>&1; then
            check "the binding for ${language%:*}" "${language#*:}"
        else
            skip "the binding for ${language%:*}" "it is not there"
        fi
    done
    if python3 -c 'import cffi' 2>/dev/null; then
        check "cffi takes the declarations" in_cffi
    else
        skip "cffi takes the declarations" "no cffi"
    fi
fi

# Nothing but the public names is visible, and no other library is needed.
exported() { # any other than parallel_...?
    ${NM:-nm} -D --defined-only "$root$libdir/libparallel.so" | awk '$3 !~ /^(parallel_|PARALLEL_)/ { print; bad = 1 } END { exit !bad }'
}
needed() {
    readelf -d "$root$libdir/libparallel.so" | grep NEEDED | grep -vE 'libc\.|libpthread|ld-linux'
}
if command -v nm >/dev/null && [ -e "$root$libdir/libparallel.so" ]; then
    refuse "exports other names than parallel_*" exported
    refuse "needs other libraries than libc" needed
fi
refuse "installs a folder parallel/" test -e "$root$prefix/include/parallel"

# The program at the top of its header, by each MPI, alone. That is not below the copy's root.
mpi_program() { # NAME
    # shellcheck disable=SC2046,SC2086
    $CC $strict -Wno-pedantic "$work/mpi.c" $here $(PKG_CONFIG_SYSROOT_DIR= $PKG_CONFIG --cflags --libs "$1") \
        -o "$work/mpi"
}
if [ -n "$MPI_DEFAULT" ]; then
    { echo '#include <stdio.h>'
        sed -n '/^ \*     #include/,/^ \*     }/s/^ \*     //p' "$srcdir/include/parallel_mpi.h" | sed \
            -e '0,/\.\.\./s//double in[3] = {1, 2, 3}; size_t n = 3;/' \
            -e 's/\.\.\./printf("%g\\n", ((const double *)parallel_values(r))[2]); parallel_results_free(r);/'
    } >"$work/mpi.c"
    for mpi in parallel-mpi ${OPENMPI_RUN:+parallel-mpi-openmpi} ${MPICH_RUN:+parallel-mpi-mpich}; do
        check "a program of $mpi compiles" mpi_program $mpi
        check "and runs" prints 27 mpi
    done
fi

# The README's whole programs, as printed there, give what is printed below each of them.
awk -v to="$work/readme" '/^```c$/ { on = 1; text = ""; next }
    /^```text$/ { on = 2; text = ""; n++; printf "%s", program >(to n ".c"); next }
    /^```/ { if (on == 1) program = text; if (on == 2) printf "%s", text >(to n ".txt"); on = 0 }
    { text = text $0 "\n" }' "$srcdir/README.md"
for n in 1 2; do
    # shellcheck disable=SC2086
    check "the README's program $n compiles" compile readme$n $strict "$work/readme$n.c"
    check "the README shows what it prints" test -s "$work/readme$n.txt"
    # shellcheck disable=SC2086
    $EMULATOR "$work/readme$n" >"$work/readme.out" 2>&1
    check "and prints that" cmp "$work/readme.out" "$work/readme$n.txt"
done
# So does the one at the top of the header.
sed -n 's/^ \*     //p' "$srcdir/include/parallel.h" >"$work/header.c"
# shellcheck disable=SC2086
check "the header's program compiles" compile header $strict "$work/header.c"
check "and runs" prints 9.97003e+08 header

if command -v valgrind >/dev/null && [ -z "$PARALLEL_NO_VALGRIND" ]; then
    check "no leak at exit, says valgrind" valgrind -q --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
        --error-exitcode=9 "$work/program"
else
    skip "no leak at exit" "no valgrind"
fi

check "make uninstall" ${MAKE:-make} -C "$builddir" uninstall DESTDIR="$root"
left() { find "$root" -type f -o -type l | grep .; }
refuse "leaves something behind" left
done_testing
