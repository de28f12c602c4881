#!/bin/sh
# SPDX-License-Identifier: MIT
# The source's own rules: layers, labelled atomics, headers that compile alone. Each checker is shown to find what it is
# for in a copy with a planted fault.
. "$srcdir/tests/support/tap.sh"

check "no include goes up a layer" "$srcdir/scripts/check-layers" "$srcdir"
check "every atomic operation is labelled and has its partner" "$srcdir/scripts/check-atomics" "$srcdir"
check "names in the documents are those of the sources" "$srcdir/scripts/check-names" "$srcdir"

# plant WHAT CHECKER FILE SED-SCRIPT
plant() {
    rm -rf "$work/copy"
    mkdir "$work/copy"
    cp -R "$srcdir/src" "$srcdir/include" "$srcdir/docs" "$work/copy/"
    chmod -R u+w "$work/copy"
    check "the unspoilt copy passes: $2" "$srcdir/scripts/$2" "$work/copy"
    sed "$4" "$work/copy/$3" >"$work/spoilt"
    refuse "(the plant changes the file)" cmp -s "$work/spoilt" "$work/copy/$3"
    cp "$work/spoilt" "$work/copy/$3"
    refuse "found: $1" "$srcdir/scripts/$2" "$work/copy"
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
plant "a function that is gone" check-names docs/design.md '$a There is `pl_gone()`.'
plant "a function that is elsewhere" check-names docs/design.md '$a It is in `map.c` (`is_plain`, `pl_deque_init`).'

# Headers by themselves.
compiles() {
    # shellcheck disable=SC2086
    printf "#include <%s>\ntypedef int something;\n" "$1" | $CC $CFLAGS -std=c11 -Wall -Wextra -pedantic -Werror -D_DEFAULT_SOURCE -I"$srcdir/include" \
        -I"$srcdir/src" -fsyntax-only -x c -
}
compiles_as_cxx() {
    echo "#include <$1>" | $CXX -std=c++11 -Wall -Wextra -pedantic -Werror -I"$srcdir/include" -fsyntax-only -x c++ -
}
for header in $(cd "$srcdir/include" && ls -- *.h */*.h */*/*.h); do
    check "<$header> compiles alone" compiles "$header"
    if command -v "${CXX%% *}" >/dev/null 2>&1; then
        check "<$header> compiles alone as C++" compiles_as_cxx "$header"
    else
        skip "<$header> compiles alone as C++" "no C++ compiler"
    fi
done
for header in $(cd "$srcdir/src" && find . -name "*.h" | sed "s|^\./||" | sort); do
    check "\"$header\" compiles alone" compiles "$header"
done

done_testing
