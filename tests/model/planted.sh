#!/bin/sh
# SPDX-License-Identifier: MIT
# The interleaving tester finds what it is for: each plant below puts one bug into a copy of the sources, and the tester
# must object. A tester that passes everything proves nothing.
. "$srcdir/tests/support/tap.sh"
[ -z "$PARALLEL_NO_PLANTED" ] || skip_all "told not to: it takes minutes, and says the same in every build"
command -v perl >/dev/null || skip_all "no perl to plant bugs with"

# words_of VARIABLE PATTERN: those words of what the makefile sets it to
words_of() {
    sed -n "/^$1 =/,/[^\\\\]\$/p" "$srcdir/tests/local.mk" | grep -oE -- "$2"
}

tester=$(words_of libexplore_la_SOURCES '[a-z/_]+\.c')
sources=$(words_of tests_model_model_SOURCES '[a-z/_]+\.c')
watched=$(words_of tests_model_model_CPPFLAGS '-[fUD][^ ]+')

# compile SOURCE [FLAGS]: tasks in one copy, so that it does not take long. All is done in a copy of its own, $place.
compile() {
    # shellcheck disable=SC2086
    $CC $CFLAGS -O1 -g0 -std=c11 -w -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 ${2-$watched} \
        -DPARALLEL_TASK_COPIES=1 -I"$place/src" -I"$place/include" -I"$place/tests" \
        -c "$place/$1" -o "$place/objects/$(basename "$1" .c).o"
}

