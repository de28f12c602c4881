/* SPDX-License-Identifier: MIT */
/* Recording what threads do: buffers and sessions; trace.h has the protocol. */
#include "sched/trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/life.h"
#include "sched/trace_buffer.h"
#include "sched/trace_name.h"

/* Chunks that come later than that after the one before are another run; and so is one, at least so long, that takes so
 * many times what those before took on average. */
#define GAP_US 20
#define DEAR_US 100
enum { DEAR = 8 };
/* So many threads have buffers of their own in one session, if they end; further ones go on in those of such. */
enum { MOST_ENDED = 256 };

_Atomic uint32_t pl_trace_session;
_Thread_local pl_trace_thread pl_trace_own;

/* Kept under the mutex. */
static struct {
    pthread_mutex_t mutex;
    pl_trace_buffer *buffers;
    size_t count;
    uint32_t last; /* the number of the last session */
} all = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_key_t key; /* tells when a thread ends that has a buffer */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

/* ---- changes --------------------------------------------------------------------------------------------- */

/* o1 and o4 */
static void begin_change(pl_trace_buffer *b)
{
    /* F3 relaxed: the owner's own; no partner */
    uint64_t version = atomic_load_explicit(&b->version, memory_order_relaxed);
    /* F4 relaxed: o1, which each of the stores that follow releases; pairs with F12 */
    atomic_store_explicit(&b->version, version + 1, memory_order_relaxed);
}

static void end_change(pl_trace_buffer *b)
{
    /* F5 relaxed: the owner's own; no partner */
    uint64_t version = atomic_load_explicit(&b->version, memory_order_relaxed);
    /* F6 release: o4: what was changed is seen by whoever sees this; pairs with F10 */
    atomic_store_explicit(&b->version, version + 1, memory_order_release);
}

/* o2 */
static void store_event(pl_trace_event_words words, const pl_trace_event *e)
{
    const uint64_t from[PL_TRACE_WORDS] = {e->from, e->to, e->what, e->a, e->b, e->c};
    for (int i = 0; i < PL_TRACE_WORDS; i++) {
        /* F7 release: whoever sees it sees that the version was odd, and the head that was; pairs with F11 */
        atomic_store_explicit(&words[i], from[i], memory_order_release);
    }
}

/* The segment of event number `i`, made if need be; NULL if there is no memory. */
static pl_trace_event_words *segment_of(pl_trace_buffer *b, uint64_t i)
{
    _Atomic(pl_trace_event_words *) *place = &b->segments[i % PL_TRACE_ROOM / PL_TRACE_SEGMENT];
    /* F8 relaxed: the owner's own; no partner */
    pl_trace_event_words *segment = atomic_load_explicit(place, memory_order_relaxed);
    if (segment)
        return segment;
    segment = calloc(PL_TRACE_SEGMENT, sizeof *segment);
    /* F9 release: it is filled with zeros; pairs with F13 */
    atomic_store_explicit(place, segment, memory_order_release);
    return segment;
}

/* Inside of a change: o2 and o3. */
static void append_event(pl_trace_buffer *b, const pl_trace_event *e)
{
    /* F14 relaxed: the owner's own; no partner */
    uint64_t head = atomic_load_explicit(&b->head, memory_order_relaxed);
    pl_trace_event_words *segment = segment_of(b, head);
    if (!segment) {
        /* F15 relaxed: a number by itself, which only the owner writes; no partner */
        uint64_t lost = atomic_load_explicit(&b->lost, memory_order_relaxed);
        /* F16 relaxed: as F15; pairs with F17 */
        atomic_store_explicit(&b->lost, lost + 1, memory_order_relaxed);
        return;
    }
    store_event(segment[head % PL_TRACE_SEGMENT], e);
    /* F18 release: o3: the event is there; whoever sees a word of a later one sees this; pairs with F19, F20 */
    atomic_store_explicit(&b->head, head + 1, memory_order_release);
}

/* The run that is open becomes an event. */
static void close_run(pl_trace_buffer *b)
{
    if (pl_trace_kind_of(&b->last) == PL_TRACE_NONE)
        return;
    append_event(b, &b->last);
    b->last = (pl_trace_event){0};
    store_event(b->open, &b->last);
}

/* ---- buffers --------------------------------------------------------------------------------------------- */

/* A thread ends. Should it record something yet, it gets another buffer. */
static void leave_buffer(void *buffer)
{
    pl_trace_buffer *b = buffer;
    pl_trace_own.buffer = NULL;
    pthread_mutex_lock(&all.mutex);
    b->used = false;
    pthread_mutex_unlock(&all.mutex);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, leave_buffer) == 0;
}

