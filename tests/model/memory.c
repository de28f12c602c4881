/* SPDX-License-Identifier: MIT */
/* The memory model: histories of atomic locations, clocks, races, freed memory; and the doors that the compiler knows. */
#include "model/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "model/explore.h"
#include "model/search.h"

enum {
    LOCATIONS = 1 << 12,
    STORES = 1 << 16,
    VIEWS = 1 << 17,
    CELLS = 1 << 14,
    BLOCKS = 1 << 10,
    ROOM = 1 << 22,
    LARGE = 1 << 16,
    LARGES = 16,
    READABLE = 8, /* so many stores may be behind, or in place of, the last */
};

/* How much of each thread's past is known: its events are numbered from 1. */
typedef struct lanes {
    uint16_t at[MODEL_THREADS];
} lanes;

/* Of a location's modification order. */
typedef struct store {
    uint64_t value;
    uint64_t place; /* in modification order */
    struct store *prev, *next;
    lanes happened; /* what who acquires this knows: what happens before it, */
    lanes visible;  /* and what is visible, moreover, because of heavy fences */
    bool extended;  /* the next one is a read-modify-write operation that has read this one */
} store;

/* That a thread knew of a store from an event of its on. */
typedef struct view {
    struct view *prev;
    store *store;
    uint16_t event;
} view;

typedef struct location {
    struct location *next; /* in its cell */
    uintptr_t address;
    unsigned size;
    store *first, *last;
    uint64_t ordered; /* place of the last store that a seq_cst operation has read or written */
    view *views[MODEL_THREADS];
    lanes reads, writes; /* the last atomic ones of each thread */
    lanes woken;         /* what is visible because of wakes; or because of a mutex */
} location;

/* Plain accesses of some bytes of a cell. */
typedef struct field {
    uint8_t offset, size;
    int8_t writer;
    uint16_t written;
    lanes read;
} field;

/* Eight bytes. */
typedef struct cell {
    uintptr_t number; /* address / 8 */
    unsigned long reset;
    location *locations;
    int fields;
    field field[8];
} cell;

static struct {
    unsigned long resets;
    lanes happened[MODEL_THREADS], visible[MODEL_THREADS];
    lanes shown[MODEL_THREADS]; /* what each had made visible at its last light fence */
    lanes heavy;                /* what has been made visible by heavy fences */
    location location[LOCATIONS];
    store store[STORES];
    view view[VIEWS];
    cell cell[CELLS];
    struct block {
        uintptr_t start;
        size_t bytes;
        bool freed;
    } block[BLOCKS];
    int locations, stores, views, cells, blocks, freed;
    /* what is allocated is at the same addresses in each execution */
    _Alignas(64) char room[ROOM];
    size_t used;
    struct large {
        void *start;
        size_t bytes;
    } large[LARGES];
    int larges;
    struct local {
        char *variable, value[MODEL_THREADS][64];
        size_t bytes;
    } local;
} mem;

static void join(lanes *to, const lanes *from)
{
    for (int i = 0; i < MODEL_THREADS; i++)
        if (to->at[i] < from->at[i])
            to->at[i] = from->at[i];
}

void memory_reset(void)
{
    mem.resets++;
    mem.used = 0;
    mem.larges = 0;
    if (mem.local.variable)
        memset(mem.local.variable, 0, mem.local.bytes);
    memset(mem.local.value, 0, sizeof mem.local.value);
    memset(mem.happened, 0, sizeof mem.happened);
    memset(mem.visible, 0, sizeof mem.visible);
    memset(mem.shown, 0, sizeof mem.shown);
    memset(&mem.heavy, 0, sizeof mem.heavy);
    for (int i = 0; i < MODEL_THREADS; i++)
        mem.happened[i].at[i] = mem.visible[i].at[i] = 1;
    mem.locations = mem.stores = mem.views = mem.cells = mem.blocks = mem.freed = 0;
}

/* The next event of a thread has a number of its own. */
static void next_event(int self)
{
    if (mem.happened[self].at[self] == UINT16_MAX)
        model_fail("too many events: does it end?");
    mem.visible[self].at[self] = ++mem.happened[self].at[self];
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static cell *cell_of(uintptr_t number, bool make)
{
    for (size_t i = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> 40);; i++) {
        cell *c = &mem.cell[i % CELLS];
        if (c->reset != mem.resets) {
            if (!make)
                return NULL;
            if (++mem.cells > CELLS / 2)
                model_fail("too much memory is used");
            c->number = number;
            c->reset = mem.resets;
            c->locations = NULL;
            c->fields = 0;
            return c;
        }
        if (c->number == number)
            return c;
    }
}