# build CHANGED: what a changed source, or a header, needs to be compiled again
build() {
    case $1 in
    *.c) compile "$1" || return ;;
    *)
        rm -f "$place"/objects/*.o
        for changed in $tester; do
            compile "$changed" "-DPL_MODEL -DPL_DEBUG" || return
        done
        for changed in $sources; do
            compile "$changed" || return
        done
        ;;
    esac
    # shellcheck disable=SC2086
    $CC $CFLAGS "$place"/objects/*.o -o "$place/model"
}

# Status 1 is a finding; anything else, like no end after minutes of CPU time, is not.
finds() {
    (
        ulimit -t 600
        exec perl -e 'alarm 900; exec @ARGV' "$place/model" "$1" >/dev/null
    )
    [ $? -eq 1 ]
}

# plant WHAT FILE SCENARIOS PERL-EXPRESSION: takes down what is to be planted, for try_all; one out of
# PARALLEL_SOME_PLANTED, if that is enough.
plants=0
passed_over=0
plant() {
    passed_over=$((passed_over + 1))
    [ $passed_over -ge "${PARALLEL_SOME_PLANTED:-1}" ] || return 0
    passed_over=0
    plants=$((plants + 1))
    echo "$1" >"$work/plant$plants.what"
    echo "$2" >"$work/plant$plants.file"
    echo "$3" >"$work/plant$plants.scenarios"
    printf '%s\n' "$4" >"$work/plant$plants.edit"
}

# try NUMBER FILE SCENARIOS
try() {
    perl -0p "$work/plant$1.edit" <"$srcdir/$2" >"$place/$2"
    if ! cmp -s "$place/$2" "$srcdir/$2" && build "$2"; then
        start=$(date +%s)
        ! finds "$3" || : >"$work/plant$1.found"
        echo "planted; looked for it for $(($(date +%s) - start)) s"
    else
        echo "not planted"
    fi
    cp "$srcdir/$2" "$place/$2"
    case $2 in
    *.c) cp "$work/place/objects/$(basename "$2" .c).o" "$place/objects" ;;
    *) cp "$work"/place/objects/*.o "$place/objects" ;;
    esac
}

# try_sound WHICH SCENARIOS...: in the sources as they are
try_sound() {
    which=$1
    shift
    mkdir "$work/$which" 2>/dev/null || return 0
    "$place/model" "$@" >"$work/$which/log" 2>&1 && : >"$work/$which/passes"
}

# try_some PLACE: those that nobody else has begun with, after what takes longest, the sources as they are.
try_some() {
    place=$1
    cp -R "$work/place" "$place"
    try_sound some life: loop: handoff: board: ranks:
    try_sound others '!life:' '!loop:' '!handoff:' '!board:' '!ranks:'
    number=0
    while [ $number -lt $plants ]; do
        number=$((number + 1))
        mkdir "$work/plant$number" 2>/dev/null || continue
        announce "bug $number of $plants: $(cat "$work/plant$number.what")"
        read -r file <"$work/plant$number.file"
        read -r scenarios <"$work/plant$number.scenarios"
        try $number "$file" "$scenarios" >"$work/plant$number.log" 2>&1
    done
}

# shown FILE LOG: whether there is such a file; with what went on, in case that it is not
shown() {
    cat "$2"
    [ -e "$1" ]
}

# As many at a time as there are CPUs.
try_all() {
    cpus=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || cpus=1
    while [ "$cpus" -gt 0 ]; do
        try_some "$work/place$cpus" &
        cpus=$((cpus - 1))
    done
    wait
    for which in some others; do
        check "nothing is found in the sources as they are: $which" shown "$work/$which/passes" "$work/$which/log"
    done
    number=0
    while [ $number -lt $plants ]; do
        number=$((number + 1))
        read -r what <"$work/plant$number.what"
        check "found: $what" shown "$work/plant$number.found" "$work/plant$number.log"
    done
}

place=$work/place
mkdir "$place" "$place/tests" "$place/objects"
cp -R "$srcdir/src" "$srcdir/include" "$place"
cp -R "$srcdir/tests/model" "$place/tests"
chmod -R u+w "$place"
check "the tester builds" build all
check "its memory does what C11 allows" "$place/model" --litmus

# ---- the deque ---------------------------------------------------------------------------------------------------

file=src/deque/deque.c
plant "a steal without a CAS" $file "deque: owner and" \
    's/if \(!atomic_compare_exchange_strong_explicit\(&d->span, &span, (span_of\(top \+ 1, split, claim_of\(span\)\)),\s*memory_order_acq_rel, memory_order_relaxed\)\)/atomic_store_explicit(&d->span, $1, memory_order_relaxed);\n    if (false)/'
plant "a pop takes back without a CAS" $file "deque: owner and" \
    's/if \(change_span\(d, &span, top, to\)\)/atomic_store_explicit(&d->span, span_of(top, to, 0), memory_order_relaxed);\n        if (true)/'
plant "a publish without a CAS" $file deque: \
    's/if \(!change_span\(d, span, top, to\)\)/if (to > split)\n        atomic_store_explicit(&d->span, span_of(top, to, 0), memory_order_relaxed);\n    else if (!change_span(d, span, top, to))/'
plant "off by one: the oldest public task is taken for stolen" $file "deque: owner and" \
    's/if \(top > h\)/if (top >= h)/'
plant "off by one: a stolen task is taken back" $file "deque: owner and" 's/if \(top > h\)/if (top > h + 1)/'
plant "off by one: the youngest public task is taken for private" $file deque: \
    's/if \(split <= h\)/if (split <= h + 1)/'
plant "the bounds follow a publish" $file : \
    's/    set_bounds\(d, to\);\n(    if \(!change_span\(d, span, top, to\)\)\n        return false;\n)/$1    set_bounds(d, to);\n/'
plant "the bounds follow a take-back" $file "task: two workers" \
    's/        set_bounds\(d, to\);\n        if \(change_span\(d, &span, top, to\)\) \{\n/        if (change_span(d, &span, top, to) && (set_bounds(d, to), true)) {\n/'
plant "a publish leaves the limit where it was" $file : 's/set_bounds\(d, to\);\n    if/set_bounds(d, split);\n    if/'
plant "a task pushed at the end of the room" $file "task: no room" 's/if \(index \+ 1 < room\)/if (index < room)/'
plant "half a request counts as one" $file deque: \
    's/is_asked\(d\) && atomic_load_explicit\(&d->bounds.end, memory_order_relaxed\) == d->base/is_asked(d)/'
plant "a pop of a stolen slot does not fall behind" $file : 's/            fall_behind\([^\n]*\n//'
plant "forgetting a slot does not fall behind" $file : \
    's/    fall_behind\(d, (index_of\(d, slot\), )?is_asked\(d\)\);\n//'
plant "a request does not survive a join" $file : 's/asked \? ASKED : d->base/d->base/'
plant "the owner does not catch up" $file : \
    's/top = d->behind \? low : top_of\(\*span\), split = d->behind \? low : split_of/top = top_of(*span), split = split_of/'
plant "the owner catches up again and again" $file : 's/    d->behind = false;\n//'
plant "the state of a forgotten slot stays" $file deque: \
    's/atomic_store_explicit\(&slot->state, 0, memory_order_relaxed\);//'
plant "a thief does not say who it is" $file : \
    's/atomic_fetch_or_explicit\(&\(\*slot\)->state, me \* PL_SLOT_THIEF, memory_order_relaxed\);//'
plant "a push ignores a request" $file : 's/asked \? PL_SHARE_HALF : PL_SHARE_NONE/PL_SHARE_NONE/'
plant "a pop ignores a request" $file : \
    's/pl_share how = is_asked\(d\) \? PL_SHARE_HALF : PL_SHARE_NONE/pl_share how = PL_SHARE_NONE/'
plant "half of one task is none" $file : 's/\(head - split \+ 1\) \/ 2/(head - split) \/ 2/'

# ---- claims and reveals ------------------------------------------------------------------------------------------

plant "a pop does not mark its slot" include/libparallel/detail/slot.h : \
    's/atomic_store_explicit\(&slot->task, NULL, memory_order_relaxed\);//'
plant "a pop marks its slot after it has looked" include/libparallel/detail/slot.h : \
    's/atomic_store_explicit\(&slot->task, NULL, memory_order_relaxed\);//;
        s/return (slot >= atomic_load_explicit\(&worker->limit, memory_order_relaxed\));/bool fast = $1;\n    atomic_store_explicit(&slot->task, NULL, memory_order_relaxed);\n    return fast;/'
plant "a push looks before it stores" include/libparallel/detail/slot.h "task: a long leaf with two" \
    's/    atomic_store_explicit\(&slot->task, task, memory_order_release\);//;
        s/return (slot < atomic_load_explicit\(&worker->end, memory_order_relaxed\));/bool fast = $1;\n    atomic_store_explicit(&slot->task, task, memory_order_release);\n    return fast;/'
plant "a reveal without a look at the claim" $file : 's/if \(claim_of\(span\) != me\)/if (false)/'
plant "a reveal without a CAS" $file reveal: \
    's/return atomic_compare_exchange_strong_explicit\(&d->span, &span, (span_of\(top_of\(span\), head, 0\)),\s*memory_order_seq_cst, memory_order_relaxed\)/atomic_store_explicit(&d->span, $1, memory_order_relaxed);\n    return true/'
plant "a claim over another, or a bar" $file "task: no room for large arguments" \
    's/(\|\|) claim_of\(span\) != 0/$1 false/; s/if \(claim_of\(span\) == BARRED\)/if (false)/'
plant "the owner does not end claims" $file : 's/d->overflowed \? BARRED : 0/d->overflowed ? BARRED : claim_of(*span)/'
plant "claims while results are kept" $file "task: no room for large arguments" 's/d->overflowed \? BARRED : 0/0/'
plant "a reveal goes a slot too far" $file : 's/span_of\(top_of\(span\), head, 0\)/span_of(top_of(span), head + 1, 0)/'
plant "a reveal leaves a slot out" $file "task: a long leaf with two" \
    's/span_of\(top_of\(span\), head, 0\)/span_of(top_of(span), head > split ? head - 1 : head, 0)/'
plant "a claim does not store the limit" $file : 's/(D18 .*?\*\/\n)    atomic_store_explicit.*?;\n/$1/s'
plant "a claim comes after its request" $file : \
    's/(    if \(top_of\(span\) != split_of\(span\) \|\| claim_of\(span\) != 0\)\n        return PL_STEAL_LOST;\n)/$1    atomic_store_explicit(&d->bounds.limit, ASKED, memory_order_relaxed);\n    atomic_store_explicit(&d->bounds.end, d->base, memory_order_relaxed);\n/;
        s/(D18 .*?\*\/\n)    atomic_store_explicit.*?;\n/$1/s; s/(D19 .*?\*\/\n)    atomic_store_explicit.*?;\n/$1/s'
plant "a reveal without a claim" $file : \
    's/if \(claim_of\(span\) != me\)/if (top_of(span) != split_of(span))/;
        s/pl_steal pl_deque_claim\(pl_deque \*d, uint32_t me\)\n\{/$&\n    pl_deque_ask(d);\n    return PL_STEAL_GOT;/'

# ---- room --------------------------------------------------------------------------------------------------------

plant "there is room before there is memory" $file room: \
    's/(    if \(!commit_room\(d, wider\)\)\n        return false;\n)(    \/\* D3 .*?\n    atomic_store_explicit\(.*?;\n)/$2$1/'
plant "more room without memory" $file room: 's/    if \(!commit_room\(d, wider\)\)\n        return false;\n//'
plant "a reveal looks beyond the room" $file room: \
    's/first_without\(d, split, room - 1\)/first_without(d, split, d->reserve - 1)/'
plant "a reveal looks at the slot that is never a task" $file room: \
    's/split < room - 1 \? first_without\(d, split, room - 1\)/split < room ? first_without(d, split, room)/'
plant "a trim leaves the bounds" $file room: \
    's/        pl_deque_share\(d, d->head, PL_SHARE_NONE\);\n//'
plant "a trim does not end claims" $file room: \
    's/        pl_deque_share\(d, d->head, PL_SHARE_NONE\);/        set_bounds(d, split_of(own_span(d)));/'
plant "a trim takes the memory itself away" tests/model/system.c "room: a trim and a reveal" \
    's/memory_take\(\(char \*\)start \+ kept, used - kept\)/memory_commit(start, kept)/'
plant "a push that finds no memory leaves its mark" $file "room: no memory" \
    's/(D8 .*?\*\/\n)        atomic_store_explicit.*?;\n/$1/s'

# ---- what does not fit -------------------------------------------------------------------------------------------

plant "a push without room leaves its mark" $file "task: no room" \
    's/(D8 .*?\*\/\n)        atomic_store_explicit.*?;\n/$1/s'
plant "fast paths while results are kept" $file "task: no room" \
    's/bool all_slow = d->overflowed > 0/bool all_slow = false/'
plant "keeping a result leaves the bounds and claims alone" src/deque/spill.c "task: no room" \
    's/        pl_deque_share\(d, slot, PL_SHARE_NONE\);[^\n]*\n//'
plant "a kept result leaves the mark below" src/deque/spill.c "task: no room for large arguments" \
    's/    atomic_store_explicit\(&slot->task, d->covered, memory_order_release\);\n//'
plant "kept results come in the order of their spawns" src/deque/spill.c "task: no room" \
    's/return top->bytes \+ top->used;/return top->bytes;/'
plant "arguments of a task that runs in its push stay" src/sched/task.c "task: no room" \
    's/        pl_deque_side_release\(d, data\);/        ;/'
plant "a deque without a floor" $file "task: no room for the first" \
    's/d->base = d->head = floor \+ 1;/d->base = d->head = floor;/; s/d->base - 1/d->base/g'

# ---- tasks -------------------------------------------------------------------------------------------------------

file=src/sched/task.c
plant "a call does not restore the head" $file "task: no room for large arguments" \
    's/    d->head = head;\n    pl_worker_exit/    pl_worker_exit/'
plant "a call in a task does not look for the head" $file "task: no room for large arguments" \
    's/    pl_deque_find_head\(d\);\n//'
plant "a blocked join leaves the head where it was" $file "task: recursion" 's/        w->deque.head = slot \+ 1;\n//'
plant "a waiter runs what its thief has gone on to" $file "task: a thief of other calls" \
    's/pl_worker_run_if\(!\(pl_slot_state\(slot\) & PL_SLOT_ENDED\), /pl_worker_run(/'
plant "a waiter helps nobody" $file "task: a blocked join" 's/if \(thief && leapfrog_thief\(w, thief, slot\)\)/if (false)/'
plant "a waiter parks on what its thief hides" $file "task: a blocked join" 's/ && !pl_worker_uncover\(w, thief\)//'
plant "a waiter parks on an ended slot" $file "task: a long leaf" \
    's/if \(!\(pl_slot_await\(slot\) & PL_SLOT_ENDED\) && /pl_slot_await(slot);\n        if (/'
plant "a waiter parks without saying so" $file task: 's/if \(!\(pl_slot_await\(slot\) & PL_SLOT_ENDED\) && /if (/'
plant "a waiter is not counted" $file "task: a blocked join" \
    's/        pl_wake_waiter_(begins|ends)\(w->pool\);\n//g'
plant "a task that was given back is not run" $file task: 's/if \(state & PL_SLOT_RETURNED\)/if (false)/'
plant "a slow path does not look for the idle" $file "task: a long leaf with two" \
    's/if \(!published && !pl_deque_has_public\(d\) && pl_pool_idle\(w->pool\)\)/if (false)/'
plant "a slow path does not ask itself" $file "task: a long leaf with two" \
    's/        if \(!published\)\n            pl_deque_ask\(d\);\n//'
plant "a slow path wakes nobody" $file "task: a long leaf" \
    's/    if \(published\)\n        pl_wake_call_for_help\(w, PL_GROWTH_TO_SIZE\);//'
plant "a join of all runs a stolen task again" include/libparallel/detail/slot.h "task: a join of all" \
    's/if \(joined\.result\)/if (false)/'
plant "a join of all leaves large arguments" include/libparallel/detail/slot.h "task: a join of all" \
    's/        parallel_task_release\(worker, room\);/        ;/'
plant "a join of all goes by slots alone" include/libparallel/detail/task.h "task: a join of all, no worker" \
    's/ +pl_frame->floor -= \(uintptr_t\)[^\n]*\n//'
plant "a kept result is as large as a small one" src/deque/spill.c "task: no worker" \
    's/top->used -= room_to_keep\(bytes\)/top->used -= room_to_keep(8)/'

file=src/sched/worker.c
plant "an ended slot does not wake its owner" $file : \
    's/if \(pl_slot_end\(slot, how\)\)/pl_slot_end(slot, how);\n    if (false)/'
plant "an owner parks on an ended slot" $file : \
    's/if \(!\(pl_slot_await\(slot\) & PL_SLOT_ENDED\)\)/pl_slot_await(slot);/'
plant "a thief without a task says that it has run it" $file "loop: a caller and a worker" \
    's/pl_worker_end\(victim, slot, PL_SLOT_RETURNED\)/pl_worker_end(victim, slot, PL_SLOT_DONE)/'
plant "a thief ends its slot before the task" $file task: \
    's/    pl_worker_end\(victim, stolen.slot, PL_SLOT_DONE\);\n    pl_os_cancel_restore/    pl_os_cancel_restore/;
        s/    pl_worker_enter\(thief, &activation\);\n    int state/    pl_worker_end(victim, stolen.slot, PL_SLOT_DONE);\n$&/'
plant "a thief that runs a task looks for no other work" $file "task: two that meet" \
    's/    pl_worker_pass_on\(thief\);\n    run_tasks/    run_tasks/'
plant "a streak ends its last slot inside" $file "task: a streak" \
    's/(    pl_worker_exit\(thief\);\n)(    pl_worker_end\(victim, stolen.slot, PL_SLOT_DONE\);\n)/$2$1/'
plant "a streak does not end its slots" $file "task: a streak" \
    's/        pl_worker_end\(victim, stolen.slot, PL_SLOT_DONE\);\n        stolen = /        stolen = /'
plant "a streak keeps what its victim wants back" $file "task: a streak, the victim" 's/    if \(left.slot\)\n.*?;\n//s'
plant "a streak wakes the waiter for its first task alone" $file "task: a streak that needs" \
    's/        activation.slot = stolen.slot;\n//'
plant "a task begins without a look for the idle" $file "task: a long leaf and a sleeper" \
    's/    if \(pl_pool_idle\(w->pool\)\)\n        pl_deque_ask\(&w->deque\);\n//'
plant "the idle: those who wait are left out" src/sched/wake.c "task: a blocked join, two leaves" \
    's/ \|\|\n\s*atomic_load_explicit\(\(_Atomic uint32_t \*\)&pool->waiting, memory_order_seq_cst\) > 0//'
plant "the idle: those who sleep are left out" src/sched/wake.c "task: a long leaf and a sleeper" \
    's/ \|\| pl_sleep_any\(&pool->sleep, pl_pool_high\(pool\)\)//'
plant "waiters are not poked" src/sched/wake.c "task: a blocked join" 's/        poke_waiters\(w\);/        ;/'
plant "waiters are not poked where somebody else comes" src/sched/wake.c "task: an open meeting of a thief" \
    's/    pl_wake_notify\(w->pool, growth\);/    pl_wake_notify(w->pool, growth);\n    if (pl_sleep_searching(&w->pool->sleep))\n        return;/'
plant "waiters of stolen tasks are not poked" src/sched/wake.c "task: a blocked join" \
    's/else if \(f->slot && pl_slot_awaited\(f->slot\)\)/else if (false)/'
plant "only the innermost waiter is poked" src/sched/wake.c "task: a thief in need, in a call" \
    's/f; f = f->outer\) \{/f; f = NULL) {/'
plant "activations do not count tasks" $file "task: a long leaf with two" \
    's/    if \(activation->task\)\n        count_activation\(&w->tasks, -?1\);\n//g'
plant "a worker that goes to sleep looks at what is public only" src/sched/scheduler.c "task: a long leaf with two" \
    's/slept = !look_for_sleepers\(w\)/slept = !pl_pool_has_public(pool)/'
plant "a worker that goes to sleep does not reveal" src/sched/scheduler.c "task: two workers" \
    's/            pl_deque_reveal\(d, w->index \+ 1\);/            ;/'
plant "a reveal in spite of a lost claim leaves a claim behind" src/sched/scheduler.c "task: two that meet" \
    's/claims = pool->can_fence \? claim_all\(w, &claimed\) : PL_STEAL_EMPTY;\n/$&    if (claims == PL_STEAL_LOST)\n        return pl_worker_look_again();\n/'
plant "a claim that is not taken down stays" src/sched/scheduler.c "task: two that meet" \
    's/            claimed->word\[i.*?;\n/            ;\n/'
plant "the last searcher looks at what is public only" src/sched/scheduler.c "task: two that meet" \
    's/anybody \? look_for_sleepers\(w\) : //'
plant "the last searcher does not look for more work" src/sched/scheduler.c "pool: two tasks that meet" \
    's/ \|\| \(anybody \? look_for_sleepers\(w\) : pl_pool_has_public\(pool\)\)//'

# ---- rest and wake -----------------------------------------------------------------------------------------------

plant "no look for work after the announcement" src/sched/scheduler.c pool: 's/!look_for_sleepers\(w\) && //'
plant "the announcement comes after the look" src/sched/scheduler.c pool: \
    's/(    pl_sleep_announce\(&pool->sleep, w->index\);\n    bool slept = !)look_for_sleepers\(w\)/    bool any = look_for_sleepers(w);\n$1any/'
plant "a claimed sleeper is not woken" src/sched/wake.c pool: \
    's/wake_worker\(pl_pool_worker\(pool, \(unsigned\)i\)\);/(void)0;/'

file=src/sched/sleep.c
plant "an unpark that does not wake" $file parker: 's/== PARKED\)\n        pl_os_wake/== EMPTY)\n        pl_os_wake/'
plant "a park that sleeps on a token" $file parker: \
    's/if \(!atomic_compare_exchange_strong_explicit\(&parker->word, &seen, PARKED, memory_order_acquire,\s*memory_order_acquire\)\)/atomic_store_explicit(&parker->word, PARKED, memory_order_relaxed);\n    if (false)/'
plant "a claimed sleeper is not counted" $file pool: 's/if \(!counted\) \{/if (false) {/'
plant "a sleeper withdraws without being counted" $file pool: \
    's/    atomic_fetch_add_explicit\(&sleep->searching, 1, memory_order_seq_cst\);\n(    \/\* S8)/$1/'
plant "a claim counts its sleeper too late" $file pool: \
    's/            if \(!counted\) \{.*?\n            \}\n(.*?)if \(bits & bit\)\n/$1if ((bits & bit) && (atomic_fetch_add_explicit(&sleep->searching, 1, memory_order_seq_cst), true))\n/s'

plant "a worker is heard too late" $file "pool: a worker that is heard" \
    's/quiet, ~\(UINT64_C\(1\) << i % 64\), memory_order_seq_cst/quiet, ~(UINT64_C(1) << i % 64), memory_order_relaxed/'
plant "a look passes over a worker that has been heard" src/sched/sleep.h "pool: a worker that is heard" \
    's/&bits->quiet, memory_order_seq_cst/&bits->quiet, memory_order_relaxed/'
plant "a worker that publishes is still quiet" $file "pool: a worker that is heard" 's/quiet, ~\(UINT64_C\(1\) << i % 64\)/quiet, UINT64_MAX/'

file=src/base/publish.h
plant "a pointer is there before what it points to" $file publish: \
    's/memory_order_acq_rel, memory_order_acquire\)/memory_order_relaxed, memory_order_relaxed)/'
plant "a thread that finds a pointer does not see what it points to" $file publish: \
    's/\(&p->object, memory_order_acquire\)/(&p->object, memory_order_relaxed)/'
plant "the second uses its own" $file publish: 's/first \? mine : there/(void)first, mine/'

file=src/sched/latch.h
plant "a helper touches the latch after its decrement" $file latch \
    's/pl_parker \*owner = latch->owner;//; s/pl_unpark\(owner\)/pl_unpark(latch->owner)/'
plant "an owner parks although the latch is open" $file latch \
    's/return (\(atomic_fetch_or_explicit\(&latch->word, PL_LATCH_WAITING, memory_order_seq_cst\)) & ~PL_LATCH_WAITING\) != 0;/return $1, true);/'
plant "the last helper does not wake the owner" $file latch 's/== \(PL_LATCH_WAITING \| 1\)/== PL_LATCH_WAITING/'

# ---- loops -------------------------------------------------------------------------------------------------------

file=src/sched/range.h
plant "a worker takes from its range without a CAS" $file range: \
    's/if \(atomic_compare_exchange_weak_explicit\(&range->word, &word, (pl_range_word\(b \+ size, e\)),\s*memory_order_relaxed,\s*memory_order_relaxed\)\)/atomic_store_explicit(&range->word, $1, memory_order_relaxed);/'
plant "a thief halves a range without a CAS" $file range: \
    's/if \(atomic_compare_exchange_weak_explicit\(&range->word, &word, (pl_range_word\(b, middle\)),\s*memory_order_relaxed,\s*memory_order_relaxed\)\)/atomic_store_explicit(&range->word, $1, memory_order_relaxed);/'
plant "a range is cut without a CAS" $file range: \
    's/if \(atomic_compare_exchange_weak_explicit\(&range->word, &word, (word >> 32 << 32 \| end),\s*memory_order_relaxed,\s*memory_order_relaxed\)\)\s*return;/atomic_store_explicit(&range->word, $1, memory_order_relaxed); return;/'
plant "a range that has been cut grows again" $file range: \
    's/while \(\(uint32_t\)word > end\)/while ((uint32_t)word != end)/'

file=src/sched/handoff.h
plant "a piece is taken without a CAS" $file handoff: \
    's/if \(atomic_compare_exchange_weak_explicit\(&h->word, &word, (word - size \+ counted),\s*memory_order_acquire,\s*memory_order_relaxed\)\)/atomic_store_explicit(&h->word, $1, memory_order_relaxed);/'
plant "iterations are laid out before the loop is" src/sched/handover.c handoff: \
    's/(    if \(spec->ctx_size\) \{.*?\n    \}\n)(.*?)(    loop->worker->handed)/$2$1$3/s'
plant "a helper leaves before it runs its piece" src/sched/handover.c handoff: \
    's/(    unsigned participant = piece.participant;\n)/    if (pl_handoff_leave(h))\n        pl_unpark(&victim->parker);\n$1/; s/(pl_worker_exit\(thief\);\n)    if.*?\n.*?\n/$1/'
plant "a helper counts itself for each piece" src/sched/handover.c handoff: 's/participant\) && pl_handoff_take\(h, &piece/participant) && pl_handoff_join(h, &piece/'
plant "a helper does not count itself" src/sched/scheduler.c handoff: 's/pl_handoff_join\(h, &found/pl_handoff_take(h, &found/'
plant "a helper comes that is one too many" $file handoff: 's/ \|\| \(counted && active >= pl_handoff_most\(word\)\)//'
plant "two helpers are counted before they have their numbers" $file handoff: \
    's/\.participant = 1 \+ active\}/.participant = pl_handoff_active(atomic_load_explicit(&h->word, memory_order_relaxed))}/'
plant "a helper has the number of the one before" $file handoff: 's/\.participant = 1 \+ active/.participant = active ? active : 1/'
plant "a helper that comes after the stop runs its piece" src/sched/handover.c "handoff: a helper that" \
    's/    if \(is_stopped\(h\)\)\n        return false;\n(    run_piece)/$1/'
plant "the caller does not wait for its helpers" src/sched/handover.c handoff: 's/result->waited = wait_for_helpers\(w, &w->handoff\);//'
plant "the caller does not take back what is left" src/sched/handover.c handoff: \
    's/    for \(; pl_handoff_take\(h, &piece\); /    for (; result->back > 9; /'
plant "the last helper does not wake the caller" $file handoff: 's/return \(word & PL_HANDOFF_WAITING\) &&.*?;/return false;/'
plant "the caller parks without a word" $file handoff: 's/atomic_fetch_or_explicit\(&h->word, PL_HANDOFF_WAITING/atomic_fetch_or_explicit(&h->word, 0/'
plant "a helper that got two slots keeps one" src/sched/loop_slots.c "handoff: a loop, then slots" \
    's/    for \(size_t k = begin \+ 1; k < end; k\+\+\)\n.*?\n//'
plant "a worker that goes to sleep does not look for slots" src/sched/wake.c handoff: 's/ \|\| pl_handoff_has_slots\(&w->handoff\)//'
plant "a participant slot that is taken back is still waited for" src/sched/loop_slots.c : \
    's/        free_slot\(loop, &loop->slot\[piece.begin\]\);/        pl_loop_leave_slot(loop, &loop->slot[piece.begin]);/'
plant "a loop inside of a handed one uses the same place" src/sched/inline.c handoff: 's/!pl_handoff_busy\(&w->handoff\) &&//'

file=src/sched/loop.c
plant "a share is not counted at the latch" src/sched/participant.c loop 's/    pl_latch_add\(&loop->latch\);\n    if/    if/'
plant "a thief that takes part is not waited for" src/sched/participant.c loop \
    's/(    pl_participant_work\(&p\))/    pl_latch_drop(&loop->latch);\n$1/;
        s/(    pl_worker_exit\(w\);\n)    pl_latch_drop\(&loop->latch\);\n/$1/'
plant "a share that was taken is counted twice" src/sched/participant.c loop \
    's/        if \(state & PL_SLOT_DONE\)\n            return;\n//'
plant "a participant leaves its share behind" src/sched/participant.c loop \
    's/        size = pl_chunking/        p->share = NULL;\n        size = pl_chunking/'
plant "a participant keeps its slot" src/sched/participant.c leaves 's/    pl_loop_leave_slot\(loop, p->slot\);\n//'
plant "a waiter takes whatever it finds" $file leaves \
    's/for \(slot_walk .*?\{\n        pl_slot/for (uint32_t k = 0; k < loop->slots && may_help(loop); k++) {\n        pl_slot/;
        s/pl_worker \*other = pl_loop_other_participant\(loop, walk.slot\);\n(        if \(!other \|\| pl_worker_steal)/pl_worker *other = k != loop->owner->index ? pl_pool_worker(loop->owner->pool, k) : NULL;\n$1/;
        s/pl_loop_other_participant\(loop, walk.slot\) == other/true/'
plant "a waiter takes from a worker that has left its loop" $file leaves 's/pl_loop_other_participant\(loop, walk.slot\) == other/true/'
plant "two take one participant slot" src/sched/loop_slots.c slot \
    's/before = atomic_fetch_or_explicit\(taken, bit, memory_order_seq_cst\);/before = atomic_load_explicit(taken, memory_order_seq_cst);\n            atomic_store_explicit(taken, before | bit, memory_order_seq_cst);/'
plant "a slot is free before its participant has left" src/sched/loop_slots.c slot \
    's/~bit_of\(loop, slot\), memory_order_seq_cst/~bit_of(loop, slot), memory_order_relaxed/'
plant "iterations that are stolen are not to be seen" src/sched/loop_slots.c mixed \
    's/        note_filled\(loop, slot\);\n        if \(loop->call/        if (loop->call/'
plant "a waiter for a loop parks on hidden tasks" $file mixed 's/ && !\(p->worked && could_help\(loop\)\)//'
plant "a waiter for a loop parks on iterations" $file mixed \
    's/could_help\(loop\)\) && !has_work\(loop\)/could_help(loop))/'
plant "a share that became private stays so" src/sched/participant.c mixed \
    's/    if \(pl_deque_is_private\(deque, p->share\)\)\n.*?\n//'
plant "a loop in a task does not look for the head" $file mixed 's/    pl_deque_find_head\(&w->deque\);\n//'

file=src/sched/bag.c
plant "a thief takes from a bag without its mutex" $file bag: \
    's/(    if \(!pl_bag_has_public\(from\)\)\n        return false;\n)    pthread_mutex_lock\(&from->mutex\);\n(.*?)    pthread_mutex_unlock\(&from->mutex\);\n/$1$2/s'
plant "an owner takes back without the mutex" $file bag: \
    's/    pthread_mutex_lock\(&bag->mutex\);\n(    pl_bag_chunk \*c = bag->shared.chunks \?.*?)    pthread_mutex_unlock\(&bag->mutex\);\n/$1/s'
plant "half a chunk is taken for the other half" $file bag: 's/c->count - keep\), keep \*/0), keep */'
plant "a bag does not show what is put there" $file open: 's/(pl_bag_end_put\(pl_bag \*bag\)\n\{\n)    show_chunks\(bag\);\n/$1/'
plant "a participant leaves what is in its bag" $file open: 's/(bool pl_bag_take_back\(pl_bag \*bag\)\n\{\n)/$1    return false;\n/'
plant "what is offered nobody is told of" src/sched/participant.c open: \
    's/(void pl_loop_offer\(pl_participant \*p\)\n\{\n)/$1    return;\n/'