/* One that no thread uses, and that is of another session; or of any, if there are many. With the mutex held. */
static pl_trace_buffer *find_unused(void)
{
    for (pl_trace_buffer *b = all.buffers; b; b = b->next) {
        /* F21 relaxed: its owner has ended, under the mutex; pairs with F22 */
        bool old = atomic_load_explicit(&b->session, memory_order_relaxed) != all.last;
        if (!b->used && b->place == PL_TRACE_THREAD && (old || all.count >= MOST_ENDED))
            return b;
    }
    return NULL;
}

/* A new one, in the list; NULL: there is no memory. With the mutex held. */
static pl_trace_buffer *new_buffer(pl_trace_place place, unsigned index)
{
    pl_trace_buffer *b = pl_os_zalloc(sizeof *b);
    if (!b)
        return NULL;
    b->place = place;
    b->index = index;
    b->next = all.buffers;
    b->number = all.count++;
    all.buffers = b;
    return b;
}

static void set_worker(pl_trace_buffer *b, int worker)
{
    /* F28 relaxed: a number by itself; pairs with F29 */
    atomic_store_explicit(&b->worker, worker, memory_order_relaxed);
}

pl_trace_buffer *pl_trace_buffer_at(size_t number)
{
    pthread_mutex_lock(&all.mutex);
    pl_trace_buffer *b = all.buffers;
    while (b && b->number != number)
        b = b->next;
    pthread_mutex_unlock(&all.mutex);
    return b;
}

/* A buffer for the calling thread. */
static pl_trace_buffer *get_buffer(void)
{
    pl_trace_thread *own = &pl_trace_own;
    pthread_once(&key_once, make_key);
    pthread_mutex_lock(&all.mutex);
    pl_trace_buffer *b = has_key ? find_unused() : NULL;
    if (has_key && !b)
        b = new_buffer(PL_TRACE_THREAD, 0);
    if (b && pthread_setspecific(key, b) != 0)
        b = NULL;
    if (b) {
        b->used = true;
        set_worker(b, own->worker - 1);
    }
    pthread_mutex_unlock(&all.mutex);
    own->buffer = b;
    return b;
}

/* The buffer becomes one of the session, unless it is. By its owner. */
static void begin_session(pl_trace_buffer *b, uint32_t session)
{
    /* F24 relaxed: the owner's own; no partner */
    if (atomic_load_explicit(&b->session, memory_order_relaxed) == session)
        return;
    b->until = 0;
    begin_change(b);
    b->last = (pl_trace_event){0};
    store_event(b->open, &b->last);
    /* F25 release: nothing of this session yet; what a reader finds of an older one it drops; pairs with F19, F20 */
    atomic_store_explicit(&b->head, 0, memory_order_release);
    /* F26 relaxed: a number by itself; pairs with F17 */
    atomic_store_explicit(&b->lost, 0, memory_order_relaxed);
    /* F22 release: whoever sees it sees what is above; pairs with F21, F27 */
    atomic_store_explicit(&b->session, session, memory_order_release);
    end_change(b);
}

/* The calling thread's buffer, of the session; NULL: there is none. */
static pl_trace_buffer *own_buffer(void)
{
    /* F23 acquire: what the session's beginning has done is there; pairs with F2 */
    uint32_t session = atomic_load_explicit(&pl_trace_session, memory_order_acquire);
    pl_trace_buffer *b = session ? pl_trace_own.buffer : NULL;
    if (session && !b && !(b = get_buffer()))
        return NULL;
    if (b)
        begin_session(b, session);
    return b;
}

/* ---- recording ------------------------------------------------------------------------------------------- */

static bool is_moment(const pl_trace_event *e)
{
    return pl_trace_kind_of(e) >= PL_TRACE_STEAL;
}

static void record_in(pl_trace_buffer *b, const pl_trace_event *e)
{
    begin_change(b);
    if (!is_moment(e)) /* events are by their ends, and a run goes on past a moment */
        close_run(b);
    append_event(b, e);
    end_change(b);
}

static void record_event(const pl_trace_event *e)
{
    pl_trace_buffer *b = own_buffer();
    if (b)
        record_in(b, e);
}

void pl_trace_record(pl_trace_kind kind, uint64_t call, uint64_t from, uint64_t to, uint64_t a, uint64_t b, uint64_t c)
{
    record_event(&(pl_trace_event){from, to > from ? to : from, call << PL_TRACE_KIND_BITS | kind, a, b, c});
}