static void race(const char *what, uintptr_t address)
{
    static char text[100];
    snprintf(text, sizeof text, "data race: %s at %#lx", what, (unsigned long)address);
    model_fail(text);
}

static void check_freed(uintptr_t address, size_t size)
{
    for (int i = 0; mem.freed > 0 && i < mem.blocks; i++)
        if (mem.block[i].freed && address < mem.block[i].start + mem.block[i].bytes &&
            mem.block[i].start < address + size)
            model_fail("memory is used that has been freed");
}

/* An event that `self` need not know of. */
static bool unknown(int self, int thread, uint16_t event)
{
    return thread != self && event > mem.happened[self].at[thread];
}

static bool any_unknown(int self, const lanes *events)
{
    for (int i = 0; i < MODEL_THREADS; i++)
        if (unknown(self, i, events->at[i]))
            return true;
    return false;
}

/* One field of bytes, all of which are accessed. */
static void access_field(int self, field *f, bool write, bool plain, uintptr_t address)
{
    if (f->written > 0 && unknown(self, f->writer, f->written))
        race(write ? "two writes" : "a read and an earlier write", address);
    if (write && any_unknown(self, &f->read))
        race("a write and an earlier read", address);
    if (!plain)
        return;
    if (write) {
        f->writer = (int8_t)self;
        f->written = mem.happened[self].at[self];
    } else {
        f->read.at[self] = mem.happened[self].at[self];
    }
}

/* A field that overlaps with, but is not, what is accessed: one for each byte instead. */
static void split(cell *c, int i)
{
    field whole = c->field[i];
    c->field[i] = c->field[--c->fields];
    for (int k = 0; k < whole.size; k++) {
        field *f = &c->field[c->fields++];
        *f = whole;
        f->offset = (uint8_t)(whole.offset + k);
        f->size = 1;
    }
}

static void access_cell(int self, cell *c, unsigned offset, unsigned size, bool write, bool plain)
{
    uintptr_t address = c->number * 8 + offset;
    for (int i = 0; i < c->fields; i++) {
        if (c->field[i].offset == offset && c->field[i].size == size) {
            access_field(self, &c->field[i], write, plain, address);
            return;
        }
    }
    unsigned found = 0;
    for (int i = 0; i < c->fields; i++) {
        field *f = &c->field[i];
        if (f->offset >= offset + size || offset >= (unsigned)f->offset + f->size)
            continue;
        if (f->offset < offset || f->offset + f->size > offset + size) {
            split(c, i--);
            continue;
        }
        access_field(self, f, write, plain, address);
        found |= ((1U << f->size) - 1) << f->offset;
    }
    for (unsigned begin = offset, end; plain && begin < offset + size; begin = end) {
        for (end = begin; end < offset + size && !(found >> end & 1); end++)
            ;
        if (end == begin) {
            end++;
            continue;
        }
        field *f = &c->field[c->fields++];
        *f = (field){.offset = (uint8_t)begin, .size = (uint8_t)(end - begin)};
        access_field(self, f, write, true, address);
    }
}

/* A plain write of an atomic location begins a new history. */
static void access_locations(int self, cell *c, uintptr_t address, size_t size, bool write)
{
    for (location **l = &c->locations; *l;) {
        location *it = *l;
        if (address < it->address + it->size && it->address < address + size) {
            if (any_unknown(self, &it->writes))
                race("an atomic write and a plain access", it->address);
            if (write && any_unknown(self, &it->reads))
                race("an atomic read and a plain write", it->address);
            if (write) {
                *l = it->next;
                continue;
            }
        }
        l = &it->next;
    }
}

static void plain_access(uintptr_t address, size_t size, bool write)
{
    int self = model_self();
    if (self < 0 || size == 0 || address - (uintptr_t)mem.local.variable < mem.local.bytes)
        return;
    check_freed(address, size);
    for (uintptr_t end = address + size; address < end;) {
        unsigned offset = address % 8, part = 8 - offset < end - address ? 8 - offset : (unsigned)(end - address);
        cell *c = cell_of(address / 8, true);
        access_cell(self, c, offset, part, write, true);
        if (c->locations)
            access_locations(self, c, address, part, write);
        address += part;
    }
}

