#!/bin/sh
# SPDX-License-Identifier: MIT
# The interleaving tester finds what it is for: each line below plants one bug in a copy of the sources, and the tester
# must object. A tester that passes everything proves nothing.
. "$srcdir/tests/support/tap.sh"
command -v perl >/dev/null || skip_all "no perl to plant bugs with"

build() {
    # shellcheck disable=SC2086
    $CC $CFLAGS -std=c11 -w -D_DEFAULT_SOURCE -D_XOPEN_SOURCE=700 -DPL_MODEL -DPL_DEBUG -I"$work/src" -I"$srcdir/tests" \
        "$work"/src/deque/deque.c "$work"/src/sched/sleep.c "$work"/src/sched/worker.c "$work"/src/sched/loop.c \
        "$work"/src/sched/cost.c "$srcdir"/tests/model/explore.c "$srcdir"/tests/model/model.c -o "$work/model"
}

cp -R "$srcdir/src" "$work/src"
chmod -R u+w "$work/src"
check "the tester builds" build
check "nothing is found in the sources as they are" "$work/model"

# Status 1 is a finding; anything else is not.
finds() {
    "$work/model" "$1" >/dev/null 2>"$work/found"
    [ $? -eq 1 ]
}

# plant WHAT FILE PERL-EXPRESSION SCENARIOS
plant() {
    rm -rf "$work/src"
    cp -R "$srcdir/src" "$work/src"
    chmod -R u+w "$work/src"
    perl -0pi -e "$3" "$work/src/$2"
    if cmp -s "$work/src/$2" "$srcdir/src/$2" || ! build >"$work/build.log" 2>&1; then
        check "planted: $1" false
        return
    fi
    check "found: $1" finds "$4"
}

plant "a pop takes a task back without a CAS" deque/deque.c \
    's/atomic_compare_exchange_weak_explicit\(&d->span, &span, span_of\(top, h\), memory_order_relaxed,\s*memory_order_relaxed\)/(atomic_store_explicit(&d->span, span_of(top, h), memory_order_relaxed), true)/' deque
plant "a steal without a CAS" deque/deque.c \
    's/!atomic_compare_exchange_strong_explicit\(&d->span, &span, span_of\(top \+ 1, split_of\(span\)\),\s*memory_order_seq_cst, memory_order_relaxed\)/(atomic_store_explicit(&d->span, span_of(top + 1, split_of(span)), memory_order_relaxed), false)/' deque
plant "off by one: the youngest public task is taken for stolen" deque/deque.c 's/if \(top > h\)/if (top >= h)/' deque
plant "off by one: a stolen task is taken back" deque/deque.c 's/if \(top > h\) \{/if (top > h + 1) {/' deque
plant "a publish over public tasks without a CAS" deque/deque.c \
    's/if \(top_of\(span\) == split_of\(span\)\) \{/if (true) {/' "deque: publishing"
plant "a slot is reused before its thief is done" deque/deque.c 's/if \(done == PL_SLOT_DONE\)/if (true)/' deque
plant "a thief does not wake the owner that waits for it" deque/deque.c 's/if \(before == PL_SLOT_AWAITED\)/if (false)/' deque
plant "a forgotten slot stays in the span" deque/deque.c 's/span_of\(h, h\)/span_of(h + 1, h + 1)/' deque
plant "an unpark that does not wake" sched/sleep.c 's/== PARKED\)\n        pl_os_wake/== EMPTY)\n        pl_os_wake/' parker
plant "a park that sleeps on a token" sched/sleep.c 's/if \(!atomic_compare_exchange_strong_explicit\(&parker->word, &seen, PARKED, memory_order_acquire,\s*memory_order_acquire\)\)/atomic_store_explicit(&parker->word, PARKED, memory_order_relaxed); if (false)/' parker
plant "no look for work after the announcement" sched/worker.c 's/!pl_pool_has_public\(pool\) && //' pool
plant "the announcement comes after the look" sched/worker.c \
    's/    pl_sleep_announce\(&pool->sleep, w->index\);\n    if \(!pl_pool_has_public\(pool\)/    bool any = pl_pool_has_public(pool);\n    pl_sleep_announce(&pool->sleep, w->index);\n    if (!any/' pool
