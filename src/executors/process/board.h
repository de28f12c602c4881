/* SPDX-License-Identifier: MIT */
/*
 * The board: the shared memory by which a program, its supervisor and their worker processes work on a call.
 *
 * Any worker may be killed between any two instructions, so nothing here is a lock, and each fact has one word that decides
 * it. There are three parties: *the coordinator*, the thread of the program whose call it is; the *supervisor*, which forks workers and
 * reaps them; and the workers, each in a *slot*. The worker of a slot may die and be replaced: the slot's *generations* are
 * numbered.
 *
 * ENTRIES. Work is assigned in a ring of entries, each a range of tasks. The coordinator alone writes them, at position `tail`, lap after
 * lap. The entry's word says what has become of it:
 *
 *      kind (2 bits) | slot (10) | generation (20) | lap (32)        kind: DONE (or 0: nothing yet), FREE, TAKEN
 *
 * (DONE has 30 bits of the entry's seal, see below, in the place of slot and generation.)
 *
 *      the coordinator        DONE, of whatever lap  ->  FREE, lap        m1  and then tail += 1   m2
 *      worker      FREE, lap              ->  TAKEN by me      t1  a CAS: one worker has it, and all can see which
 *      worker      TAKEN by me            ->  DONE             t2  when it has said all there is to say of it; then there is no index
 *      the coordinator        TAKEN by the dead      ->  DONE             when it knows of the death
 *      the coordinator        FREE                   ->  DONE             t3  a CAS, to take back what nobody has begun
 *
 * So an entry is taken exactly once, and there is no moment at which a taken entry is nobody's: the CAS is the claim and its
 * record. A position whose entry of the lap before is still TAKEN is passed over. `head` is a hint: no entry before it is FREE.
 * It is moved on by CAS from what was read before the entries were looked at, and entries never become FREE again in the same
 * lap; so it may be late, but is never wrong.
 *
 * THE INDEX. A worker notes each task before it starts it, in its slot; between entries, there is none. Nothing is decided by
 * it but what a dead worker was at: the task noted, if it is one of the entry that the dead generation has TAKEN. A worker that is
 * killed from outside just between two tasks is taken to have died in the one noted, unless it had reported that task's end.
 *
 * REPORTS. What a worker has to say (failures, messages, and what it leaves undone) goes into a ring of bytes in its slot,
 * for the coordinator. `wrote` moves on when a report is complete; it has each bit twice, the second time inverted, so that a number
 * that somebody else writes there is noticed. A task that went well says nothing; t2 says it for all of an entry.
 *
 * KILLED. Where tasks have deadlines, who may say how a task ended is decided by the slot's `run`: number << 2 | state.
 *
 *      worker      IDLE        -> RUNNING, number + 1      c1  with the start's time written before
 *      worker      RUNNING     -> IDLE                     c2  a CAS: it has ended in time, or late
 *      supervisor  RUNNING     -> KILLED                c3  a CAS, with the number that was found late; then kills
 *
 * Either the worker's CAS is first, and then it reports, or the supervisor's is, and the worker leaves. A worker is
 * never killed for the task before.
 *
 * That holds of workers that do as they should. One that does not say that it is RUNNING, because its task has written
 * over what it reads here, cannot be killed; and a supervisor that has been stopped kills nobody. So:
 *
 *      supervisor  once the coordinator has asked for all that run to be killed, and a grace period is over, kills every worker,
 *                  whatever its word says, and forks no more: the call is over, and such a group does not get another
 *      the coordinator        has its own account of who has taken what for how long (api/process.h); who does not follow in the
 *                  time that tasks and graces allow is ended with its supervisor, as if that had been killed by others
 *
 * DEATHS. The supervisor reaps a worker, notes which generation of which slot it was, the index, how it ended, and whether it had
 * been killed, in a ring for the coordinator, and forks the next generation. The coordinator reads a slot's reports before it acts on a death: the
 * worker wrote them before.
 *
 * SLEEP. A worker that finds nothing FREE announces that it sleeps (`asleep` is ASLEEP, 1; 0: AWAKE; 2: ABSENT, nobody is
 * there), looks again, and sleeps on its announcement:
 *
 *      worker                                  the coordinator, or another worker
 *      s1  asleep = 1        (seq_cst)         m1, m2  publishes an entry            (m2 seq_cst)
 *      s2  reads tail, looks (seq_cst)         w1      looks at asleep               (seq_cst)
 *      s3  futex_wait while asleep == 1        w2      if 1: asleep = 0 (a CAS), and wakes if it has
 *
 * If w1 comes before s1 in the total order, m2 does, too, and s2 sees the entry. Else w1 sees the sleeper, or another waker
 * has reset the word. Who finds more than it takes wakes another. The wake-up of a worker that dies asleep is not lost
 * either: its successor looks before it sleeps. And a waker may die in the middle of w2, after which nobody wakes that
 * sleeper: so who notes a death wakes all, whatever their words say.
 *
 * In the other direction the coordinator reads `bell`, looks at everything, announces itself in `coordinator_sleeps`, and sleeps while the bell
 * is as it was; whoever has something for it moves the bell (b1, seq_cst), and then looks at the announcement (b2, seq_cst):
 * either that sees it, or the futex sees that the bell has moved.
 *
 * WHAT IS BELIEVED. Each worker can write anywhere on the board, and a task with a wild pointer may. So nothing that
 * is on it is believed further than it could be true, and whoever needs to rely on something has it in memory of its
 * own:
 *
 *      the coordinator        (pl_coordinator) how many slots there are, and where the index is; all assignments, and which of them are done;
 *                  how far it has read reports and deaths; how many generations of each slot have died; what it has told the
 *                  supervisor (active, wanted, kill, watch); tasks counted, which neither go back nor are more than
 *                  were assigned
 *      supervisor  (pl_group, as it was forked with it) the number of slots, and where the index is; the workers'
 *                  processes, generations, and which it has killed; how many deaths it has noted
 *      worker      (pl_endpoint) its number, generation and place; a copy of the job and of the assignment that it has taken; the
 *                  number of what it runs; how much it has reported
 *
 * Entries (with the job), reports and notes of deaths are *sealed*: who writes one adds a digest of all that it says
 * and of where it stands, and who reads one copies it first, and then compares. It is no cryptography: it keeps out
 * what is written by mistake, not what is forged. A worker that has taken an entry whose seal is broken does not run
 * it, but marks it DONE with a wrong seal; and DONE with the right one says that the worker has run what the coordinator has
 * assigned.
 *
 * A board that contradicts itself fails the call (EIO), and its group ends. pl_coordinator_look() compares what only the coordinator
 * writes, and the words of entries, each time; pl_coordinator_verify() all entries, at the end of a call: after it, no worker
 * has one. And where nothing has been heard for a while, pl_coordinator_doubt() looks for what would never end:
 *
 *      - an entry that is FREE, before `head`. Nobody would look there. Who moves the head has seen that none is
 *        (move_head(), release), so who reads the head (acquire) sees that, too, or something later.
 *      - an entry that is TAKEN by a slot that sleeps, or where nobody is. Suppose that the coordinator reads `asleep` not 0
 *        (acquire), then that all deaths noted have been read, and then the same word TAKEN that it had read before
 *        (acquire). Had that generation taken it (t1, release) after what the coordinator read in `asleep` was written, it would have
 *        written AWAKE before, and the coordinator, which has seen t1, could not have read the older value any more. So it was
 *        taken before. If that generation then went to sleep, it had written DONE before (t2), which the coordinator would have seen.
 *        If it died, then the supervisor noted that before it wrote ABSENT, or forked a generation that slept; the coordinator has read
 *        the note, and ended the entry. So no generation has it.
 *
 * A room is its worker's, but what is there has to be written and read without a seal. A worker that finds other
 * pointers there than it has set has its call fail (pl_endpoint_renounce()). What is left to a wild pointer is to make
 * workers crash, and to change what tasks are given and give.
 */