void memory_thread_local(void *variable, size_t bytes)
{
    mem.local.variable = variable;
    mem.local.bytes = bytes;
    if (bytes > sizeof mem.local.value[0])
        model_fail("there is no room for thread-local variables");
}

void memory_switch(int before, int next)
{
    struct local *l = &mem.local;
    if (!l->variable)
        return;
    memcpy(l->value[before], l->variable, l->bytes);
    memcpy(l->variable, l->value[next], l->bytes);
}

/* ---- memory that comes and goes ------------------------------------------------------------------------------------ */

/* Comes from the system, once, and need not be zero: it is too much to be touched in each execution. */
static void *allocate_large(size_t bytes)
{
    if (mem.larges == LARGES)
        model_fail("too many large allocations");
    struct large *l = &mem.large[mem.larges++];
    if (l->bytes < bytes) {
        l->bytes = bytes;
        l->start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    return l->start != MAP_FAILED ? l->start : NULL;
}

void *memory_allocate(size_t bytes)
{
    size_t line = 64, whole = (bytes + line - 1) / line * line;
    if (bytes > LARGE)
        return allocate_large(bytes);
    if (mem.blocks == BLOCKS || whole > ROOM - mem.used)
        model_fail("too many allocations");
    char *start = mem.room + mem.used;
    mem.used += whole;
    mem.block[mem.blocks++] = (struct block){(uintptr_t)start, bytes, false};
    return memset(start, 0, whole);
}

/* Writes all that is known of the block, so that whoever may still use it races. */
static void note_free(uintptr_t start, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 8)
        if (cell_of((start + i) / 8, false))
            plain_access(start + i, bytes - i < 8 ? bytes - i : 8, true);
}

void memory_free(void *start)
{
    for (int i = 0; start && i < mem.blocks; i++) {
        struct block *b = &mem.block[i];
        if (b->start != (uintptr_t)start)
            continue;
        if (b->freed)
            model_fail("memory is freed twice");
        note_free(b->start, b->bytes);
        b->freed = true;
        mem.freed++;
    }
}

/* ---- atomic locations ---------------------------------------------------------------------------------------------- */

/* NOLINTBEGIN(performance-no-int-to-ptr): they have been pointers */

static uint64_t value_at(uintptr_t address, unsigned size)
{
    switch (size) {
    case 1:
        return *(volatile uint8_t *)address;
    case 2:
        return *(volatile uint16_t *)address;
    case 4:
        return *(volatile uint32_t *)address;
    default:
        return *(volatile uint64_t *)address;
    }
}

static void set_value(uintptr_t address, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)address = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)address = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)address = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)address = value;
    }
}

/* NOLINTEND(performance-no-int-to-ptr) */

static store *new_store(uint64_t value)
{
    if (mem.stores == STORES)
        model_fail("too many stores: does it end?");
    store *s = &mem.store[mem.stores++];
    memset(s, 0, sizeof *s);
    s->value = value;
    return s;
}

static location *location_of(const volatile void *pointer, unsigned size)
{
    uintptr_t address = (uintptr_t)pointer;
    cell *c = cell_of(address / 8, true);
    for (location *l = c->locations; l; l = l->next) {
        if (l->address == address && l->size == size)
            return l;
        if (address < l->address + l->size && l->address < address + size)
            model_fail("atomic operations of different sizes overlap");
    }
    if (mem.locations == LOCATIONS)
        model_fail("too many atomic locations");
    location *l = &mem.location[mem.locations++];
    memset(l, 0, sizeof *l);
    l->address = address;
    l->size = size;
    l->next = c->locations;
    c->locations = l;
    l->first = l->last = new_store(value_at(address, size));
    l->first->place = l->ordered = UINT64_C(1) << 32;
    return l;
}

/* The place of the newest store that a thread, which sees this, knows of. */
static uint64_t known_place(const location *l, int self, const lanes *sees)
{
    uint64_t place = l->first->place;
    for (int i = 0; i < MODEL_THREADS; i++) {
        const view *v = l->views[i];
        while (v && i != self && v->event > sees->at[i])
            v = v->prev;
        if (v && v->store->place > place)
            place = v->store->place;
    }
    return place;
}

/* From now on, the thread knows of the store. */
static void know(location *l, int self, store *s)
{
    view *top = l->views[self];
    if (top && top->store->place >= s->place)
        return;
    if (mem.views == VIEWS)
        model_fail("too many views: does it end?");
    view *v = &mem.view[mem.views++];
    *v = (view){top, s, mem.happened[self].at[self]};
    l->views[self] = v;
}