plant "a caller is not told of what is offered in a full loop" src/sched/participant.c "open: a caller that waits" \
    's/        pl_latch_poke\(&loop->latch\);\n        return false;/        return false;/'
plant "a caller that waits takes a second slot" src/sched/participant.c "open: a caller that waits is needed" \
    's/wanted && w != loop->owner \? /wanted ? /'
plant "a participant that leaves an open loop does not look again" src/sched/participant.c "open: a worker that leaves" \
    's/(pl_loop_leave_slot\(loop, p->slot\);\n)    if \(!loop->spec->open/$1    if (loop->spec->open || !loop->spec->open/'
plant "a participant that leaves an open loop looks before" src/sched/participant.c "open: a worker that leaves" \
    's/    pl_loop_leave_slot\(loop, p->slot\);\n    if \(!loop->spec->open \|\| !pl_loop_has_iterations\(loop\)\)\n/    bool has_some = pl_loop_has_iterations(loop);\n    pl_loop_leave_slot(loop, p->slot);\n    if (!loop->spec->open || !has_some)\n/'
plant "a caller parks on items of an open loop" src/sched/loop.c "open: a caller that waits" \
    's/could_help\(loop\)\) && !has_work\(loop\)/could_help(loop))/'
plant "a caller that waits does not work on an open loop" src/sched/loop.c "open: a caller that waits" \
    's/(static bool has_work\(pl_loop \*loop\)\n\{\n)/$1    return false;\n/'

