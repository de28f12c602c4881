/* SPDX-License-Identifier: MIT */
/*
 * The board: the shared memory by which a program, its supervisor and their worker processes work on a call.
 *
 * Any worker may be killed between any two instructions, so nothing here is a lock, and each fact has one word that
 * decides it. There are three parties: the *coordinator*, the thread of the program whose call it is; the *supervisor*,
 * which forks workers and reaps them; and the *workers*, each in a *slot*. The worker of a slot may die and be
 * replaced: the slot's *generations* are numbered, from 1.
 *
 * ENTRIES. Work is assigned in a ring of entries, each with an *assignment*, a range of tasks. The coordinator alone
 * writes them, at position `tail`, lap after lap. The entry's word says what has become of it:
 *
 *      kind (2 bits) | slot (10) | generation (20) | lap (32)        kind: DONE (or 0: nothing yet), FREE, TAKEN
 *
 * (DONE has 30 bits of the entry's seal, see below, in the place of slot and generation.)
 *
 *      coordinator   DONE, of any lap  ->  FREE, lap     m1  and then tail += 1   m2
 *      worker        FREE, lap         ->  TAKEN by me   t1  a CAS: one worker has it, and all can see which
 *      worker        TAKEN by me       ->  DONE          t2  when it has reported all there is to report of it; after
 *                                                            that, there is no index
 *      coordinator   TAKEN by the dead ->  DONE              when it knows of the death
 *      coordinator   FREE              ->  DONE          t3  a CAS, to take back what no worker has begun
 *
 * So an entry is taken exactly once, and there is no moment at which a taken entry belongs to no worker: the CAS is the
 * claim and its record. A position whose entry of the lap before is still TAKEN is passed over. `head` is a hint: no
 * entry before it is FREE. It is moved on by a CAS from what was read before the entries were looked at, and entries
 * never become FREE again in the same lap; so it may be late, but is never wrong.
 *
 * THE INDEX. A worker notes each task in its slot before it starts it; between entries, there is no index. All that is
 * decided by it is what task a dead worker was at: the task noted, if it is one of the entry that the dead generation
 * has TAKEN. A worker that is killed from outside just between two tasks is taken to have died in the one noted, unless
 * it had reported that task's end.
 *
 * REPORTS. What a worker has to say (failures, messages, and what it leaves undone) goes into a ring of bytes in its
 * slot, for the coordinator. `wrote` moves on when a report is complete; it has each bit twice, the second time
 * inverted, so that a number written there by mistake is noticed. A task that went well is not reported: t2 says that
 * of all tasks of the entry that no report is about.
 *
 * KILLED. Where tasks have timeouts, one word decides which party may say how a task ended: the slot's
 * `run`, number << 2 | state.
 *
 *      worker       IDLE     ->  RUNNING, number + 1   c1  the start's time is written before
 *      worker       RUNNING  ->  IDLE                  c2  a CAS: the task has ended, in time or late
 *      supervisor   RUNNING  ->  KILLED                c3  a CAS, with the number that was found late; then it kills
 *
 * Either the worker's CAS is first, and then it reports, or the supervisor's is, and the worker leaves. A worker is
 * never killed for the task before.
 *
 * That holds of workers that do as they should. A worker that does not say that it is RUNNING, because its task has
 * written over what it reads here, cannot be killed in this way; and a supervisor that has been stopped kills no
 * worker. So:
 *
 *      supervisor    once the coordinator has asked for all that run to be killed, and a grace period is over, it kills
 *                    every worker, whatever its word says, and forks no more: the call is over, and such a group does
 *                    not get another
 *      coordinator   has its own account of which worker has taken what for how long (process.h). If the group does not
 *                    follow in the time that timeouts and grace periods allow, it is ended with its supervisor, as if
 *                    that had been killed by others
 *
 * DEATHS. The supervisor reaps a worker, notes which generation of which slot it was, the index, how it ended, and
 * whether it had been killed, in a ring for the coordinator, and forks the next generation. The coordinator reads a
 * slot's reports before it acts on a death: the worker wrote them before.
 *
 * SLEEP. A worker that finds nothing FREE announces that it sleeps (`asleep` is ASLEEP, 1; 0: AWAKE; 2: ABSENT, the
 * slot has no worker), looks again, and sleeps on its announcement:
 *
 *      worker                                  the coordinator, or another worker
 *      s1  asleep = 1        (seq_cst)         m1, m2  publishes an entry            (m2 seq_cst)
 *      s2  reads tail, looks (seq_cst)         w1      looks at asleep               (seq_cst)
 *      s3  futex_wait while asleep == 1        w2      if 1: asleep = 0 (a CAS), and wakes it if that succeeds
 *
 * If w1 comes before s1 in the total order, m2 does, too, and s2 sees the entry. Else w1 sees the sleeper, or another
 * waker has reset the word. A worker that finds more than it takes wakes another. The wake-up of a worker that dies
 * asleep is not lost either: its successor looks before it sleeps. And a waker may die in the middle of w2, after which
 * nobody would wake that sleeper: so the supervisor, when it notes a death, wakes all workers, whatever their words
 * say.
 *
 * In the other direction the coordinator reads `bell`, looks at everything, announces itself in `coordinator_sleeps`,
 * and sleeps while the bell is as it was. A party that has something for it moves the bell (b1, seq_cst), and then
 * looks at the announcement (b2, seq_cst): either that sees it, or the futex sees that the bell has moved.
 *
 * WHAT IS BELIEVED. Each worker can write anywhere on the board, and a task with a wild pointer may. So nothing that is
 * on it is believed further than it could be true, and a party that has to rely on something has it in memory of its
 * own:
 *
 *      coordinator   (pl_coordinator) how many slots there are, and where the index is; all assignments, and which of
 *                    them are done; how far it has read reports and deaths; how many generations of each slot have
 *                    died; what it has told the supervisor (active, wanted, kill_requests, watch); the count of tasks,
 *                    which neither goes back nor is more than were assigned
 *      supervisor    (pl_group, as it was forked with it) the number of slots, and where the index is; the workers'
 *                    processes, generations, and which it has killed; how many deaths it has noted
 *      worker        (pl_endpoint) its number, generation and slot; a copy of the work and of the assignment that it
 *                    has taken; the number of what it runs; how much it has reported
 *
 * Entries (with the work), reports and notes of deaths are *sealed*: their writer adds a digest of all that they say
 * and of where they stand, and a reader copies them first, and then compares. It is no cryptography: it keeps out what
 * is written by mistake, not what is forged. A worker that has taken an entry whose seal is broken does not run it, but
 * marks it DONE with a wrong seal; and DONE with the right one says that the worker has run what the coordinator has
 * assigned.
 *
 * A board that contradicts itself fails the call (EIO), and its group ends. pl_coordinator_look() compares what only
 * the coordinator writes, and the words of entries, each time; pl_coordinator_verify() all entries, at the end of a
 * call: after it, no worker has one. And where nothing has been heard for a while, pl_coordinator_doubt() looks for
 * what would never end:
 *
 *      - an entry that is FREE, before `head`. No worker would look there. Whoever moves the head has seen that none is
 *        (move_head(), release), so a party that reads the head (acquire) sees that, too, or something later.
 *      - an entry that is TAKEN by a slot whose worker sleeps, or that has none. Suppose that the coordinator reads in
 *        `asleep` that it is not AWAKE (acquire), then that all deaths noted have been read, and then the same word
 *        TAKEN that it had read before (acquire). Had that generation taken the entry (t1, release) after what the
 *        coordinator read in `asleep` was written, it would have written AWAKE before, and the coordinator, which has
 *        seen t1, could not have read the older value any more. So the entry was taken before. If that generation then
 *        went to sleep, it had written DONE before (t2), which the coordinator would have seen. If it died, then the
 *        supervisor noted that before it wrote ABSENT, or forked a generation that slept; the coordinator has read the
 *        note, and ended the entry. So no generation has it.
 *
 * A room is its worker's, but what is there has to be written and read without a seal. A worker that finds other
 * pointers there than it has set has its call fail (pl_endpoint_renounce()). What is left to a wild pointer is to make
 * workers crash, and to change the arguments and results of tasks.
 *
 * coordinator.h has the coordinator's side, endpoint.h the workers'.
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

/* A range of tasks, as it is assigned. */
typedef struct pl_assignment {
    size_t begin, end;
    unsigned tried;      /* how often they have been tried before */
    uint64_t timeout_ns; /* of each task; 0: none */
    unsigned char last;  /* not 0: tasks are not tried again, so that a failure is one of the call */
    uint64_t position;   /* where it was assigned */
} pl_assignment;

