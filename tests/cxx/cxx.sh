#!/bin/sh
# SPDX-License-Identifier: MIT
# parallel.hpp, with each C++ compiler that there is, in C++17 and 20: it compiles without a warning, does what the
# serial loops do, and says what it wants of types.
. "$srcdir/tests/support/tap.sh"
[ -z "$SANITIZERS" ] || skip_all "a sanitized library does not link into plain programs"
[ -e "$builddir/.libs/libparallel.a" ] || skip_all "no static library"
[ -z "$EMULATOR" ] || skip_all "other compilers are for this machine"
command -v g++ >/dev/null || command -v clang++ >/dev/null || skip_all "neither g++ nor clang++"

compile() { # COMPILER STANDARD
    "$1" "-std=$2" -O1 -Wall -Wextra -Wpedantic -Wshadow -Werror -I"$srcdir/include" "$srcdir/tests/cxx/test_cxx.cc" \
        "$builddir/.libs/libparallel.a" -lpthread -o "$work/program"
}
# says COMPILER WORDS: what standard input holds does not compile, and this is why.
says() {
    "$1" -std=c++17 -I"$srcdir/include" -fsyntax-only "$work/snippet.cc" 2>"$work/err" && return 1
    cat "$work/err"
    grep 'error:' "$work/err" | grep -qF "$2"
}
wrong() { # WORDS
    { echo '#include <parallel.hpp>' && cat; } >"$work/snippet.cc"
    for compiler in g++ clang++; do
        command -v $compiler >/dev/null && check "$compiler says: $1" says $compiler "$1"
    done
}

for compiler in g++ clang++; do
    command -v $compiler >/dev/null || continue
    for standard in c++17 c++20; do
        check "$compiler compiles it, $standard" compile $compiler $standard
        check "and it runs" "$work/program"
    done
done
wrong "the function has no result: that is parallel::for_each()" <<'END'
void f(const std::vector<int> &v) { parallel::map(v, [](int) {}); }
END
wrong "a result has a default constructor" <<'END'
struct number { explicit number(int) {} };
void f(const std::vector<int> &v) { parallel::map(v, [](int x) { return number(x); }); }
END
wrong "arguments and results are copied as bytes" <<'END'
void f() { parallel::stream<int, std::string> s([](const int &) { return std::string(); }); }
END
done_testing
