#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that is compiled with PARALLEL_DEBUG, or without optimization and NDEBUG, stops where a task breaks the
# rules of spawns and joins, as assert() does, and names the task and the mistake. Of others the checks are no part.
# What the macros do not take does not compile, with each compiler that there is, and the first error says why.
. "$srcdir/tests/support/tap.sh"
misuse=$(program tests/api/task_misuse)
ulimit -c 0 2>/dev/null

# aborts MODE TASK WORDS: stops by abort(), and says so.
aborts() {
    "$misuse" "$1" >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/out" "$work/err"
    echo "exit status $status"
    [ "$status" -gt 128 ] && [ "$(kill -l "$status")" = ABRT ] && grep -q "task $2: $3" "$work/err"
}
right_so_far() {
    grep -q "right so far" "$work/out"
}
succeeds() {
    "$misuse" correct >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/out" "$work/err"
    [ "$status" -eq 0 ] && [ "$(cat "$work/out")" = 17711 ] && [ ! -s "$work/err" ]
}

unjoined="a PARALLEL_SPAWN without PARALLEL_SYNC"
another="a PARALLEL_SYNC of another task than the youngest"
unspawned="a PARALLEL_SYNC without PARALLEL_SPAWN"
for n in 1 4; do
    PARALLEL_NUM_THREADS=$n
    export PARALLEL_NUM_THREADS
    check "a task that forgets a join, $n workers" aborts forgetful forgetful "$unjoined"
    check "one that forgets it at times, $n workers" aborts forgetful_at_times forgetful_at_times "$unjoined"
    check "at other times it is right, $n workers" right_so_far
    check "one that joins too often, $n workers" aborts greedy greedy "$unspawned"
    check "one that joins the elder first, $n workers" aborts confused confused "$another"
    check "one that joins what its caller has spawned, $n workers" aborts thief_of_its_parents \
        thief_of_its_parents "$unspawned"
    check "one that was spawned, $n workers" aborts grandparent forgetful "$unjoined"
    check "one that joins all, of which some are of another kind, $n workers" aborts confused_by_all \
        confused_by_all "$another"
    check "one that joins one more after all, $n workers" aborts greedy_after_all greedy_after_all "$unspawned"
    check "one that spawns after all, $n workers" aborts forgetful_after_all forgetful_after_all "$unjoined"
    check "tasks that keep to the rules, $n workers" succeeds
done

# compile COMPILER FLAGS...: what standard input holds, after a task with a result and one without.
compile() {
    compiler=$1
    shift
    {
        echo '#include <parallel.h>'
        echo 'PARALLEL_TASK(int, child, int, i) { return i; }'
        echo 'PARALLEL_TASK(void, effect, int, i) { (void)i; }'
        cat
    } >"$work/snippet.c"
    "$compiler" -std=c11 "$@" -I "$srcdir/include" -c "$work/snippet.c" -o "$work/snippet.o" 2>"$work/err"
}
# says COMPILER WORDS TEXT: it does not compile, whatever the flags, and the first error says why.
says() {
    for flags in -w "-Wall -Wextra -Wpedantic"; do
        # shellcheck disable=SC2086
        if echo "$3" | compile "$1" $flags; then
            echo "it compiles, with $flags"
            return 1
        fi
        grep -m 1 'error:' "$work/err" | grep -F "$2" || {
            cat "$work/err"
            return 1
        }
    done
}
takes() {
    echo "$2" | compile "$1" -Wall -Wextra -Wpedantic -Wconversion -Wfloat-equal -Wshadow -Werror || {
        cat "$work/err"
        return 1
    }
}

# has_checks FLAGS...: whether a program that is compiled so has them
has_checks() {
    # shellcheck disable=SC2086
    $CC -std=c11 "$@" -I "$srcdir/include" -c "$srcdir/tests/api/task_misuse.c" -o "$work/checks.o" &&
        ${NM:-nm} "$work/checks.o" | grep -q 'U abort'
}
# same_code FLAG: that changes nothing, with optimization
same_code() {
    for flags in "-O2" "-O2 $1"; do
        # shellcheck disable=SC2086
        $CC -std=c11 $flags -I "$srcdir/include" -S "$srcdir/tests/api/task_misuse.c" -o - | grep -v '^[[:space:]]*\.ident' \
            >"$work/code$flags" || return
    done
    cmp "$work/code-O2" "$work/code-O2 $1"
}
check "checks without optimization" has_checks -O0
check "none with it" not has_checks -O1
check "none without it, but with NDEBUG" not has_checks -O0 -DNDEBUG
check "checks with PARALLEL_DEBUG" has_checks -O2 -DNDEBUG -DPARALLEL_DEBUG
check "optimized code is that with NDEBUG" same_code -DNDEBUG
refuse "(and not that with PARALLEL_DEBUG)" same_code -DPARALLEL_DEBUG