typedef struct pl_entry {
    _Atomic uint64_t word;
    uint64_t seal; /* of the assignment and the work */
    pl_assignment assignment;
} pl_entry;

/* That a worker has died. */
typedef struct pl_death {
    uint32_t slot, generation;
    uint32_t killed;  /* not 0: by the supervisor, as its task was late */
    int signal, code; /* how it ended */
    size_t index;     /* the task that it was at, or PL_NO_INDEX */
    uint64_t seal;    /* of all this, and of how many deaths were noted before */
} pl_death;

/* What a report says. */
typedef enum pl_report_kind {
    PL_REPORT_FAILED = 1, /* tasks [begin, end) failed */
    PL_REPORT_LEFT,       /* tasks [begin, end) were not begun, and are given back */
    PL_REPORT_TEXT,       /* a piece of the message of the failure that is reported next */
    PL_REPORT_RAN         /* when tasks [begin, end) were run: two times in ticks for a text; for a trace */
} pl_report_kind;

enum { PL_REPORT_RUN_BYTES = 2 * sizeof(uint64_t) };

typedef struct pl_report {
    uint32_t kind;     /* a pl_report_kind */
    uint32_t length;   /* of the text that follows */
    uint64_t position; /* of the assignment */
    size_t begin, end;
    int32_t code;   /* an error code */
    uint16_t state; /* a parallel_state: how the tasks have ended */
    uint16_t final; /* 1: they are not to be tried again; else 0 */
    uint64_t seal;  /* of all this, and of where it stands */
} pl_report;