# ---- the life of a pool --------------------------------------------------------------------------------------------

file=src/sched/pool.c
plant "the end does not look for calls" $file life: 's/if \(atomic_load_explicit\(&w->inside.*?\)\)\n/if (false)\n/'
plant "the end does not look for jobs" $file life: 's/if \(pl_injector_drivers\(&pool->injector\)\)\n/if (false)\n/'
plant "the end looks for calls before it bars the pool" $file life: \
    's/    bar_pool\(pool\);\n(    if \(!is_busy\(pool, others\)\))/    bool busy = is_busy(pool, others);\n    bar_pool(pool);\n    if (!busy)/'
plant "the end frees what guests still have" $file life: 's/known = others \|\| /known = /'
plant "the end frees what is held" $file life: 's/known = others \|\| atomic_load_explicit.*?;\n/known = others;\n/'
plant "nobody notifies threads of the end" $file life: 's/        pl_unpark\(&w->parker\);\n//'
plant "a thread that has left is not joined" $file life: 's/w->use == PL_THREAD \|\| w->use == PL_ENDED;/w->use == PL_THREAD;/'
plant "a thread's record is free before it has left" src/sched/pool_threads.c life: 's/        worker->use = PL_ENDED;/        pl_pool_free_record(worker);/'
plant "nobody comes for a job that came while the pool was shut down" $file "life: a shutdown" \
    's/    look_for_jobs\(pool\);\n(    pl_pool_let_go)/$1/'
