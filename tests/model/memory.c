/* SPDX-License-Identifier: MIT */
/* The memory model: histories of atomic locations, what threads know of them, fences, futexes. */
#include "model/memory.h"

#include <string.h>

#include "model/cells.h"
#include "model/search.h"

enum {
    LOCATIONS = 1 << 12,
    STORES = 1 << 16,
    VIEWS = 1 << 17,
    READABLE = 8, /* so many stores may be behind, or in place of, the last */
};

/* Of a location's modification order. */
struct store {
    uint64_t value;
    uint64_t place; /* in modification order */
    struct store *prev, *next;
    lanes happened; /* what who acquires this knows: what happens before it, */
    lanes visible;  /* and what is visible, moreover, because of heavy fences */
    bool extended;  /* the next one is a read-modify-write operation that has read this one */
};

/* That a thread knew of a store from an event of its on. */
struct view {
    struct view *prev;
    store *store;
    uint16_t event;
};

static struct {
    lanes visible[MODEL_THREADS];
    lanes shown[MODEL_THREADS]; /* what each had made visible at its last light fence */
    lanes heavy[MODEL_THREADS]; /* what each sees from its next light fence on, because of heavy ones */
    /* the heavy fence that each is in the midst of: what it makes visible, what it has found, whom it has not
     * reached */
    struct heavy {
        lanes shows, found;
        bool awaits[MODEL_THREADS];
    } fence[MODEL_THREADS];
    location location[LOCATIONS];
    store store[STORES];
    view view[VIEWS];
    int locations, stores, views;
} mem;

lanes happened[MODEL_THREADS];

static void join(lanes *to, const lanes *from)
{
    for (int i = 0; i < MODEL_THREADS; i++)
        if (to->at[i] < from->at[i])
            to->at[i] = from->at[i];
}

void memory_reset(void)
{
    cells_reset();
    memset(happened, 0, sizeof happened);
    memset(mem.visible, 0, sizeof mem.visible);
    memset(mem.shown, 0, sizeof mem.shown);
    memset(mem.heavy, 0, sizeof mem.heavy);
    memset(mem.fence, 0, sizeof mem.fence);
    for (int i = 0; i < MODEL_THREADS; i++)
        happened[i].at[i] = mem.visible[i].at[i] = 1;
    mem.locations = mem.stores = mem.views = 0;
}

/* The next event of a thread has a number of its own. */
static void next_event(int self)
{
    if (happened[self].at[self] == UINT16_MAX)
        model_fail("too many events: does it end?");
    mem.visible[self].at[self] = ++happened[self].at[self];
}

/* ---- atomic locations
 * ---------------------------------------------------------------------------------------------- */

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
    *v = (view){top, s, happened[self].at[self]};
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
    if (acquires(order)) {
        join(&happened[self], &s->happened);
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
        s->happened = happened[self];
        s->visible = mem.visible[self];
    }
    if (extends) {
        after->extended = true;
        join(&s->happened, &after->happened);
        join(&s->visible, &after->visible);
    }
    know(l, self, s);
    if (order == __ATOMIC_SEQ_CST && l->ordered < s->place)
        l->ordered = s->place;
    next_event(self); /* what comes after the store is not known by who acquires it */
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
    check_allocated(address, size);
    location *l = location_of(pointer, size);
    cell *c = cell_of(address / 8, false);
    if (c->fields > 0)
        access_cell(self, c, address % 8, size, write, false);
    next_event(self);
    l->reads.at[self] = happened[self].at[self];
    if (write)
        l->writes.at[self] = happened[self].at[self];
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

uint64_t memory_load(const volatile void *pointer, unsigned size, int order)
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

void memory_store(volatile void *pointer, unsigned size, uint64_t value, int order)
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

static uint64_t changed(memory_operation how, uint64_t was, uint64_t by)
{
    switch (how) {
    case MEMORY_EXCHANGE:
        return by;
    case MEMORY_ADD:
        return was + by;
    case MEMORY_SUB:
        return was - by;
    case MEMORY_AND:
        return was & by;
    case MEMORY_OR:
        return was | by;
    case MEMORY_XOR:
        return was ^ by;
    default:
        return ~(was & by);
    }
}

uint64_t memory_change(volatile void *pointer, unsigned size, memory_operation how, uint64_t by, int order)
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
bool memory_compare(volatile void *pointer, unsigned size, uint64_t *expected, uint64_t desired, int success,
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

void memory_take(void *start, size_t bytes)
{
    int self = model_self();
    uintptr_t at = (uintptr_t)start;
    memset(start, 0, bytes);
    if (self < 0)
        return;
    next_event(self);
    for (uintptr_t number = at / 8; number < (at + bytes) / 8; number++) {
        cell *c = cell_of(number, false);
        if (!c)
            continue;
        if (c->fields > 0)
            access_cell(self, c, 0, 8, true, true);
        for (location *l = c->locations; l; l = l->next)
            note_write(l, self, l->last, 0, __ATOMIC_RELAXED, false);
    }
}

/* ---- fences, futexes, mutexes
 * ---------------------------------------------------------------------------------------- */

/* The heavy fence of `who` takes effect in another thread. */
static void reach(int who, int other)
{
    struct heavy *fence = &mem.fence[who];
    fence->awaits[other] = false;
    join(&mem.heavy[other], &fence->shows);
    join(&fence->found, &mem.shown[other]);
}

/* A heavy fence that is under way may have reached the thread before, or not yet. Which it is matters to its light
 * fences alone. */
void memory_fence_light(int self)
{
    for (int i = 0; i < MODEL_THREADS; i++)
        if (mem.fence[i].awaits[self] && search_choose(2) == 1)
            reach(i, self);
    next_event(self);
    join(&mem.visible[self], &mem.heavy[self]);
    mem.shown[self] = mem.visible[self];
    next_event(self);
}

void memory_fence_begin(int self)
{
    memory_fence_light(self);
    struct heavy *fence = &mem.fence[self];
    *fence = (struct heavy){.shows = mem.visible[self]};
    for (int i = 0; i < MODEL_THREADS; i++)
        fence->awaits[i] = i != self;
}

void memory_fence_end(int self)
{
    struct heavy *fence = &mem.fence[self];
    for (int i = 0; i < MODEL_THREADS; i++)
        if (fence->awaits[i])
            reach(self, i);
    join(&mem.visible[self], &fence->found);
    memory_fence_light(self);
}

uint32_t memory_read_futex(int self, const volatile void *word)
{
    location *l = location_of(word, sizeof(uint32_t));
    check_allocated((uintptr_t)word, sizeof(uint32_t));
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
    next_event(self);
}

void memory_acquire(int self, const volatile void *mutex)
{
    location *l = location_of(mutex, sizeof(uint32_t));
    join(&happened[self], &l->woken);
    join(&mem.visible[self], &l->woken);
    next_event(self);
}

void memory_release(int self, const volatile void *mutex)
{
    next_event(self);
    location *l = location_of(mutex, sizeof(uint32_t));
    join(&l->woken, &happened[self]);
    next_event(self);
}