/* What is on the board for each slot. */
typedef struct pl_slot_board {
    /* The worker's, and with `run` the supervisor's. */
    alignas(PL_LINE) _Atomic uint64_t run;
    _Atomic uint64_t started; /* when the task that runs did, in nanoseconds */
    _Atomic uint64_t timeout; /* of that task, in nanoseconds */
    _Atomic uint64_t done;    /* tasks that went well, in all generations */
    _Atomic uint64_t busy;    /* ticks spent on entries */
    _Atomic uint64_t wrote;   /* bytes of reports, in all generations, and the same inverted */
    _Atomic uint32_t stuck;   /* the worker waits for the coordinator to read */

    alignas(PL_LINE) _Atomic uint32_t asleep;

    /* The coordinator's: bytes of reports that it has read. */
    alignas(PL_LINE) _Atomic uint32_t read;

    /* The worker's. */
    alignas(PL_LINE) unsigned char room[PL_BOARD_ROOM];
    unsigned char reports[PL_BOARD_REPORTS];
} pl_slot_board;

typedef struct pl_board pl_board;
typedef struct pl_endpoint pl_endpoint;

/* What there is to do. The coordinator writes it before the first entry, and a worker that has taken an entry reads
 * it. */
typedef struct pl_board_work {
    /* Runs an entry, in a worker. */
    void (*run)(pl_endpoint *endpoint, const pl_assignment *assignment);

    /* In a child that a worker's task has forked, and whose copy of the room this is: it is to start nothing more. */
    void (*orphan)(void *room);

    const void *context;       /* within reach of the workers */
    bool timed;                /* tasks have timeouts, and start and end one by one */
    bool traced;               /* it is to be reported when entries are run */
    size_t memory_limit;       /* bytes; 0: none */
    unsigned tasks_per_worker; /* 0: any number */
} pl_board_work;

struct pl_board {
    pl_board_work work;
    _Atomic int stop;               /* a stop word (sched/stop.h) */
    _Atomic uint32_t active;        /* slots from 0 that may take entries */
    _Atomic uint32_t wanted;        /* workers that there are to be */
    _Atomic uint32_t ending;        /* the supervisor is to end, and all with it */
    _Atomic uint32_t kill_requests; /* how often the coordinator has asked the supervisor to kill all that run */
    _Atomic uint32_t unavailable;   /* an error code, and the same inverted: no worker can be had; 0: some can */
    _Atomic uint64_t watch;         /* the shortest timeout of a task in nanoseconds: how often to look; 0: never */

    /* The coordinator's. */
    alignas(PL_LINE) _Atomic uint64_t tail;
    _Atomic uint32_t more; /* it has more to assign than there is room for */

    alignas(PL_LINE) _Atomic uint64_t head;

    alignas(PL_LINE) _Atomic uint32_t bell;
    _Atomic uint32_t coordinator_sleeps;

    /* The ring of deaths: how many the supervisor has noted, and how many of these the coordinator has read. */
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

/* A board of so many slots. Workers keep the index at `index_at` in their rooms. */
void pl_board_init(pl_board *board, unsigned slots, size_t index_at);

/* Where the index of a slot is. */
size_t *pl_board_index(pl_board *board, unsigned slot, size_t index_at);

/* ---- workers and the coordinator --------------------------------------------------------------------------- */

/* b1, b2: there is something for the coordinator. */
void pl_board_ring(pl_board *board);

/* w1, w2: wakes the worker of a slot, if it sleeps. Whether it did. */
bool pl_board_wake(pl_board *board, unsigned slot);

/* The first position at or after *position that is FREE and before the tail. False if there is none, and then *position
 * is the tail. */
bool pl_board_find_free(pl_board *board, uint64_t *position);

/* Whether there is something that no worker has taken. */
bool pl_board_has_work(pl_board *board);

/* A number that changes whenever the slot's worker starts something. */
uint64_t pl_board_starts(const pl_board *board, unsigned slot);

/* The supervisor has died, too: whether the slot's worker was killed by it. */
bool pl_board_was_killed(pl_board *board, unsigned slot);

/* ---- the supervisor ---------------------------------------------------------------------------------------- */

/* Whether there is room for one more note of a death, after `noted` of them. */
bool pl_board_has_room(pl_board *board, uint32_t noted);

/* Notes a death, after `noted` others. The slot has no worker any more. Makes up for wake-ups that the dead worker owed
 * to others, by waking those in all `slots`. */
void pl_board_note_death(pl_board *board, unsigned slots, uint32_t noted, const pl_death *death);

/* No worker can be had, for that error code. The coordinator is to know. */
void pl_board_give_up(pl_board *board, int why);

/* Which tasks are killed: those that are late, or all that run. */
typedef enum pl_board_killing { PL_KILL_LATE, PL_KILL_ANY } pl_board_killing;

/* c3: marks the task that a slot is at as killed, if there is one, and if it is one of `which` at `now`. Whether it
 * did. Sets *late_at to when the task will be late, or UINT64_MAX. */
bool pl_board_kill(pl_board *board, unsigned slot, uint64_t now, pl_board_killing which, uint64_t *late_at);

#endif
