#!/bin/sh
# SPDX-License-Identifier: MIT
# All code of the pages below is that of whole programs, which compile, and print what stands behind them: blocks of C,
# C++ (where the libraries that they compare with are there) and Python.
. "$srcdir/tests/support/tap.sh"
pages="tutorial faq failures time-limits processes streams from-tbb from-pthreads from-python"

# programs PAGE: puts the blocks of a page into program.N.c and the like, and what they print into program.N.out. Prints
# the names of the programs. Code of other languages (sh) is not looked at.
programs() {
    awk -v place="$work" '
        /^```(c|cpp|python)$/ {
            ending = $0 == "```c" ? "c" : $0 == "```cpp" ? "cc" : "py"
            program = "program." ++number "." ending
            file = place "/" program
            printf "" >file
            print program
            next
        }
        /^```text$/ && program != "" {
            file = place "/" program ".out"
            printf "" >file
            program = ""
            next
        }
        /^```/ { if (file != "") close(file); file = ""; next }
        file != "" { print >file; next }
        /^#/ { program = "" }' "$1"
}

compile() { # PROGRAM
    case $1 in
    *.cc) compiler="$CXX -std=c++17 -fPIC" flags= ;;
    *) compiler="$CC -std=c11 -Wpedantic" flags="-D_DEFAULT_SOURCE" ;;
    esac
    libraries=
    ! grep -q '<tbb/' "$work/$1" || libraries=-ltbb
    # shellcheck disable=SC2086
    $compiler $flags $CFLAGS -Wall -Wextra -Werror -I"$srcdir/include" "$work/$1" "$builddir/.libs/libparallel.a" \
        $libraries -lpthread -lm $SANITIZERS -o "$work/program"
}

prints() { # PROGRAM
    [ -s "$work/$1.out" ] || { echo "the page does not say what it prints"; return 1; }
    case $1 in
    *.py) (cd "$work" && python3 "$1") >"$work/printed" ;;
    # shellcheck disable=SC2086
    *) (cd "$work" && $EMULATOR ./program) >"$work/printed" ;;
    esac && diff "$work/$1.out" "$work/printed"
}

has_tbb() {
    echo '#include <tbb/parallel_for.h>' | $CXX -std=c++17 -E -x c++ - >/dev/null 2>&1
}

for page in $pages; do
    rm -f "$work"/program*
    programs "$srcdir/docs/$page.md" >"$work/list"
    check "$page has programs" test -s "$work/list"
    while read -r program; do
        case $program in
        *.py)
            if command -v python3 >/dev/null && [ -z "$EMULATOR" ]; then
                check "$page: $program prints what the page says" prints "$program"
            else
                skip "$page: $program" "no Python"
            fi
            continue
            ;;
        *.cc)
            if [ -n "$EMULATOR$SANITIZERS" ] || ! command -v "${CXX%% *}" >/dev/null || ! has_tbb; then
                skip "$page: $program" "no TBB"
                continue
            fi
            ;;
        esac
        # a sanitizer reports the crash, and takes memory that a limit does not allow for
        if [ -n "$EMULATOR$SANITIZERS" ] && grep -qi parallel_process "$work/$program"; then
            skip "$page: $program" "worker processes under a sanitizer or an emulator"
            continue
        fi
        check "$page: $program compiles" compile "$program"
        check "... and prints what the page says" prints "$program"
    done <"$work/list"
done

# The README's pieces compile, with what they take for granted (its whole programs are run by tests/install).
# pieces PAGE: puts each piece into piece.N.c or .cc: what is for file scope, and the rest as the body of a function.
pieces() {
    awk -v place="$work" -v tests="$srcdir/tests/docs" '
        function end() {
            if (inside) print "}" >file
            if (file != "") close(file)
            file = ""
            inside = 0
        }
        /^```(c|cpp)$/ {
            number++
            kind = $0 == "```c" ? "c" : "cc"
            file = place "/piece." number "." kind
            print (kind == "c" ? "#define BLOCK " number "\n#include \"" tests "/readme.h\"" \
                : "#include \"" tests "/readme.hh\"") >file
            next
        }
        /^```/ { end(); next }
        file == "" { next }
        !inside && /^(parallel_[a-z_]*\(|PARALLEL_SCOPED|double |std::)/ { print "void piece(void)\n{" >file; inside = 1 }
        { print >file }
        END { end() }' "$1"
    for piece in "$work"/piece.*; do
        ! grep -q '^int main' "$piece" || rm "$piece"
    done
}
compile_piece() {
    case $1 in
    *.cc) $CXX -std=c++17 -w -fsyntax-only -I"$srcdir/include" "$1" ;;
    *) $CC -std=c11 -w -fsyntax-only -I"$srcdir/include" "$1" ;;
    esac
}
compile_pieces() {
    count=0
    for piece in "$work"/piece.*; do
        compile_piece "$piece" || return
        count=$((count + 1))
    done
    [ $count -eq 6 ]
}
pieces "$srcdir/README.md"
check "the README's six pieces of code compile" compile_pieces
sed 's/parallel_sort_by(price, offers/parallel_sort_by(prices, offers/' "$srcdir/README.md" >"$work/page.md"
pieces "$work/page.md"
refuse "found: a piece that does not" compile_pieces

# docs/mpi.md has a program, which is compiled where there is MPI.
programs "$srcdir/docs/mpi.md" >"$work/list"
if [ -n "$OPENMPI_RUN" ] && [ -z "$SANITIZERS$EMULATOR" ]; then
    # shellcheck disable=SC2086
    check "mpi: its program compiles" $CC -std=c11 -fsyntax-only -I"$srcdir/include" $OPENMPI_CPPFLAGS \
        "$work/program.1.c"
else
    skip "mpi: its program" "no Open MPI"
fi

# What is planted is found.
rm -f "$work"/program*
sed 's/^1 8 9\.97003e+08$/1 8 9.97003e+09/' "$srcdir/docs/tutorial.md" >"$work/page.md"
programs "$work/page.md" >"$work/list"
check "(the plant compiles)" compile program.1.c
refuse "found: another output" prints program.1.c
sed 's/parallel_values(r)/parallel_valeus(r)/' "$srcdir/docs/tutorial.md" >"$work/page.md"
programs "$work/page.md" >"$work/list"
refuse "found: what does not compile" compile program.1.c
done_testing