parameters="one to eight parameters, a type and a name each"
all="PARALLEL_SYNC_ALL() takes nothing, or a task, an operator, and where its results go"
each="an argument for each parameter of the task, and no comma after the last"
eight="int, a, int, b, int, c, int, d, int, e, int, f, int, g, int, h"
for compiler in gcc clang; do
    if ! command -v $compiler >/dev/null; then
        skip "what the macros do not take, $compiler" "no $compiler"
        continue
    fi
    for list in "" "int" "int, a, int" "$eight, int" "$eight, int, i" "$eight, int, i, int, j" "$eight, $eight"; do
        check "$compiler: parameters ($list)" says $compiler "PARALLEL_TASK(long, task, ...): $parameters" \
            "PARALLEL_TASK(long, task${list:+, $list}) { return 0; }"
    done
    for macro in TASK TASK_DECLARE; do
        check "$compiler: PARALLEL_$macro(task, long, ...)" says $compiler \
            "the type of the result comes first: PARALLEL_TASK(result_t, fn, type, name, ...)" \
            "PARALLEL_$macro(task, long, int, i);"
    done
    check "$compiler: parameters of a declaration" says $compiler "$parameters" "PARALLEL_TASK_DECLARE(int, f, int);"
    for arguments in child "child, add" "child, add, sum, 1" "child, add, sum, 1, 2"; do
        check "$compiler: all of ($arguments)" says $compiler "$all" \
            "PARALLEL_TASK(int, task, int, sum) { PARALLEL_SYNC_ALL($arguments); return sum; }"
    done
    for arguments in child "child, " "child, 1, " "child, 1, 2" "child, 1, 2, 3, 4, 5, 6, 7, 8, 9"; do
        for macro in SPAWN CALL RUN; do
            check "$compiler: PARALLEL_$macro($arguments)" says $compiler "PARALLEL_$macro(child, ...): $each" \
                "PARALLEL_TASK(int, task, int, i) { PARALLEL_$macro($arguments); return i; }"
        done
    done
    check "$compiler: a task that there is not" says $compiler "unknown__parallel_parameters" \
        "PARALLEL_TASK(int, task, int, i) { PARALLEL_SPAWN(unknown, 1); return i; }"
    check "$compiler: results of a task that has none" says $compiler "PARALLEL_SYNC_ALL(effect, ...): the task has no result" \
        "PARALLEL_TASK(int, task, int, sum) { PARALLEL_SYNC_ALL(effect, PARALLEL_PLUS, sum); return sum; }"
    check "$compiler: an operator that there is not" says $compiler PARALLEL_MINUS \
        "PARALLEL_TASK(int, task, int, sum) { PARALLEL_SYNC_ALL(child, PARALLEL_MINUS, sum); return sum; }
int trap = -PARALLEL_MINUS;"
    check "$compiler: a join of all outside of tasks" says $compiler "stands in the body of a PARALLEL_TASK" \
        "void f(void) { PARALLEL_SYNC_ALL(); }"
    check "$compiler takes eight parameters, and joins of all as statements" takes $compiler "
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define ONCE(x) (x)
#define ENDS_IN_COMMA ','
PARALLEL_TASK(int, named, const char *, text, int, i) { return text[i]; }
PARALLEL_TASK(int, ONCE_MORE, int, ONCE) { return PARALLEL_CALL(child, PARALLEL_CALL(named, \",\", ONCE)); }
PARALLEL_TASK(int, task, $eight)
{
    PARALLEL_SPAWN(child, ENDS_IN_COMMA);
    PARALLEL_SPAWN(child, ONCE_MORE__parallel_parameters);
    int sum = a + b + c + d, words[7] = {0}, i = 0;
    if (e)
        PARALLEL_SYNC_ALL();
    else
        PARALLEL_SYNC_ALL(child, LARGER, sum);
    for (; i < f; PARALLEL_SPAWN(child, g), i++)
        PARALLEL_SPAWN(child, h);
    PARALLEL_SYNC_ALL(child, PARALLEL_PLUS, words[0]);
    PARALLEL_SYNC_ALL(child, PARALLEL_TIMES, words[1]);
    PARALLEL_SYNC_ALL(child, PARALLEL_MIN, words[2]);
    PARALLEL_SYNC_ALL(child, PARALLEL_MAX, words[3]);
    PARALLEL_SYNC_ALL(child, PARALLEL_AND, words[4]);
    PARALLEL_SYNC_ALL(child, PARALLEL_OR, words[5]);
    PARALLEL_SYNC_ALL(child, PARALLEL_XOR, words[6]);
    return sum + words[3];
}"
done
done_testing