#ifndef PL_PROCESS_BOARD_H
#define PL_PROCESS_BOARD_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

enum {
#ifdef PL_MODEL
    PL_BOARD_SLOTS = 4,
    PL_BOARD_ENTRIES = 4,
    PL_BOARD_DEATHS = 2,
    PL_BOARD_REPORTS = 64, /* one */
    PL_BOARD_TEXT = 16,
#else
    PL_BOARD_SLOTS = 1024, /* at most */
    PL_BOARD_ENTRIES = 1024,
    PL_BOARD_DEATHS = 256,
    PL_BOARD_REPORTS = 16384, /* bytes for each worker */
    PL_BOARD_TEXT = 2048,     /* bytes of a message in one report */
#endif
    PL_BOARD_ROOM = 256, /* bytes for what a worker's own layer keeps there */
};

#define PL_NO_INDEX SIZE_MAX

/* ---- what is on it --------------------------------------------------------------------------------------- */

/* A range of tasks. */
typedef struct pl_assignment {
    size_t begin, end;
    unsigned tried;      /* how often they have been tried */
    uint64_t timeout_ns; /* of each; 0: none */
    unsigned char last;  /* not 0: they are not tried again: a failure is one of the call */
    uint64_t position;   /* where it was assigned */
} pl_assignment;

typedef struct pl_entry {
    _Atomic uint64_t word;
    uint64_t seal; /* of the assignment and the job */
    pl_assignment assignment;
} pl_entry;

typedef struct pl_death {
    uint32_t slot, generation;
    uint32_t killed; /* not 0: it was */
    int signal, code;
    size_t index;
    uint64_t seal; /* of all this, and how many were noted before */
} pl_death;

typedef enum pl_report_kind { PL_REPORT_FAILED = 1, PL_REPORT_LEFT, PL_REPORT_TEXT } pl_report_kind;

/* That tasks [begin, end) failed; that they were not begun; or a piece of the message of the failure that follows. */
typedef struct pl_report {
    uint32_t kind, length; /* of the text that follows */
    uint64_t position;     /* of the assignment */
    size_t begin, end;
    int32_t code;
    uint16_t state; /* what the API calls it */
    uint16_t final; /* 1: they are not to be tried again; else 0 */
    uint64_t seal;  /* of all this, and of where it stands */
} pl_report;

/* A worker's place. */
typedef struct pl_slot_board {
    alignas(PL_LINE) _Atomic uint64_t run;
    _Atomic uint64_t started, timeout; /* of the task that runs, in nanoseconds */
    _Atomic uint64_t done;             /* tasks that went well, in all generations */
    _Atomic uint64_t busy;             /* ticks spent on entries */
    _Atomic uint64_t wrote;            /* bytes of reports, ever, and the same inverted */
    _Atomic uint32_t stuck;            /* it waits for the coordinator to read */
    alignas(PL_LINE) _Atomic uint32_t asleep;
    alignas(PL_LINE) _Atomic uint32_t read; /* bytes of reports; the coordinator's */
    alignas(PL_LINE) unsigned char room[PL_BOARD_ROOM];
    unsigned char reports[PL_BOARD_REPORTS];
} pl_slot_board;

typedef struct pl_board pl_board;
typedef struct pl_endpoint pl_endpoint;

/* What there is to do, written by the coordinator before the first entry, and read by whoever has taken one. */
typedef struct pl_board_work {
    void (*run)(pl_endpoint *endpoint, const pl_assignment *assignment); /* runs an entry in a worker */
    void (*orphan)(
        void *room); /* in a child of a worker's task, whose copy of the room this is: it is to start nothing more */
    const void *context;       /* within reach of the workers */
    unsigned char timed;       /* not 0: tasks are killed one by one */
    size_t memory_limit;       /* bytes; 0: none */
    unsigned tasks_per_worker; /* 0: any */
} pl_board_work;

struct pl_board {
    pl_board_work job;
    _Atomic int stop;               /* a stop word (sched/cancel.h) */
    _Atomic uint32_t active;        /* slots from 0 that may take entries */
    _Atomic uint32_t wanted;        /* workers that there are to be */
    _Atomic uint32_t ending;        /* the supervisor is to end, and all with it */
    _Atomic uint32_t kill_requests; /* how often the coordinator has asked it to kill all that run */
    _Atomic uint32_t unavailable;   /* an error code, and the same inverted: no worker can be had; 0: some can */
    _Atomic uint64_t watch;         /* nanoseconds, the shortest timeout of a task: how often to look; 0: never */
    alignas(PL_LINE) _Atomic uint64_t tail;
    _Atomic uint32_t more; /* the coordinator has more to assignment than there is room for */
    alignas(PL_LINE) _Atomic uint64_t head;
    alignas(PL_LINE) _Atomic uint32_t bell;
    _Atomic uint32_t coordinator_sleeps;
    alignas(PL_LINE) _Atomic uint32_t deaths_wrote;
    _Atomic uint32_t deaths_read;
    pl_death deaths[PL_BOARD_DEATHS];
    pl_entry entries[PL_BOARD_ENTRIES];
    pl_slot_board slot[];
};

static inline size_t pl_board_bytes(unsigned slots)
{
    return sizeof(pl_board) + slots * sizeof(pl_slot_board);
}

/* Of so many slots, in whose room an index is at `index_at`. */
void pl_board_init(pl_board *board, unsigned slots, size_t index_at);

/* ---- the supervisor, and all parties ------------------------------------------------------------------------ */

/* Where the index of a slot is, which is at `index_at` in its room. */
size_t *pl_slot_index(pl_board *board, unsigned slot, size_t index_at);

/* b1, b2: there is something for the coordinator. */
void pl_board_ring(pl_board *board);

/* w1, w2: wakes the worker of a slot, if it sleeps. */
bool pl_board_wake(pl_board *board, unsigned slot);

/* The supervisor's, which has noted `noted` deaths: whether there is room for one more; and to note it, nobody being in that slot
 * any more, and make up for wake-ups that the dead owed to those in the `slots`. */
bool pl_board_has_room(pl_board *board, uint32_t noted);
void pl_board_note_death(pl_board *board, unsigned slots, uint32_t noted, const pl_death *death);

/* No worker can be had, for that error code. The coordinator is to know. */
void pl_board_give_up(pl_board *board, int why);

/* c3: kills the task that a slot is at, if it is one, and late at `now`; or in any case. Else says when it will be late,
 * or UINT64_MAX. True if it did. */
bool pl_board_kill(pl_board *board, unsigned slot, uint64_t now, bool any, uint64_t *late_at);

/* The first position at or after *position that is FREE and before the tail; false if there is none, and then *position is the tail. */
bool pl_board_find_free(pl_board *board, uint64_t *position);

/* Whether there is something that nobody has begun. */
bool pl_board_has_work(pl_board *board);

/* A number that changes whenever the slot's worker starts something. */
uint64_t pl_board_starts(const pl_board *board, unsigned slot);

/* The coordinator's, where the supervisor has died, too: whether the slot's worker was killed. */
bool pl_board_was_killed(pl_board *board, unsigned slot);

#endif
