/* SPDX-License-Identifier: MIT */
/*
 * Rest, wake and join, for Spin: an owner publishes tasks and waits for each; workers look for them, run them, go to
 * sleep. The names are those of src/sched/sleep.h (a1 to a4, p1 to p6, f1, f2, b1 to b3), and what is here a change is
 * there a read-modify-write operation.
 *
 * Memory is that of x86 (Sewell and others, "x86-TSO", CACM 2010), with room for one store in each thread's buffer: that
 * is what store buffering needs. Each word `PLAIN_...` makes a plain store of a change, or leaves something out: then
 * Spin must find the deadlock. tests/model/park.sh tries them all.
 */
#define OWNER 0
#define WORKERS 2
#define TASKS 2

/* words of memory */
#define PUBLIC 0    /* tasks that may be stolen */
#define ASLEEP 1    /* a bit for each worker */
#define SEARCHING 2 /* workers */
#define STATE 3     /* of the task's slot: DONE, AWAITED */
#define PARKER 4    /* of the owner; then of the workers */
#define WORDS 7

#define DONE 1
#define AWAITED 2
#define EMPTY 0
#define TOKEN 1
#define PARKED 2

#define NOTHING 255

byte mem[WORDS];
byte pending[3] = NOTHING; /* the word of the store in a thread's buffer, */
byte value[3];             /* and what it stores */
bool asleep[3];            /* in the kernel */
byte runs;

inline flush(p)
{
    atomic {
        if
        :: pending[p] != NOTHING -> mem[pending[p]] = value[p]; pending[p] = NOTHING
        :: else
        fi
    }
}

/* A plain store. */
inline store(p, w, v)
{
    flush(p);
    atomic { pending[p] = w; value[p] = v }
}

#define load(p, w) (pending[p] == w -> value[p] : mem[w])

/* A change: the buffer is empty before and after it. `was` is what it found. */
inline change(p, w, v)
{
    atomic { flush(p); was = mem[w]; mem[w] = v }
}

inline unpark(p, other)
{
#ifdef NO_TOKEN
    was = load(p, PARKER + other);
#else
    change(p, PARKER + other, TOKEN);
#endif
    if
    :: was == PARKED -> atomic { flush(p); asleep[other] = false }
    :: else
    fi
}

inline notify(p)
{
    if
    :: load(p, SEARCHING) > 0 /* p2 */
    :: else ->
        seen = load(p, ASLEEP); /* p3 */
        if
        :: seen == 0
        :: else ->
            one = (seen & 2 -> 1 : 2);
            change(p, SEARCHING, mem[SEARCHING] + 1); /* p4 */
            change(p, ASLEEP, mem[ASLEEP] & ~(1 << one)); /* p5 */
            if
            :: was & (1 << one) -> unpark(p, one) /* p6 */
            :: else -> change(p, SEARCHING, mem[SEARCHING] - 1); skip
            fi
        fi
    fi
}

/* Memory takes a store when it likes to. */
active proctype buffers()
{
end:
    do
    :: pending[0] != NOTHING -> flush(0)
    :: pending[1] != NOTHING -> flush(1)
    :: pending[2] != NOTHING -> flush(2)
    od
}

active proctype owner()
{
    byte was, seen, one, task;
    do
    :: task == TASKS -> break
    :: else ->
        store(OWNER, STATE, 0);
#ifdef PLAIN_PUBLISH
        store(OWNER, PUBLIC, 1);
#else
        change(OWNER, PUBLIC, 1); /* p1 */
#endif
        notify(OWNER);
        do
        ::
#ifdef PLAIN_AWAIT
            was = load(OWNER, STATE);
            store(OWNER, STATE, was | AWAITED);
#else
            change(OWNER, STATE, mem[STATE] | AWAITED);
#endif
            if
            :: was & DONE -> break
            :: else
            fi;
            change(OWNER, PARKER, (mem[PARKER] == EMPTY -> PARKED : EMPTY));
            if
            :: was == EMPTY ->
                atomic { asleep[OWNER] = (mem[PARKER] == PARKED) };
                !asleep[OWNER]; /* no end: the owner does not sleep for ever */
                change(OWNER, PARKER, EMPTY)
            :: else
            fi
        od;
        task++;
        assert(runs == task)
    od
}

active [WORKERS] proctype worker()
{
    byte was, seen, one, me = _pid - 1;
    atomic { mem[SEARCHING] = mem[SEARCHING] + 1 }
search:
    if
    :: load(me, PUBLIC) > 0 ->
        atomic {
            flush(me);
            was = mem[PUBLIC];
            mem[PUBLIC] = 0
        }
        if
        :: was > 0 ->
            change(me, SEARCHING, mem[SEARCHING] - 1); /* f1 */
            if
            :: was == 1 && load(me, PUBLIC) > 0 -> notify(me) /* f2 */
            :: else
            fi;
            runs++;
            change(me, STATE, mem[STATE] | DONE);
            if
            :: was & AWAITED -> unpark(me, OWNER)
            :: else
            fi;
            change(me, SEARCHING, mem[SEARCHING] + 1)
        :: else
        fi;
        goto search
    :: else
    fi;
#ifdef PLAIN_ANNOUNCE
    was = load(me, ASLEEP);
    store(me, ASLEEP, was | (1 << me));
    if
    :: atomic { mem[SEARCHING] > 0 -> mem[SEARCHING] = mem[SEARCHING] - 1 }
    fi;
#else
    change(me, ASLEEP, mem[ASLEEP] | (1 << me)); /* a1 */
    change(me, SEARCHING, mem[SEARCHING] - 1);   /* a2 */
#endif
    if
#ifndef NO_LOOK
    :: load(me, PUBLIC) > 0 /* a3 */
#endif
    :: else ->
        change(me, PARKER + me, (mem[PARKER + me] == EMPTY -> PARKED : EMPTY)); /* a4 */
        if
        :: was == EMPTY ->
            atomic { asleep[me] = (mem[PARKER + me] == PARKED) };
end:
            !asleep[me];
            change(me, PARKER + me, EMPTY)
        :: else
        fi
    fi;
    change(me, SEARCHING, mem[SEARCHING] + 1);   /* b1 */
    change(me, ASLEEP, mem[ASLEEP] & ~(1 << me)); /* b2 */
    if
    :: was & (1 << me)
    :: else -> change(me, SEARCHING, mem[SEARCHING] - 1) /* b3 */
    fi;
    goto search
}