plant "nobody comes for a job that came while a shutdown was refused" $file "life: a shutdown that is refused" \
    's/(    if \(may\) \{\n        join.*?\n    \}\n)    look_for_jobs\(pool\);/$1    if (may)\n        look_for_jobs(pool);/s'
plant "two end the same threads" $file "life: two shutdowns" 's/pool->ending \|\| //'
plant "a pool that was shut down stays barred" $file "life: a shutdown" \
    's/(    \/\* W64 .*?\n.*?\n)    atomic_store_explicit\(&pool->stopping, 0, memory_order_seq_cst\);\n/$1/'
plant "a guest gives its record back in the middle of a call" src/sched/pool_guests.c "life: a second caller, and" 's/ \|\| w->activation \|\| / || /'
plant "a thread that leaves does not look for more work" src/sched/scheduler.c life: \
    's/(record may be another.*?)    pl_worker_pass_on\(w\);/$1    if (what != FOUND_END)\n        pl_worker_pass_on(w);/s'
plant "a thread that could not start is waited for" src/sched/pool_threads.c life: 's/            pl_sleep_waking\(&pool->sleep, -1\);\n            pl_pool_free_record/            pl_pool_free_record/'
plant "a thread that could not start counts as searching" src/sched/wake.c life: \
    's/if \(pl_pool_add_thread\(pool, growth\) \|\| !pl_sleep_found\(&pool->sleep\)\)/if (pl_pool_add_thread(pool, growth) || true)/'
plant "a new record is counted before it is there" src/sched/pool_guests.c life: \
    's/(    \/\* W2 .*?\n.*?\n)(    \/\* W4 .*?\n.*?\n)/$2$1/'
plant "a pool is let go without an RMW" $file life: \
    's/if \(atomic_fetch_sub_explicit\(&pool->holders, 1, memory_order_acq_rel\) == 1\)/uint32_t left = atomic_load_explicit(&pool->holders, memory_order_acquire) - 1;\n    atomic_store_explicit(&pool->holders, left, memory_order_release);\n    if (left == 0)/'
plant "a thread lets go of a pool before it gives its record back" src/sched/pool_attach.c life: \
    's/(    if \(w && w != attachment->found.*?\n    \}\n)(    pl_pool_release\(attachment->pool\);\n)/$2$1/s'
plant "a pool that is being ended is held" $file life: 's/while \(holders > 0\) \{/for (;;) {/'
plant "a pool is not held by its attachments" src/sched/pool_attach.c life: 's/    pl_pool_hold\(pool\);\n//; s/    pl_pool_release\(attachment->pool\);\n//'
plant "a waker that keeps a thread off a CPU does not look again" src/sched/wake.c "pool: a worker" 's/\.excluded_cpu, memory_order_seq_cst\) != cpu \+ 1|excluded_cpu, memory_order_seq_cst\) != cpu \+ 1/excluded_cpu, memory_order_seq_cst) == -2/'
plant "a thread that was kept off a CPU stays so" src/sched/wake.c life: 's/    if \(excluded_cpu > 0\)\n/    if (false)\n/'
plant "a worker that is awake is kept off a CPU" src/sched/wake.c "pool: a worker" 's/&w->excluded_cpu, AWAKE, /&w->excluded_cpu, 0, /'

# ---- the background ------------------------------------------------------------------------------------------------

file=src/sched/stop.c
plant "a sleeper is not woken" $file stop: 's/        pl_os_wake_all\(&p->epoch\);/        (void)p;/'
plant "a sleeper is not counted" $file stop: \
    's/    atomic_fetch_add_explicit\(&p->sleepers, 1, memory_order_seq_cst\);\n//; s/    atomic_fetch_sub_explicit\(&p->sleepers.*?\n//'
plant "a sleeper looks before it reads the epoch" $file stop: \
    's/(    for \(;;\) \{\n)(.*?)(        uint32_t e = .*?;\n)(.*?)(        gave_up = .*?;\n)/$1$5$3$4/s'
plant "a sleeper looks before it is counted" $file stop: \
    's/    bool gave_up;\n/    bool gave_up = give_up(context);\n/; s/        gave_up = give_up\(context\);\n/        gave_up = gave_up || (e != p->epoch);\n/'
plant "the epoch stays" $file stop: 's/    atomic_fetch_add_explicit\(&p->epoch, 1, memory_order_seq_cst\);\n//'
plant "a stop word goes back" $file stop: 's/        if \(was >= level\)\n            return false;\n//'

plant "no wake-up makes up for those that the dead owed" src/executors/process/board.c "board: killed" 's/    for \(unsigned i = 0; i < slots; i\+\+\)\n        pl_os_shared_wake.*?\n//'
plant "the index is gone before the entry is done" src/executors/process/endpoint.c "board: killed" 's/(    \/\* P18 .*?\n.*?\n)(    \*endpoint->index.*?\n)/$2$1/'
plant "the dead leave what their successor has" src/executors/process/coordinator.c "board: killed" 's/word == word_of\(TAKEN, death->slot, death->generation, lap\)/(word | UINT64_C(0xfffff) << 32) == word_of(TAKEN, death->slot, 0xfffff, lap)/'
plant "a worker takes before it says so" src/executors/process/endpoint.c "board: killed" 's/word_of\(TAKEN, endpoint->number, endpoint->generation, lap_of\(position\)\)/word_of(DONE, 0, 0, lap_of(position))/'
file=src/api/executor.c
plant "nobody is told that it has ended" src/api/executor_notice.c "executor: waited" 's/(notice_end\(parallel_executor \*ex\)\n\{\n)    pthread_cond_broadcast\(&ex->changed\);\n/$1/'
plant "it is performed by two" $file executor: 's/\(ex->state == PL_EXECUTOR_SUBMITTED && pl_injector_withdraw\(&ex->job\)\)/(ex->state == PL_EXECUTOR_SUBMITTED)/'
plant "it is freed while its task runs" $file executor: 's/(notes that nothing was run \*\/\n) *pl_executor_await\(ex, 0, is_at_rest\);\n/$1/'
plant "it has ended before it has results" $file executor: 's/    (ex->results = r;\n)(    ex->state = .*?\n)(    pl_executor_notice_end.*?\n)/$2$3    pl_executor_state_unlock(ex);\n    $1    pl_executor_state_lock(ex);\n/'
plant "its status is set without the lock" $file executor: 's/    (pthread_mutex_lock\(&ex->mutex\);\n)(    ex->results = r;\n    ex->state = .*?\n)/$2    $1/'
plant "sleepers are not told of a cancel" $file executor: 's/(PL_STOP_ALL\)\)\n) *pl_stop_notify_all\(\);/$1        return 0;/'
plant "a cancel only keeps tasks from starting" $file executor: 's/policy.stop, PL_STOP_ALL/policy.stop, PL_STOP_STARTING/'
plant "a shutdown lets tasks start" $file executor: 's/pl_stop_raise\(&ex->call.policy.stop, PL_STOP_STARTING\)/false/'
file=src/api/executor_notice.c
plant "a loop is told before the state is set" src/api/executor.c "executor: polled" 's/    pthread_mutex_lock\(&ex->mutex\);\n(    ex->results = r;)/    if (ex->flag.fd >= 0 && !ex->is_raised)\n        ex->is_raised = true, pl_os_flag_raise(&ex->flag);\n    pthread_mutex_lock(&ex->mutex);\n$1/'
plant "a flag that is opened after the end stays down" $file "executor: polled" 's/(pl_os_flag_open\(&ex->flag\) : 0;\n)    set_flag\(ex\);\n/$1/'
plant "a notification is lost between check and set" $file "executor: notifies" 's/(    if \(!code\) \{\n)/    bool ended = pl_executor_state_ended(ex);\n    pl_executor_state_unlock(ex);\n    pl_executor_state_lock(ex);\n$1/; s/if \(notify && pl_executor_state_ended\(ex\)\)/if (notify && ended)/'
plant "a free does not wait for the notification" src/api/executor.c "executor: notifies" 's/    pl_executor_notice_await\(ex\);\n//'
plant "a notification may free" src/api/executor.c "executor: notifies" 's/    if \(pl_executor_notice_inside\(ex\)\)\n        return EDEADLK;\n//'
plant "who waits for one of several is not told" $file "executor: any" 's/    pl_stop_notify\(&several\);\n//'
plant "a flag is left up when all has been taken" src/api/executor_next.c "executor: as completed, polled" 's/    pl_executor_notice_taken\(ex\);\n//'
plant "a task that comes raises no flag" $file "executor: as completed, polled" 's/(notice_more\(parallel_executor \*ex\)\n\{\n    pthread_cond_broadcast\(&ex->changed\);\n)    set_flag\(ex\);\n/$1/'
file=src/sched/injector.c
plant "a job is run and taken back" $file injector: 's/if \(queued\)\n/if ((queued = true) && job->queued)\n/'
plant "nobody is notified of a job" $file injector: 's/if \(!watched \|\| .*?\n/if (!pool)\n/'
plant "a job is run without being a driver" $file injector: 's/        atomic_fetch_add_explicit\(&injector->drivers, 1, memory_order_seq_cst\);\n//'
plant "the last job stays in the injector" $file injector: 's/(static void take_out.*?\{\n)/$1    if (!job->next)\n        return;\n/s'
file=src/sched/scheduler.c
plant "nobody watches the jobs" $file injector: 's/opens >= 0 \? opens : surplus/surplus/'
plant "a worker that takes a job leaves the next to nobody" $file injector: 's/pl_injector_count\(&pool->injector\) \|\| \(anybody/(anybody/'