void pl_trace_moment(pl_trace_kind kind, uint64_t a, uint64_t b)
{
    uint64_t now = pl_ticks();
    pl_trace_record(kind, 0, now, now, a, b, 0);
}

/* Whether a chunk that begins where a run ends is of the same kind, and follows at once. */
static bool goes_on(const pl_trace_event *run, const pl_trace_event *chunk)
{
    uint64_t us = pl_os_ticks_per_us(), took = chunk->to - chunk->from;
    return chunk->from - run->to <= GAP_US * us &&
           (took <= DEAR_US * us || took / DEAR <= (run->to - run->from) / (run->c ? run->c : 1));
}

/* The run that is open goes on, or another one begins. */
static void record_run(pl_trace_buffer *b, const pl_trace_event *run)
{
    pl_trace_event *last = &b->last;
    begin_change(b);
    if (last->what == run->what && last->b == run->a && goes_on(last, run)) {
        last->to = run->to;
        last->b = run->b;
        last->c += run->c;
    } else {
        close_run(b);
        *last = *run;
    }
    store_event(b->open, last);
    end_change(b);
}

void pl_trace_run(uint64_t call, uint64_t from, uint64_t to, uint64_t begin, uint64_t end, uint64_t chunks)
{
    pl_trace_event run = {from, to, call << PL_TRACE_KIND_BITS | PL_TRACE_RUN, begin, end, chunks};
    pl_trace_buffer *b = own_buffer();
    if (b)
        record_run(b, &run);
}

/* Where something apart has its next event, from then on: its buffer. Two calls may have a worker process of the same
 * number each: then, if something that overlaps is there, it is another buffer. With the mutex held. */
static pl_trace_buffer *apart_buffer(pl_trace_place place, unsigned index, uint64_t from, uint32_t session)
{
    for (pl_trace_buffer *b = all.buffers; b; b = b->next) {
        if (b->place != place || b->index != index)
            continue;
        begin_session(b, session);
        if (b->until <= from || place == PL_TRACE_RANK)
            return b;
    }
    pl_trace_buffer *b = new_buffer(place, index);
    if (b)
        begin_session(b, session);
    return b;
}

void pl_trace_apart(pl_trace_place place, unsigned index, const pl_trace_event *e)
{
    pl_trace_event run = *e;
    pthread_mutex_lock(&all.mutex);
    /* F33 relaxed: sessions begin under the mutex, and what comes after its end is dropped; no partner */
    uint32_t session = atomic_load_explicit(&pl_trace_session, memory_order_relaxed);
    pl_trace_buffer *b = session ? apart_buffer(place, index, run.from, session) : NULL;
    if (b) {
        run.from = run.from > b->until ? run.from : b->until;
        run.to = run.to > run.from ? run.to : run.from;
        if (pl_trace_kind_of(&run) == PL_TRACE_RUN)
            record_run(b, &run);
        else
            record_in(b, &run);
        b->until = run.to;
    }
    pthread_mutex_unlock(&all.mutex);
}

void pl_trace_rank_run(uint64_t call, unsigned rank, uint64_t took_ns, uint64_t begin, uint64_t end)
{
    uint64_t now = pl_ticks(), took = took_ns / 1000 * pl_os_ticks_per_us();
    pl_trace_event run = pl_trace_run_of(call, now > took ? now - took : 0, now, begin, end);
    pl_trace_apart(PL_TRACE_RANK, rank, &run);
}

uint64_t pl_trace_pending_call(void)
{
    return pl_trace_is_on() ? pl_trace_own.pending : 0;
}