plant "the last searcher does not look for more work" sched/worker.c \
    's/if \(pl_pool_has_public\(w->pool\)\)/if (false)/' pool
plant "a claimed sleeper is not woken" sched/worker.c 's/pl_unpark\(&pl_pool_worker\(pool, \(unsigned\)i\)->parker\);//' pool
plant "a claimed sleeper is not counted" sched/sleep.c 's/if \(!counted\) \{/if (false) {/' pool
plant "a sleeper withdraws without being counted" sched/sleep.c 's/if \(atomic_fetch_and_explicit\(&sleep->asleep\[i \/ 64\], ~bit, memory_order_seq_cst\) & bit\)\n        return true;/atomic_fetch_sub_explicit(&sleep->searching, 1, memory_order_seq_cst);\n    if (atomic_fetch_and_explicit(&sleep->asleep[i \/ 64], ~bit, memory_order_seq_cst) & bit)\n        return true;\n    return false;/' pool
plant "a claim counts its sleeper too late" sched/sleep.c \
    's/            if \(!counted\) \{.*?\n            \}\n(.*?)if \(bits & bit\)\n/$1if ((bits & bit) && (atomic_fetch_add_explicit(&sleep->searching, 1, memory_order_seq_cst), true))\n/s' pool
plant "a helper touches the latch after its decrement" sched/latch.h \
    's/pl_parker \*owner = latch->owner;//; s/pl_unpark\(owner\)/pl_unpark(latch->owner)/' latch
plant "an owner parks although the latch is open" sched/latch.h \
    's/return \(atomic_fetch_or_explicit\(&latch->word, PL_LATCH_WAITING, memory_order_seq_cst\) & ~PL_LATCH_WAITING\) != 0;/atomic_fetch_or_explicit(&latch->word, PL_LATCH_WAITING, memory_order_seq_cst);\n    return true;/' latch
plant "the last helper does not wake the owner" sched/latch.h 's/== \(PL_LATCH_WAITING \| 1\)/== PL_LATCH_WAITING/' latch
plant "a worker takes from its range without a CAS" sched/range.h \
    's/if \(atomic_compare_exchange_weak_explicit\(&range->word, &word, pl_range_word\(b \+ size, e\),\s*memory_order_relaxed,\s*memory_order_relaxed\)\)/atomic_store_explicit(&range->word, pl_range_word(b + size, e), memory_order_relaxed);/' range
plant "a thief halves a range without a CAS" sched/range.h \
    's/if \(atomic_compare_exchange_weak_explicit\(&range->word, &word, pl_range_word\(b, middle\),\s*memory_order_relaxed,\s*memory_order_relaxed\)\)/atomic_store_explicit(&range->word, pl_range_word(b, middle), memory_order_relaxed);/' range
plant "an offer is not counted at the latch" sched/loop.c 's/    pl_latch_add\(&loop->latch\);\n    if/    if/' loop
plant "a thief that takes part is not waited for" sched/loop.c 's/    pl_slot_done\(slot\);\n    if \(seat\) \{/    pl_slot_done(slot);\n    if (seat) pl_latch_drop(&loop->latch), pl_latch_add(&loop->latch);\n    if (seat) {/; s/wait_for_all\(&p\);/while (!pl_latch_open(&loop->latch) && has_iterations(loop)) work(&p);/' loop
plant "a waiter takes whatever it finds" sched/loop.c \
    's/pl_worker \*other = other_sitter\(loop, &loop->seat\[k\]\);\n        if \(!other \|\| pl_deque_steal/pl_worker *other = k != loop->owner->index ? pl_pool_worker(loop->owner->pool, k) : NULL;\n        if (!other || pl_deque_steal/; s/other_sitter\(loop, &loop->seat\[k\]\) == other/true/' "loop: nested"
plant "a participant leaves its offer behind" sched/loop.c 's/        size = next_size/        p->offering = false;\n        size = next_size/' loop
done_testing