# ---- streams -------------------------------------------------------------------------------------------------------

file=src/stream/ring.h
plant "who leaves sink does not look whether the head has ended" $file stream: \
    's/return atomic_compare_exchange_strong_explicit\(&ring->ended\[given & ring->mask\], &not_ended, PL_RING_LEFT,\s+memory_order_seq_cst, memory_order_seq_cst\);/(void)not_ended;\n    atomic_store_explicit(\&ring->ended[given \& ring->mask], PL_RING_LEFT, memory_order_seq_cst);\n    return true;/'
plant "who ends an item does not see that the turn at sink lies there" $file stream: \
    's/return atomic_exchange_explicit\(&ring->ended\[place & ring->mask\], range->slot\[i\], memory_order_seq_cst\) ==\s+PL_RING_LEFT;/bool is_left = atomic_load_explicit(\&ring->ended[place \& ring->mask], memory_order_seq_cst) == PL_RING_LEFT;\n    atomic_store_explicit(\&ring->ended[place \& ring->mask], range->slot[i], memory_order_seq_cst);\n    return is_left;/'
plant "the window is an item too wide" $file stream: \
    's/return between < ring->window \? ring->window - between : 0;/return between <= ring->window ? ring->window + 1 - between : 0;/'
plant "a slot is spare too early" $file stream: \
    's/ring->spare\[\(given \+ ring->window\) & ring->mask\] = slot;/ring->spare[(given + ring->window - 1) \& ring->mask] = slot;/'
plant "what sink has done with a slot is not published" $file stream: \
    's/atomic_store_explicit\(&ring->given, given \+ 1, memory_order_seq_cst\)/atomic_store_explicit(\&ring->given, given + 1, memory_order_relaxed)/'
plant "what source has filled in is not published" $file stream: \
    's/atomic_store_explicit\(&ring->put, place \+ 1, memory_order_seq_cst\)/atomic_store_explicit(\&ring->put, place + 1, memory_order_relaxed)/'
plant "what a task has done is not published" $file stream: \
    's/range->slot\[i\], memory_order_seq_cst\) ==/range->slot[i], memory_order_relaxed) ==/'
plant "two threads are at source" $file stream: \
    's/!atomic_exchange_explicit\(&ring->source, true, memory_order_seq_cst\)/(atomic_store_explicit(\&ring->source, true, memory_order_seq_cst), true)/'
plant "two threads claim one item" src/stream/ring.c stream: \
    's/if \(atomic_compare_exchange_weak_explicit\(&ring->taken, &taken, taken \+ range->count, memory_order_seq_cst,\s+memory_order_seq_cst\)\)/if (atomic_store_explicit(\&ring->taken, taken + range->count, memory_order_seq_cst), true)/'
plant "which slots items have is read after they are claimed" src/stream/ring.c "stream: as they end" \
    's/(        for \(unsigned i = 0; i < range->count; i\+\+\) \{.*?\n        \}\n)(.*?)            return true;\n/$2 {\n$1            return true;\n        }\n/s'

file=src/stream/stream_jobs.c
plant "a seat counts as busy once more before it is free" $file "ends: two" \
    's/    if \(stays\) \{\n        (set_busy\(s, count_busy\(s\) \+ 1\);\n)    \} else \{.*?\n(        pl_injector_end\(seat->job.pool\);\n)        clear_seat/    $1    if (!stays) {\n$2        free_seat/'
plant "a job that ends does not look for items" $file "ends: two" 's/bool stays = pl_ring_has_waiting\(&s->stream.ring\)/bool stays = false/'
plant "a job looks for items before its seat is free" $file "ends: two" \
    's/    set_busy\(s, count_busy\(s\) - 1\);\n(    bool stays = .*?\n)/$1    set_busy(s, count_busy(s) - 1);\n/'
plant "who frees a stream does not wait for its jobs" $file "ends: freed" \
    's/    while \(count_busy\(s\) > 0 \|\| s->has_timer\)\n        pl_os_cond_wait.*?\n//'
file=src/stream/stream_ends.c
plant "those who wait for a stream are told nothing new" $file ends: 's/    atomic_fetch_add_explicit\(&s->epoch, 1, memory_order_seq_cst\);\n//'
plant "the descriptor of a stream stays as it is at the end" $file "ends: polled" \
    's/(void pl_stream_ends_tell\(parallel_stream \*s\)\n\{\n    tell_waiters\(s\);\n)    pl_stream_ends_flag\(s\);\n/$1/'
plant "the descriptor of a stream promises what another leaves out" $file "ends: polled after" \
    's/ && pl_stream_ends_leave_out\(s\)\)/ \&\& false)/; s/if \((s->is_serial) && (has_next_waiting)/if (($1 || pl_stream_limits(\&s->stream) != PL_STREAM_ALL) \&\& $2/'
plant "who opens the descriptor of a stream looks before others know of it" $file "ends: polled later" \
    's/(        \/\* U10 .*?\*\/\n.*?;\n)(        set_flag\(s\);\n)/$2$1/s'
plant "who waits for a stream does not say so" src/stream/stream_next.c ends: 's/(&s->waiting), 1,/$1, 0,/g'
plant "nobody is called for what is put" src/stream/stream_open.c "ends: two" 's/    pl_stream_jobs_call\(s\);\n//'
plant "who waits for a stream is not told that it is cancelled" src/stream/stream_open.c "ends: cancelled" \
    's/    pl_stream_ends_tell_in_signal\(s\);\n//'

# ---- chains --------------------------------------------------------------------------------------------------------

file=src/sched/chain.c
plant "two take one link" $file chain: \
    's/if \(atomic_compare_exchange_weak_explicit\(&c->taken, &k, k \+ 1, memory_order_relaxed, memory_order_relaxed\)\)/if (atomic_store_explicit(&c->taken, k + 1, memory_order_relaxed), true)/'
plant "a link is made without an RMW" $file chain: \
    's/return atomic_fetch_or_explicit\(&c->links\[k\], MADE, memory_order_acq_rel\) & REACHED;/uint32_t old = atomic_load_explicit(&c->links[k], memory_order_acquire);\n    atomic_store_explicit(&c->links[k], old | MADE, memory_order_release);\n    return old & REACHED;/'
plant "a link is reached without an RMW" $file chain: \
    's/return atomic_fetch_or_explicit\(&c->links\[k\], REACHED, memory_order_acq_rel\) & MADE;/uint32_t old = atomic_load_explicit(&c->links[k], memory_order_acquire);\n    atomic_store_explicit(&c->links[k], old | REACHED, memory_order_release);\n    return old & MADE;/'
plant "what a link has is not published" $file chain: 's/MADE, memory_order_acq_rel/MADE, memory_order_acquire/'
plant "what comes before a link is not taken over" $file chain: 's/MADE, memory_order_acq_rel/MADE, memory_order_release/'
plant "what comes before a link is not published" $file chain: 's/REACHED, memory_order_acq_rel/REACHED, memory_order_acquire/'
plant "what a link has is not taken over" $file chain: 's/REACHED, memory_order_acq_rel/REACHED, memory_order_release/'
plant "a link is at once what it is not known to be" $file "chain: links at once" \
    's/memory_order_acquire\) & REACHED;/memory_order_relaxed) & REACHED;/'
plant "a link that was put aside is left so" $file chain: 's/to < c->count && reach_link\(c, to\)/to < c->count \&\& reach_link(c, to) \&\& false/'
plant "the next link is reached before this one is passed" $file chain: \
    's/(        if \(!link_was_made\(c, k\)\)\n            return 0;\n)(        c->work->pass\(c->ctx, k\);)/$1        if (k + 1 < c->count \&\& reach_link(c, k + 1))\n            c->work->pass(c->ctx, k + 1);\n$2/'
plant "a link is passed when it is made" $file chain: 's/if \(!link_was_made\(c, k\)\)/if (!link_was_made(c, k) \&\& k == c->count)/'
plant "nobody takes debts over" $file chain: 's/return atomic_exchange_explicit\(&c->debts, 0, memory_order_relaxed\);/return 0;/'
plant "who leaves a debt does not look again" $file chain: 's/    if \(is_closed\(c, k\)\)\n        return true;\n.*?G3/    return true;\n    \/* G3/s'
plant "who leaves a debt has looked before" $file chain: \
    's/(    \/\* G2 .*?\*\/\n)(    atomic_fetch_add_explicit\(&c->debts.*?;\n)    if \(is_closed\(c, k\)\)/    bool closed = is_closed(c, k);\n$1$2    if (closed)/s'
plant "who opens a window has looked for debts before" $file chain: \
    's/    if \(c->window >= c->count\)\n        return 0;\n/    if (c->window >= c->count)\n        return 0;\n    size_t debts = atomic_load_explicit(&c->debts, memory_order_seq_cst);\n/;
        s/if \(atomic_load_explicit\(&c->debts, memory_order_seq_cst\) == 0\)/if (debts == 0)/'
plant "a window is open before its link is finished" $file "chain: a" \
    's/    if \(c->work->finish\)\n        c->work->finish\(c->ctx, k\);\n    return end_link\(c, k\);/    size_t debts = end_link(c, k);\n    if (c->work->finish)\n        c->work->finish(c->ctx, k);\n    return debts;/'
plant "a window never closes" $file "chain: a" 's/    if \(k < c->window\)\n        return false;/    return false;/'
plant "a window is a link too wide" $file "chain: a" 's/    if \(k < c->window\)\n/    if (k < c->window + 1)\n/'
plant "what was in a window is not taken over" $file "chain: a" \
    's/&c->links\[k - c->window\], memory_order_seq_cst/\&c->links[k - c->window], memory_order_relaxed/'

file=src/sched/numbers.c
plant "two take one number" $file numbers: \
    's/return !\(atomic_fetch_or_explicit\(&numbers->taken\[number \/ 64\], bit, memory_order_seq_cst\) & bit\);/uint64_t taken = atomic_load_explicit(&numbers->taken[number \/ 64], memory_order_seq_cst);\n    atomic_store_explicit(&numbers->taken[number \/ 64], taken | bit, memory_order_seq_cst);\n    return !(taken & bit);/'
plant "what is kept by a number is not published" $file numbers: 's/~bit, memory_order_seq_cst/~bit, memory_order_relaxed/'
plant "what is kept by a number is not taken over" $file numbers: 's/bit, memory_order_seq_cst\) & bit/bit, memory_order_relaxed) \& bit/'
plant "nobody has what is owed" $file numbers: 's/return atomic_exchange_explicit\(&numbers->owed, 0, memory_order_relaxed\);/return 0;/'
plant "who owes turns does not look again" $file numbers: 's/(owe_turns\(numbers, turns\);\n)/$1            return;\n/'
plant "who owes turns leaves them all the same" $file numbers: 's/            turns = take_owed\(numbers\);\n//'
plant "what is owed is looked for before the number is given back" $file numbers: \
    's/(        have\(ctx, number, turns\);\n)(        pl_numbers_give\(numbers, number\);\n)/        turns = take_owed(numbers);\n$1$2/; s/for \(; turns > 0; turns = take_owed\(numbers\)\)/while (turns > 0)/'

# ---- memory that is kept from one call to the next -----------------------------------------------------------------

file=src/base/spare.c
plant "two are at what is kept" $file spare: \
    's/return !atomic_exchange_explicit\(&busy, true, memory_order_acquire\);/bool was = atomic_load_explicit(&busy, memory_order_acquire);\n    atomic_store_explicit(&busy, true, memory_order_relaxed);\n    return !was;/'
plant "who finds another at what is kept goes there all the same" $file spare: \
    's/return !(atomic_exchange_explicit\(&busy, true, memory_order_acquire\));/return $1 || true;/'
plant "what is kept is not taken over" $file spare: 's/\(&busy, true, memory_order_acquire\)/(&busy, true, memory_order_relaxed)/'
plant "what is kept is not published" $file spare: 's/\(&busy, false, memory_order_release\)/(&busy, false, memory_order_relaxed)/'
plant "who has taken something never leaves" $file spare: \
    's/(swap_pieces\(found, &taken\);\n)        leave_kept\(\);\n/$1/'
plant "what is taken is kept as well" $file spare: 's/swap_pieces\(found, &taken\);/taken = *found;/'
plant "what is kept is released as well" $file spare: 's/swap_pieces\(place, &given\);/*place = given;/'
plant "what makes place for a larger piece is lost" $file spare: 's/    if \(given.start\)\n/    if (given.start == start)\n/'
plant "what is not kept is lost" $file spare: 's/    if \(given.start\)\n/    if (given.start \&\& given.start != start)\n/'
plant "memory is offered when others may have it" $file spare: \
    's/ && pl_os_offer\(start, got\) && enter_kept\(\)\)/ \&\& enter_kept())/; s/(swap_pieces\(place, &given\);\n        leave_kept\(\);\n)/$1        pl_os_offer(start, got);\n/'
plant "what is kept stays so after the end" $file spare: 's/        \*p = \(piece\)\{0\};\n    \}\n    leave/    }\n    leave/'
plant "the end does not look who else is there" $file spare: 's/    if \(!enter_kept\(\)\)\n        return;/    enter_kept();/'

# ---- the watcher of pieces ---------------------------------------------------------------------------------------

file=src/sched/watch.c
plant "a piece is not in the one order, and leaves no hint" src/sched/watch.h watch: \
    's/&nobody, word, memory_order_seq_cst/&nobody, word, memory_order_acq_rel/; s/    atomic_store_explicit\(&w->used.*?\n//'
plant "the watcher looks at words out of order, and takes no hint" $file watch: \
    's/\(&w->word, memory_order_seq_cst\);/(&w->word, memory_order_acquire);/; s/return used \? pl_watch_grace\(used - 1\) : UINT64_MAX/return UINT64_MAX/'
plant "the period is set after the looks" $file watch: \
    's/        set_period\(period\);\n(        uint64_t least.*?\n        \}\n)/$1        set_period(period);\n/s'
plant "the watcher does not look again when its period was too long" $file watch: 's/ \|\| least >> 1 >= period\)/ || true)/'
plant "the watcher is not called where its period is too long" src/sched/watch.h watch: 's/\? pl_watch_call\(w\) : w;/? w : w;/'
plant "a call says nothing to a watcher that does not wait yet" $file watch: 's/        watcher.is_called = true;\n//'
plant "a piece is said to be late for the one before it" $file watch: \
    's/bool raised = w->raised == atomic_load_explicit\(&w->word, memory_order_relaxed\);/bool raised = w->raised != 0;/'
plant "a piece is stopped anew at each look" $file watch: 's/ \|\| w->raised == word\)/)/'
plant "the time of a stop is read before the stop" $file watch: \
    's/(Y12 .*?\*\/\n)(    atomic_store.*?;\n)(.*?)    w->raised_at = pl_ticks\(\);\n/$1    uint64_t now = pl_ticks();\n$2$3    w->raised_at = now;\n/s'
plant "the stop of a piece stays for the next one" src/sched/watch.h watch: \
    's/        atomic_store_explicit\(&w->stop, 0, memory_order_relaxed\);\n//'
plant "a record is free before its stop word is lowered" src/sched/watch.h watch: \
    's/\(&w->word, 0, memory_order_release\)/(&w->word, 0, memory_order_relaxed)/'
plant "others are told before the thread is stopped" $file watch: \
    's/    raise_stop\(w, taken\);\n(    if \(!pl_os_fence_all.*?)(    relief->take_over)/$1    raise_stop(w, taken);\n$2/s'
plant "a thread is stopped without a fence" $file watch: 's/    if \(!pl_os_fence_all\(\)\)\n        return;\n//'
plant "a task is noted after the look" include/libparallel/detail/kernel.h watch: \
    's/    parallel_span_note\(span, i\);\n(.*?    )return !(atomic_load.*?\(span->|atomic_load[^;]*);/$1_Bool begins = !$2;\n    parallel_span_note(span, i);\n    return begins;/s'
plant "a piece that has ended is taken over" $file watch: \
    's/!atomic_compare_exchange_strong_explicit\(&w->word, &word, taken, memory_order_relaxed,\s+memory_order_relaxed\)/(atomic_store_explicit(\&w->word, taken, memory_order_relaxed), 0)/'
plant "a thread leaves while it is relieved" $file watch: \
    's/        pthread_mutex_lock\(&watcher.mutex\);\n        pthread_mutex_unlock\(&watcher.mutex\);\n    \}\n    return relieved;/    }\n    return relieved;/'
plant "a relief stays for the next piece" $file watch: \
    's/(Y24 .*?\n)    atomic_store.*?;\n/$1/; s/class & PL_WATCH_RELIEF\)/1)/'
plant "the task that runs is taken over, too" $file watch: 's/take_over\(relief, at \+ 1\)/take_over(relief, at)/'
plant "a piece is left without a watcher" $file watch: 's/            if \(!watcher.runs\)\n                start_watcher\(\);\n//'

# ---- traces --------------------------------------------------------------------------------------------------------