static bool acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_CONSUME || order == __ATOMIC_ACQ_REL ||
           order == __ATOMIC_SEQ_CST;
}

static bool releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static void in_order(location *l, const store *s, int order)
{
    if (order == __ATOMIC_SEQ_CST && l->ordered < s->place)
        l->ordered = s->place;
}

/* Which operation: a change follows a store that no other change has read; a compare changes one that it expects. */
typedef enum access { LOAD, CHANGE, COMPARE } access;

/* One of the stores that may be read, or gone before: from `place` on; for a change, from `change_place` on. */
static store *choose(location *l, access how, uint64_t place, uint64_t change_place, uint64_t expected)
{
    store *able[READABLE];
    int count = 0;
    for (store *s = l->last; s && s->place >= place && count < READABLE; s = s->prev) {
        bool changes = how == CHANGE || (how == COMPARE && s->value == expected);
        if (!changes || (!s->extended && s->place >= change_place))
            able[count++] = s;
    }
    return able[search_weak(count)];
}

static void note_read(location *l, int self, store *s, int order)
{
    know(l, self, s);
    in_order(l, s, order);
    if (acquires(order)) {
        join(&mem.happened[self], &s->happened);
        join(&mem.visible[self], &s->visible);
        join(&mem.visible[self], &s->happened);
    }
}

/* Puts a new store after another. */
static void note_write(location *l, int self, store *after, uint64_t value, int order, bool extends)
{
    store *s = new_store(value);
    s->prev = after;
    s->next = after->next;
    if (s->next) {
        s->place = after->place + (s->next->place - after->place) / 2;
        if (s->place == after->place)
            model_fail("too many stores in between");
        s->next->prev = s;
    } else {
        s->place = after->place + (UINT64_C(1) << 32);
        l->last = s;
        set_value(l->address, l->size, value);
    }
    after->next = s;
    if (releases(order)) {
        s->happened = mem.happened[self];
        s->visible = mem.visible[self];
    }
    if (extends) {
        after->extended = true;
        join(&s->happened, &after->happened);
        join(&s->visible, &after->visible);
    }
    know(l, self, s);
    in_order(l, s, order);
}

/* Of the store that is read or gone before, how far behind the last it is: for the report. */
static int behind(const location *l, const store *s)
{
    int n = 0;
    for (const store *x = l->last; x != s; x = x->prev)
        n++;
    return n;
}

/* What comes before each atomic operation: other threads may; then, no race. */
static location *begin(const volatile void *pointer, unsigned size, bool write)
{
    search_point((uintptr_t)pointer, write);
    int self = model_self();
    uintptr_t address = (uintptr_t)pointer;
    check_freed(address, size);
    location *l = location_of(pointer, size);
    cell *c = cell_of(address / 8, false);
    if (c->fields > 0)
        access_cell(self, c, address % 8, size, write, false);
    next_event(self);
    l->reads.at[self] = mem.happened[self].at[self];
    if (write)
        l->writes.at[self] = mem.happened[self].at[self];
    return l;
}

static uint64_t lowest(const location *l, int self, int order)
{
    uint64_t place = known_place(l, self, &mem.visible[self]);
    return order == __ATOMIC_SEQ_CST && place < l->ordered ? l->ordered : place;
}

static uint64_t masked(uint64_t value, unsigned size)
{
    return size == 8 ? value : value & ((UINT64_C(1) << (8 * size)) - 1);
}

static uint64_t do_load(const volatile void *pointer, unsigned size, int order)
{
    if (model_self() < 0)
        return value_at((uintptr_t)pointer, size);
    int self = model_self();
    location *l = begin(pointer, size, false);
    store *s = choose(l, LOAD, lowest(l, self, order), 0, 0);
    note_read(l, self, s, order);
    search_did("load", order, s->value, behind(l, s));
    return s->value;
}

static void do_store(volatile void *pointer, unsigned size, uint64_t value, int order)
{
    if (model_self() < 0) {
        set_value((uintptr_t)pointer, size, value);
        return;
    }
    int self = model_self();
    location *l = begin(pointer, size, true);
    store *after = choose(l, CHANGE, lowest(l, self, order), 0, 0);
    search_did("store", order, masked(value, size), behind(l, after));
    note_write(l, self, after, masked(value, size), order, false);
}