void pl_trace_be_worker(unsigned index)
{
    pl_trace_own.worker = (int)index + 1;
    if (pl_trace_own.buffer)
        set_worker(pl_trace_own.buffer, (int)index);
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

/* Numbers of calls are of the thread that makes them: its buffer's, and how many it has made. */
static uint64_t next_call(void)
{
    pl_trace_buffer *b = own_buffer();
    return b ? (uint64_t)(b->number + 1) << 36 | (++pl_trace_own.calls & ((UINT64_C(1) << 36) - 1)) : 0;
}

static pl_trace_call begin_call(uint64_t number)
{
    return (pl_trace_call){
        .number = number, .from = pl_ticks(), .pending = pl_trace_own.pending, .loop = pl_trace_own.loop};
}

pl_trace_call pl_trace_call_begin(void)
{
    pl_trace_call call = begin_call(next_call());
    pl_trace_own.pending = call.number;
    return call;
}

/* It ends now. */
static pl_trace_event event_of_call(const pl_trace_call *call)
{
    uint64_t grain = call->grain < UINT32_MAX ? call->grain : UINT32_MAX, to = pl_ticks();
    return (pl_trace_event){.from = call->from,
                            .to = to > call->from ? to : call->from,
                            .what = call->number << PL_TRACE_KIND_BITS | PL_TRACE_CALL,
                            .a = call->n,
                            .b = pl_trace_name(call->what ? call->what : "loop", call->name),
                            .c = grain << 32 | (uint32_t)call->outcome};
}

void pl_trace_call_end(const pl_trace_call *call)
{
    pl_trace_own.pending = call->pending;
    pl_trace_own.loop = call->loop;
    if (!call->number)
        return;
    pl_trace_event e = event_of_call(call);
    record_event(&e);
}

pl_trace_call pl_trace_stream_begin(void)
{
    return begin_call(next_call());
}

void pl_trace_stream_end(const pl_trace_call *call)
{
    if (!call->number)
        return;
    pl_trace_event e = event_of_call(call);
    pl_trace_apart(PL_TRACE_STREAM, 0, &e);
}

pl_trace_call pl_trace_loop_begin(void)
{
    uint64_t pending = pl_trace_own.pending;
    pl_trace_call call = begin_call(pending ? 0 : next_call());
    pl_trace_own.loop = pending ? pending : call.number;
    pl_trace_own.pending = 0;
    return call;
}

/* ---- sessions -------------------------------------------------------------------------------------------- */

void pl_trace_begin(void)
{
    pthread_mutex_lock(&all.mutex);
    uint32_t session = all.last = all.last == UINT32_MAX ? 1 : all.last + 1;
    pthread_mutex_unlock(&all.mutex);
    /* F2 release: what is recorded from now on is of this session; pairs with F1, F23 */
    atomic_store_explicit(&pl_trace_session, session, memory_order_release);
}

uint32_t pl_trace_stop(void)
{
    /* F30 acq_rel: one ends it; no partner */
    return atomic_exchange_explicit(&pl_trace_session, 0, memory_order_acq_rel);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void free_buffer(pl_trace_buffer *b)
{
    for (size_t i = 0; i < PL_TRACE_SEGMENTS; i++) {
        /* F32 relaxed: its owner has ended, or is the caller; pairs with F9 */
        free(atomic_load_explicit(&b->segments[i], memory_order_relaxed));
    }
    free(b);
}

/* Frees what no other thread of the program uses: such may still run. */
static void end_buffers(void)
{
    pl_trace_stop();
    if (has_key)
        pthread_key_delete(key);
    pthread_mutex_lock(&all.mutex);
    has_key = false;
    for (pl_trace_buffer **link = &all.buffers, *b; (b = *link);) {
        if (b->used && b != pl_trace_own.buffer) {
            link = &b->next;
            continue;
        }
        *link = b->next;
        free_buffer(b);
    }
    pl_trace_own.buffer = NULL;
    pthread_mutex_unlock(&all.mutex);
}

/* A child records nothing, until it begins a session of its own. Buffers are those of threads that are gone. */
static void begin_child(void)
{
    pthread_mutex_init(&all.mutex, NULL);
    /* F31 relaxed: the child has one thread; no partner */
    atomic_store_explicit(&pl_trace_session, 0, memory_order_relaxed);
    for (pl_trace_buffer *b = all.buffers; b; b = b->next) {
        b->used = b == pl_trace_own.buffer;
        /* F34 relaxed: as F31; no partner */
        uint64_t version = atomic_load_explicit(&b->version, memory_order_relaxed);
        /* F35 relaxed: as F31: a change that a thread of the parent's was at has ended; no partner */
        atomic_store_explicit(&b->version, version + version % 2, memory_order_relaxed);
    }
    pl_trace_own.pending = pl_trace_own.loop = 0;
}

PL_LIFE(PL_LIFE_TRACE, .in_child = begin_child, .unloaded = end_buffers);

#ifdef PL_MODEL
void pl_trace_begin_anew(void)
{
    static pl_trace_buffer buffer;
    static pl_trace_event_words room[PL_TRACE_SEGMENT];
    memset(&buffer, 0, sizeof buffer);
    memset(room, 0, sizeof room);
    atomic_init(&buffer.segments[0], room);
    buffer.used = true;
    all.buffers = &buffer;
    all.count = 1;
    all.last = 1;
    atomic_init(&pl_trace_session, 1);
}

void pl_trace_take_buffer(void)
{
    pl_trace_own.buffer = all.buffers;
}
#endif