file=src/sched/trace.c
plant "an event is counted before it is there" $file trace: \
    's/(    store_event\(segment.*?\n)(.*?)(    atomic_store_explicit\(&b->head, head \+ 1, .*?\n)/$2$3$1/s'
plant "the version is not odd while something changes" $file trace: \
    's/&b->version, version \+ 1, memory_order_relaxed/&b->version, version, memory_order_relaxed/'
file=src/sched/trace_read.c
plant "a reader does not look at the version again" $file trace: \
    's/version % 2 == 0 && atomic_load.*?== version/version % 2 == 0/'
plant "a reader keeps an event that is being overwritten" $file trace: \
    's/now \+ 1 > first \+ PL_TRACE_ROOM \? now \+ 1 - PL_TRACE_ROOM/now > first + PL_TRACE_ROOM ? now - PL_TRACE_ROOM/'

# ---- processes -----------------------------------------------------------------------------------------------------

file=src/executors/process/board.c
worker=src/executors/process/endpoint.c
coordinator=src/executors/process/coordinator.c
plant "an assignment is taken without a CAS" $worker board: \
    's/atomic_compare_exchange_strong_explicit\(\s*&entry->word, &word,\s*word_of\(TAKEN, (.*?)\),\s*memory_order_release,\s*memory_order_relaxed\)/(atomic_store_explicit(&entry->word, word_of(TAKEN, $1), memory_order_release), 1)/s'
plant "an assignment is taken back without a CAS" $coordinator board: \
    's/if \(atomic_compare_exchange_strong_explicit\((.*?)\{/if (atomic_load_explicit(\&co->board->entries[place].word, memory_order_relaxed) == word \&\& (atomic_store_explicit(\&co->board->entries[place].word, ended_word(co, place), memory_order_relaxed), 1)) {/s'
plant "the head goes past what is free" $worker board: 's/(    move_head\(board, head, position)\);/$1 + 1);/'
plant "the tail moves before the assignment is there" $coordinator board: \
    's/(    entry->assignment = .*?;\n)(.*?)(    atomic_store_explicit\(&co->board->tail.*?;\n)/$3$1$2/s'
plant "a place is assigned again while it is taken" $coordinator board: 's/if \(co->state\[place\] == UNUSED \|\| .*? \{/if (1) {/'
plant "an assignment wakes no worker" $file board: 's/(bool pl_board_wake.*?\{\n)/$1    return false;\n/s'
plant "a worker sleeps without a word" $worker board: 's/    atomic_store_explicit\(asleep, ASLEEP, memory_order_seq_cst\);\n//; s/asleep, ASLEEP, SLEEP_NS/asleep, AWAKE, SLEEP_NS/'
plant "a worker looks before it says that it sleeps" $worker board: \
    's/(    atomic_store_explicit\(asleep, ASLEEP, memory_order_seq_cst\);\n)    if \(!sees_work\(endpoint\)\)/    bool none = !sees_work(endpoint);\n$1    if (none)/'
plant "a worker that runs out of work does not ring" $worker board: 's/(void pl_endpoint_ring_idle.*?\{\n).*?\n/$1/s'
plant "the coordinator looks at the bell after all else" tests/model/model_process.c board: \
    's/(        uint32_t bell = pl_coordinator_bell\(&coordinator\);\n)(        read_reports\(\);\n        if \(pl_coordinator_all_done.*?;\n)/$2$1/s'
plant "the coordinator sleeps unannounced" $coordinator board: 's/    atomic_store_explicit\(&board->coordinator_sleeps, 1, memory_order_seq_cst\);\n//'
plant "a task has both ended and been killed" $file board: \
    's/return atomic_compare_exchange_strong_explicit\(&slot->run, &run, \(run.*?;/return atomic_store_explicit(&slot->run, 2, memory_order_relaxed), true;/s'
plant "a worker does not ask whether it is killed" $worker board: \
    's/return atomic_compare_exchange_strong_explicit\(&endpoint->slot->run.*?;/return atomic_store_explicit(&endpoint->slot->run, endpoint->run, memory_order_relaxed), true;/s'
plant "the next task has the number of the last" $worker board: 's/    endpoint->run \+= 4;\n//'
plant "the slot is empty before the death is noted" $file "board: killed" \
    's/(    \/\* P53 .*?;\n)(    \/\* P131 .*?;\n)/$2$1/s'
plant "the coordinator doubts what the dead have left" $coordinator "board: killed" 's/memory_order_relaxed\) !=\s*co->deaths_read\)/memory_order_relaxed) == UINT32_MAX)/'
plant "a worker that wakes up does not say so" $worker board: 's/    atomic_store_explicit\(asleep, AWAKE, memory_order_relaxed\);\n//'
# ---- ranks ---------------------------------------------------------------------------------------------------------

pieces=src/executors/mpi/pieces.c
home=src/executors/mpi/home.c
site=src/executors/mpi/site.c
rank=src/executors/mpi/rank.c
runners=src/executors/mpi/runners.c
plant "a piece that comes back stays open" $pieces "ranks: a call" 's/        p->open--;\n//'
plant "the pieces of a dead rank are forgotten" $pieces "ranks: one dies" 's/            take_back\(p, piece, rank\);\n//'
plant "tasks of a dead rank are tried once too often" $pieces "ranks: one dies" 's/f\.attempts < policy\.attempts/f.attempts <= policy.attempts/'
plant "pieces go to a rank that has died" $pieces "ranks: one dies" 's/        peer->gone = true;\n//'
plant "who died before a call is not asked for" $home "ranks: one dies, two calls" 's/        note_dead\(p\);\n//'
plant "the last outcome does not wake up the coordinator" $pieces "ranks: pieces by time" 's/calls = !p->finished && take_its_turn\(p\)/take_its_turn(p), calls = false/'
plant "an outcome is left to a coordinator that is not told" $pieces "ranks: a call" 's/    bool calls = true;/    bool calls = false;/'
plant "an outcome is taken in without a turn" $pieces "ranks: a call" \
    's/!p->call->ended && pthread_mutex_trylock\(&p->turn\) == 0/pthread_mutex_trylock(\&p->turn) <= EBUSY/'
plant "who comes late changes the account" $pieces "ranks: pieces by time" 's/calls = !p->finished && /calls = /'
plant "tasks that are due keep the coordinator awake" $pieces "tried again" 's/bool has_room = .*?;/bool has_room = !p->over;/'
plant "a call does not wait for its messages" $pieces "ranks: a call" 's/    pl_inbox_wait_returned.*?;\n//'
plant "a ring in the coordinator's turn is lost" src/executors/mpi/inbox.c "ranks: a call" 's/while \(!inbox->news && (.*?)\)\n/if ($1)\n/'
plant "a piece comes before its call" src/executors/mpi/assign.c "ranks: a call" 's/!peer->told && !post_whole\(p, write_call.*?\)\)\)/false)/'
plant "pieces are given out after a stop" $pieces "ranks: a call is cancelled" 's/    p->fresh = p->call->work\.n;\n//'
plant "a call uses the site after it has left" $home "ranks: home closes" \
    's/(    if \(p->site\)\n        pl_site_add_work\(p->site, -1, p->waits.*?;\n)(.*?    pthread_mutex_unlock\(&home.mutex\);\n)/$2$1/s'
plant "messages are sent after the last" $site "ranks: home closes" 's/    bool ends = site->ends;\n    if \(!ends\) \{/    bool ends = false;\n    if (!ends) {/'
plant "home does not wait for ranks to leave" $home "ranks: home closes" 's/PL_SITE_OTHERS_LEAVE/PL_SITE_OTHERS_STAY/'
plant "home waits for the dead to leave" $site "ranks: one dies" 's/ && !site->dead\[rank\];/;/'
plant "home waits for who dies at the end" $site "ranks: one dies" 's/        if \(take_out\(site, rank\)\)\n            site->note_death/        site->dead[rank] = 1, site->note_death/'
plant "runners are not told of the end" $runners "ranks: a call" 's/    pthread_cond_broadcast.*?;\n//'
plant "a runner is not told of a piece" $runners "ranks: a call" 's/    pthread_cond_signal.*?;\n//'
plant "a piece that has ended is cancelled" $runners "ranks: a call is cancelled" 's/    leave_run\(r, number\);\n//'
plant "a rank counts its pieces unguarded" $rank "ranks: one serves" \
    's/(static void end_piece.*?)    pthread_mutex_lock\(&site->mutex\);\n(.*?)    pthread_mutex_unlock\(&site->mutex\);\n/$1$2/s'
plant "a call ends at a rank, and its runners do not" $rank "ranks: one serves" 's/    pl_runners_end\(&c->runners\);\n    pl_site_add/    pl_site_add/'
plant "a rank ends without a word" $rank "ranks: one serves" 's/pl_site_end\(&rank->site, m, /pl_message_free(m), pl_site_end(\&rank->site, NULL, /'
plant "a rank serves on when home has died" $rank "ranks: home dies" 's/    if \(dead == 0\)/    if (dead != 0)/'
plant "what a rank has sent is freed twice" src/executors/mpi/outcome.c "ranks: one serves" 's/(    free\(\(\(pl_run \*\)run\)->owned\);\n)/$1$1/'
try_all
done_testing