typedef enum operation { EXCHANGE, ADD, SUB, AND, OR, XOR, NAND } operation;

static uint64_t changed(operation how, uint64_t was, uint64_t by)
{
    switch (how) {
    case EXCHANGE:
        return by;
    case ADD:
        return was + by;
    case SUB:
        return was - by;
    case AND:
        return was & by;
    case OR:
        return was | by;
    case XOR:
        return was ^ by;
    default:
        return ~(was & by);
    }
}

static uint64_t do_change(volatile void *pointer, unsigned size, operation how, uint64_t by, int order)
{
    if (model_self() < 0) {
        uint64_t was = value_at((uintptr_t)pointer, size), value = changed(how, was, by);
        set_value((uintptr_t)pointer, size, value);
        return was;
    }
    int self = model_self();
    location *l = begin(pointer, size, true);
    store *s = choose(l, CHANGE, lowest(l, self, order), 0, 0);
    uint64_t was = s->value, value = masked(changed(how, was, by), size);
    note_read(l, self, s, order);
    search_did("change", order, value, behind(l, s));
    note_write(l, self, s, value, order, true);
    return was;
}

/* A weak one may fail for no reason. */
static bool do_compare(volatile void *pointer, unsigned size, uint64_t *expected, uint64_t desired, int success,
                       int failure, bool weak)
{
    if (model_self() < 0) {
        uint64_t was = value_at((uintptr_t)pointer, size);
        bool same = was == *expected;
        if (same)
            set_value((uintptr_t)pointer, size, desired);
        *expected = was;
        return same;
    }
    int self = model_self();
    uint64_t wanted = masked(*expected, size);
    location *l = begin(pointer, size, true);
    store *s = choose(l, COMPARE, lowest(l, self, failure), lowest(l, self, success), wanted);
    bool same = s->value == wanted && !(weak && search_weak(2) == 1);
    note_read(l, self, s, same ? success : failure);
    search_did(same ? "compare, swap" : "compare", same ? success : failure, same ? masked(desired, size) : s->value,
               behind(l, s));
    if (same)
        note_write(l, self, s, masked(desired, size), success, true);
    *expected = s->value;
    return same;
}

/* ---- fences, futexes, mutexes ---------------------------------------------------------------------------------------- */

static void light_fence(int self)
{
    next_event(self);
    join(&mem.visible[self], &mem.heavy);
    mem.shown[self] = mem.visible[self];
}

void memory_fence_all(int self)
{
    next_event(self);
    for (int i = 0; i < MODEL_THREADS; i++)
        if (i != self)
            join(&mem.visible[self], &mem.shown[i]);
    join(&mem.visible[self], &mem.heavy);
    join(&mem.heavy, &mem.visible[self]);
}

uint32_t memory_read_futex(int self, const volatile void *word)
{
    location *l = location_of(word, sizeof(uint32_t));
    check_freed((uintptr_t)word, sizeof(uint32_t));
    lanes sees = mem.visible[self];
    join(&sees, &l->woken);
    store *s = choose(l, LOAD, known_place(l, self, &sees), 0, 0);
    search_did("futex wait", __ATOMIC_RELAXED, s->value, behind(l, s));
    return (uint32_t)s->value;
}

/* The word may be in memory that is no longer there: a late wake is harmless, by the nature of futexes. */
void memory_wake_futex(int self, const volatile void *word)
{
    next_event(self);
    location *l = location_of(word, sizeof(uint32_t));
    join(&l->woken, &mem.visible[self]);
}

void memory_acquire(int self, const volatile void *mutex)
{
    location *l = location_of(mutex, sizeof(uint32_t));
    join(&mem.happened[self], &l->woken);
    join(&mem.visible[self], &l->woken);
    next_event(self);
}

void memory_release(int self, const volatile void *mutex)
{
    next_event(self);
    location *l = location_of(mutex, sizeof(uint32_t));
    join(&l->woken, &mem.happened[self]);
}

/* ---- what the compiler calls --------------------------------------------------------------------------------------- */

/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are the compiler's */

