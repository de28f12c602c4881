#!/bin/sh
# SPDX-License-Identifier: MIT
# The source's own rules: layers, labelled atomics, headers that compile alone. Each checker is shown to find what it is
# for in a copy with a planted fault, if that is not left out.
. "$srcdir/tests/support/tap.sh"

check "no include goes up a layer" "$srcdir/scripts/check-layers" "$srcdir"
check "no circle of files but those that are listed" "$srcdir/scripts/check-circles" "$srcdir"
check "lines are short, and names say of what" "$srcdir/scripts/check-style" "$srcdir"
check "every atomic operation is labelled and has its partner" "$srcdir/scripts/check-atomics" "$srcdir"
check "names in the documents are those of the sources" "$srcdir/scripts/check-names" "$srcdir"
check "all say the same version" "$srcdir/scripts/check-version" "$srcdir"

# Headers by themselves.
compiles() {
    # shellcheck disable=SC2086
    printf "#include <%s>\ntypedef int something;\n" "$1" | $CC $CFLAGS -std=c11 -Wall -Wextra -pedantic -Werror -D_DEFAULT_SOURCE -I"$srcdir/include" \
        -I"$srcdir/src" -fsyntax-only -x c -
}
compiles_as_cxx() {
    echo "#include <$1>" | $CXX -std=c++11 -Wall -Wextra -pedantic -Werror -I"$srcdir/include" -fsyntax-only -x c++ -
}
# One that includes MPI's, which warnings are not for.
compiles_with_mpi() {
    echo "#include <$1>" | mpicc -std=c11 -D_DEFAULT_SOURCE -I"$srcdir/include" -I"$srcdir/src" -fsyntax-only -x c -
}
check_with_mpi() {
    if command -v mpicc >/dev/null; then
        check "<$1> compiles alone" compiles_with_mpi "$1"
    else
        skip "<$1> compiles alone" "no mpicc"
    fi
}
for header in $(cd "$srcdir/include" && ls -- *.h */*.h */*/*.h); do
    [ "$header" != libparallel/declarations.h ] || continue # made, of a build in the source tree
    if [ "$header" = parallel_mpi.h ]; then
        check_with_mpi "$header"
        continue
    fi
    check "<$header> compiles alone" compiles "$header"
    if command -v "${CXX%% *}" >/dev/null 2>&1; then
        check "<$header> compiles alone as C++" compiles_as_cxx "$header"
    else
        skip "<$header> compiles alone as C++" "no C++ compiler"
    fi
done
for header in $(cd "$srcdir/src" && find . -name "*.h" | sed "s|^\./||" | sort); do
    if grep -q "include <parallel_mpi.h>" "$srcdir/src/$header"; then
        check_with_mpi "$header"
    else
        check "\"$header\" compiles alone" compiles "$header"
    fi
done

[ -z "$PARALLEL_NO_PLANTED" ] || done_testing

mkdir "$work/copy"
cp -R "$srcdir/src" "$srcdir/include" "$srcdir/docs" "$srcdir/packaging" "$srcdir/man" "$srcdir/NEWS" \
    "$srcdir/configure.ac" "$work/copy/"
chmod -R u+w "$work/copy"
for checker in layers circles style atomics names version; do
    check "the unspoilt copy passes: check-$checker" "$srcdir/scripts/check-$checker" "$work/copy"
done

# spoil FILE SED-SCRIPT...: changes files of the copy. unspoil: they are as they were.
spoilt=
spoil() {
    while [ $# -gt 0 ]; do
        sed "$2" "$work/copy/$1" >"$work/spoilt"
        refuse "(the plant changes the file)" cmp -s "$work/spoilt" "$work/copy/$1"
        cp "$work/spoilt" "$work/copy/$1"
        spoilt="$spoilt $1"
        shift 2
    done
}
unspoil() {
    for file in $spoilt; do
        cat "$srcdir/$file" >"$work/copy/$file"
    done
    spoilt=
}

# plant WHAT CHECKER FILE SED-SCRIPT...: a checker finds that.
plant() {
    planted=$1 checker=$2
    shift 2
    spoil "$@"
    refuse "found: $planted" "$srcdir/scripts/$checker" "$work/copy"
    unspoil
}

# harmless WHAT CHECKER FILE SED-SCRIPT...: it does not find that.
harmless() {
    planted=$1 checker=$2
    shift 2
    spoil "$@"
    check "passes: $planted" "$srcdir/scripts/$checker" "$work/copy"
    unspoil
}

plant "an include of the layer above" check-layers src/deque/deque.c '1a #include "sched/pool.h"'
plant "an include of an executor by the calls" check-layers src/call/call.c '1a #include "executors/process/group.h"'
plant "an include of the API by an executor" check-layers src/executors/process/process.c '1a #include "api/api.h"'
plant "an include that names no layer" check-layers src/executors/process/board.c '1a #include "board.h"'
plant "a public header in the deque's layer" check-layers src/deque/deque.c '1a #include <libparallel/map.h>'
plant "the umbrella header in the scheduler's layer" check-layers src/sched/task.c '1a #include <parallel.h>'
plant "the tasks' header in the base layer" check-layers src/base/os.h '1a #include <libparallel/task.h>'
plant "a platform header above the base" check-layers src/sched/loop.c '1a #include <sys/mman.h>'
plant "a platform header in an executor" check-layers src/executors/process/worker.c '1a #include <unistd.h>'
plant "atomics that do not come through the base" check-layers src/sched/loop.c '1a #include <stdatomic.h>'
plant "an atomic of the compiler's" check-layers src/sched/task.c '1a int planted(int *x) { return __atomic_load_n(x, 0); }'
plant "an atomic in the calls' layer" check-layers src/call/names.c '1a static _Atomic int planted;'
plant "an atomic in the API's layer" check-layers src/api/map.c '1a static _Atomic int planted;'
plant "an operation without its comment" check-atomics src/deque/deque.c '/D1 relaxed/d'
plant "a fence of the compiler's without its comment" check-atomics include/libparallel/detail/slot.h '/T2 seq_cst/d'
plant "a fence of the compiler's elsewhere" check-atomics src/deque/deque.c 's|^    set_bounds(d, to);|    /* D99 seq_cst: planted; no partner */\
    atomic_signal_fence(memory_order_seq_cst);\
&|'
plant "a fence of threads" check-atomics include/libparallel/detail/slot.h 's/atomic_signal_fence/atomic_thread_fence/'
plant "an order other than the comment says" check-atomics src/sched/latch.h 's/memory_order_release/memory_order_relaxed/'
plant "a partner that does not exist" check-atomics src/sched/latch.h 's/pairs with L3, L4/pairs with L3, L44/'
plant "an operation with the implicit order" check-atomics src/sched/cost.c 's/    return &entry->cost;/    return atomic_load(\&entry->cost.word), \&entry->cost;/'
plant "a label used twice" check-atomics src/sched/sleep.c 's/S2 seq_cst/S1 seq_cst/'
plant "a store to the span of a deque" check-atomics src/deque/deque.c 's|^    d->base = d->head = floor + 1;|    /* D99 relaxed: planted; no partner */\
    atomic_store_explicit(\&d->span, 0, memory_order_relaxed);\
&|'
# functions at the end of a file, and before the #endif of a header
a_by_b='$a int pl_planted_a(void)\
{\
    return pl_planted_b();\
}'
b_by_a='$a int pl_planted_b(void)\
{\
    return pl_planted_a();\
}'
inline_a_by_b='$i static inline int pl_planted_a(void)\
{\
    return pl_planted_b();\
}'
plant "a circle of two files of a layer" check-circles src/sched/stop.c "$a_by_b" src/sched/cost.c "$b_by_a"
plant "one of two layers" check-circles src/base/life.c "$a_by_b" src/sched/cost.c "$b_by_a"
plant "one by way of a header's inline function" check-circles src/sched/latch.h "$inline_a_by_b" src/sched/cost.c "$b_by_a"
plant "one by way of a macro" check-circles src/sched/latch.h '$i #define pl_planted_a() \\\
    pl_planted_b()' src/sched/cost.c "$b_by_a"
plant "one by way of a variable" check-circles src/sched/stop.c '$a int pl_planted_c;' src/sched/cost.c \
    '$a int pl_planted_b(void)\
{\
    return pl_planted_c;\
}' src/sched/latch.h "$inline_a_by_b" src/sched/stop.c '$a int pl_planted_d(void)\
{\
    return pl_planted_a();\
}'
plant "one by way of a table of functions" check-circles src/sched/stop.c '$a int (*const pl_planted_a[])(void) = {\
    pl_planted_b,\
};' src/sched/cost.c "$b_by_a"
harmless "a circle of words and declarations" check-circles src/sched/stop.c '$a int pl_planted_a(void)\
{\
    return 0; /* pl_planted_b() */\
}\
int pl_planted_b(void);\
const char *pl_planted_c = "pl_planted_b";\
' src/sched/cost.c "$b_by_a"

# listed LINE: passes, if that is in the list of circles.
listed() {
    mkdir -p "$work/scripts"
    cp "$srcdir/scripts/symbols" "$work/scripts/"
    sed "s|^    cat <<'END'|&\\
$1|" "$srcdir/scripts/check-circles" >"$work/scripts/check-circles"
    sh "$work/scripts/check-circles" "$work/copy"
}
spoil src/sched/stop.c "$a_by_b" src/sched/cost.c "$b_by_a"
check "a circle may be listed" listed "sched/cost sched/stop: planted"
check "so may a use that closes one" listed "sched/cost -> sched/stop: planted"
refuse "found: a listed use that closes none" listed "sched/cost -> sched/stop sched/latch: planted"
refuse "found: a listed use that closes none without the circle" listed "sched/cost -> base/os: planted"
refuse "found: a listed circle without a reason" listed "sched/cost sched/stop"
refuse "found: a listed circle that is not one" listed "sched/cost sched/range: planted"
refuse "found: a listed circle that is larger" listed "sched/cost sched/stop sched/latch: planted"
unspoil

long=$(printf '%0120d' 0)
plant "a comment that is too wide" check-style src/sched/cost.c "\$a /* $long */"
plant "a statement that is too wide" check-style include/libparallel/detail/map.h "\$i #define PARALLEL_LONG \"$long\""
plant "a static function of one word" check-style src/sched/cost.c '$a static int planted(void)\
{\
    return 0;\
}'
plant "one in a header" check-style src/sched/latch.h '$i static inline int planted(void)\
{\
    return 0;\
}'
plant "a function that is named after another file" check-style src/sched/cost.c '$a int pl_latch_planted(void)\
{\
    return 0;\
}'
plant "a variable likewise" check-style src/sched/cost.c '$a _Atomic int pl_planted;'
plant "an inline function likewise" check-style src/sched/latch.h '$i static inline int pl_cost_planted(void)\
{\
    return 0;\
}'
plant "an exported function that no header has" check-style src/api/map.c '$a int parallel_planted(void)\
{\
    return 0;\
}'
harmless "names that say of what" check-style src/sched/cost.c '$a static int keep_planted(void)\
{\
    return 0;\
}\
int pl_cost_planted(void)\
{\
    return keep_planted();\
}'
harmless "a function that another header declares" check-style src/sched/latch.h '$i int pl_latch_planted(int (*f)(void));' \
    src/sched/cost.c '$a int pl_latch_planted(int (*f)(void))\
{\
    return f();\
}'

plant "a function that is gone" check-names docs/design.md '$a There is `pl_gone()`.'
plant "a function that is elsewhere" check-names docs/design.md '$a It is in `map.c` (`is_plain`, `pl_deque_init`).'

plant "a header of another version" check-version include/libparallel/base.h 's/PATCH 0/PATCH 9/'
plant "news of another version" check-version NEWS '1s/[0-9.]*$/0.0.9/'
plant "a package of another version" check-version packaging/libparallel.spec 's/^\(Version: *\).*/\10.0.9/'

done_testing
