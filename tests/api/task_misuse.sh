#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that is compiled with PARALLEL_DEBUG stops where a task breaks the rules of spawns and joins, as assert()
# does, and names the task and the mistake.
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
    check "tasks that keep to the rules, $n workers" succeeds
done
done_testing