#define PLAIN(n)                                                                                                       \
    void __tsan_read##n(void *p);                                                                                      \
    void __tsan_write##n(void *p);                                                                                     \
    void __tsan_unaligned_read##n(void *p);                                                                            \
    void __tsan_unaligned_write##n(void *p);                                                                           \
    void __tsan_read##n(void *p)                                                                                       \
    {                                                                                                                  \
        plain_access((uintptr_t)p, n, false);                                                                          \
    }                                                                                                                  \
    void __tsan_write##n(void *p)                                                                                      \
    {                                                                                                                  \
        plain_access((uintptr_t)p, n, true);                                                                           \
    }                                                                                                                  \
    void __tsan_unaligned_read##n(void *p)                                                                             \
    {                                                                                                                  \
        plain_access((uintptr_t)p, n, false);                                                                          \
    }                                                                                                                  \
    void __tsan_unaligned_write##n(void *p)                                                                            \
    {                                                                                                                  \
        plain_access((uintptr_t)p, n, true);                                                                           \
    }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

#define CHANGES(n, type, name, how)                                                                                    \
    type __tsan_atomic##n##_##name(volatile type *p, type v, int order);                                               \
    type __tsan_atomic##n##_##name(volatile type *p, type v, int order)                                                \
    {                                                                                                                  \
        return (type)do_change(p, sizeof(type), how, v, order);                                                        \
    }
#define COMPARES(n, type, strength, weak)                                                                              \
    int __tsan_atomic##n##_compare_exchange_##strength(volatile type *p, type *e, type v, int success, int failure);   \
    int __tsan_atomic##n##_compare_exchange_##strength(volatile type *p, type *e, type v, int success, int failure)    \
    {                                                                                                                  \
        uint64_t expected = *e;                                                                                        \
        bool same = do_compare(p, sizeof(type), &expected, v, success, failure, weak);                                 \
        *e = (type)expected;                                                                                           \
        return same;                                                                                                   \
    }
/* clang's, for both strengths. */
#define COMPARES_VALUE(n, type)                                                                                        \
    type __tsan_atomic##n##_compare_exchange_val(volatile type *p, type e, type v, int success, int failure);          \
    type __tsan_atomic##n##_compare_exchange_val(volatile type *p, type e, type v, int success, int failure)           \
    {                                                                                                                  \
        uint64_t expected = e;                                                                                         \
        do_compare(p, sizeof(type), &expected, v, success, failure, false);                                            \
        return (type)expected;                                                                                         \
    }
#define ATOMIC(n, type)                                                                                                \
    type __tsan_atomic##n##_load(const volatile type *p, int order);                                                   \
    void __tsan_atomic##n##_store(volatile type *p, type v, int order);                                                \
    type __tsan_atomic##n##_load(const volatile type *p, int order)                                                    \
    {                                                                                                                  \
        return (type)do_load(p, sizeof(type), order);                                                                  \
    }                                                                                                                  \
    void __tsan_atomic##n##_store(volatile type *p, type v, int order)                                                 \
    {                                                                                                                  \
        do_store(p, sizeof(type), v, order);                                                                           \
    }                                                                                                                  \
    CHANGES(n, type, exchange, EXCHANGE)                                                                               \
    CHANGES(n, type, fetch_add, ADD)                                                                                   \
    CHANGES(n, type, fetch_sub, SUB)                                                                                   \
    CHANGES(n, type, fetch_and, AND)                                                                                   \
    CHANGES(n, type, fetch_or, OR)                                                                                     \
    CHANGES(n, type, fetch_xor, XOR)                                                                                   \
    CHANGES(n, type, fetch_nand, NAND)                                                                                 \
    COMPARES(n, type, strong, false)                                                                                   \
    COMPARES(n, type, weak, true)                                                                                      \
    COMPARES_VALUE(n, type)
ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void *pc);
void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_thread_fence(int order);
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int c, size_t size);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc)
{
    (void)pc;
}

void __tsan_func_exit(void *pc)
{
    (void)pc;
}

void __tsan_read_range(void *p, size_t size)
{
    plain_access((uintptr_t)p, size, false);
}

void __tsan_write_range(void *p, size_t size)
{
    plain_access((uintptr_t)p, size, true);
}

void __tsan_atomic_signal_fence(int order)
{
    if (model_self() >= 0 && order == __ATOMIC_SEQ_CST)
        light_fence(model_self());
}

void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    model_fail("fences are not modelled");
}

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    plain_access((uintptr_t)from, size, false);
    plain_access((uintptr_t)to, size, true);
    return memmove(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
    return __tsan_memcpy(to, from, size);
}

void *__tsan_memset(void *to, int c, size_t size)
{
    plain_access((uintptr_t)to, size, true);
    return memset(to, c, size);
}

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */
