/* SPDX-License-Identifier: MIT */
/* Plain accesses and their races; memory that is allocated, freed, and each thread's own. */
#define _GNU_SOURCE /* dl_iterate_phdr() */
#include "model/cells.h"

#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "model/memory.h"
#include "model/search.h"

enum {
    CELLS = 1 << 14,
    BLOCKS = 1 << 10,
    ROOM = 1 << 22,
    GAP = 128, /* between blocks, so that who goes too far is found */
    LARGE = 1 << 16,
    LARGES = 16,
    LOCALS = 1 << 12,
    COMMITS = 8,
};

static struct {
    unsigned long resets;
    cell cell[CELLS];
    struct block {
        uintptr_t start;
        size_t bytes;
        bool freed;
        /* address space: so much from its start on is usable for who knows of that thread's event; -1 is the setup's */
        bool reserved;
        struct commit {
            size_t bytes;
            int8_t thread;
            uint16_t event;
        } commit[COMMITS];
        int commits;
    } block[BLOCKS];
    int cells, blocks;
    /* what is allocated is at the same addresses in each execution */
    _Alignas(64) char room[ROOM];
    size_t used;
    struct large {
        void *start;
        size_t bytes;
    } large[LARGES];
    int larges;
    /* the program's thread-local variables, all in one place; at first; and of each thread that does not run */
    char *locals, first_locals[LOCALS], locals_of[MODEL_THREADS][LOCALS];
    size_t locals_size;
} all;

/* The program is the first that the system tells of. */
static int find_locals(struct dl_phdr_info *program, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; i < program->dlpi_phnum; i++) {
        if (program->dlpi_phdr[i].p_type != PT_TLS)
            continue;
        all.locals = program->dlpi_tls_data;
        all.locals_size = program->dlpi_phdr[i].p_memsz;
        if (all.locals_size > LOCALS)
            model_fail("there is no room for thread-local variables");
        memcpy(all.first_locals, all.locals, all.locals_size);
    }
    return 1;
}

void cells_reset(void)
{
    all.resets++;
    all.used = GAP;
    all.cells = all.blocks = all.larges = 0;
    if (!all.locals)
        dl_iterate_phdr(find_locals, NULL);
    memory_fresh_locals();
    for (int i = 0; i < MODEL_THREADS; i++)
        memory_locals_of(i);
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

cell *cell_of(uintptr_t number, bool make)
{
    for (size_t i = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> 40);; i++) {
        cell *c = &all.cell[i % CELLS];
        if (c->reset != all.resets) {
            if (!make)
                return NULL;
            if (++all.cells > CELLS / 2)
                model_fail("too much memory is used");
            c->number = number;
            c->reset = all.resets;
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

static bool is_in_room(uintptr_t address)
{
    return address >= (uintptr_t)all.room && address < (uintptr_t)(all.room + ROOM);
}

/* An event that `self` need not know of. */
static bool unknown(int self, int thread, uint16_t event)
{
    return thread != self && event > happened[self].at[thread];
}

static void check_committed(const struct block *b, uintptr_t end)
{
    bool some = false;
    for (const struct commit *c = b->commit; c < b->commit + b->commits; c++) {
        if (end > b->start + c->bytes)
            continue;
        if (c->thread < 0 || !unknown(model_self(), c->thread, c->event))
            return;
        some = true;
    }
    model_fail(some ? "memory is used that need not have been committed yet" : "memory is used that is not committed");
}

void check_allocated(uintptr_t address, size_t size)
{
    if (!is_in_room(address))
        return;
    for (const struct block *b = all.block; b < all.block + all.blocks; b++) {
        if (address >= b->start && address + size <= b->start + b->bytes) {
            if (b->freed)
                model_fail("memory is used that has been freed");
            if (b->reserved)
                check_committed(b, address + size);
            return;
        }
    }
    model_fail("memory is used that has not been allocated");
}

bool any_unknown(int self, const lanes *events)
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
        f->written = happened[self].at[self];
    } else {
        f->read.at[self] = happened[self].at[self];
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

void access_cell(int self, cell *c, unsigned offset, unsigned size, bool write, bool plain)
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

static bool is_thread_local(uintptr_t address)
{
    return address - (uintptr_t)all.locals < all.locals_size;
}

void memory_plain(uintptr_t address, size_t size, bool write)
{
    int self = model_self();
    if (self < 0 || size == 0 || is_thread_local(address))
        return;
    check_allocated(address, size);
    if (write)
        search_plain_write(address);
    for (uintptr_t end = address + size; address < end;) {
        unsigned offset = address % 8, part = 8 - offset < end - address ? 8 - offset : (unsigned)(end - address);
        cell *c = cell_of(address / 8, true);
        access_cell(self, c, offset, part, write, true);
        if (c->locations)
            access_locations(self, c, address, part, write);
        address += part;
    }
}

void memory_locals_of(int thread)
{
    memcpy(all.locals_of[thread], all.locals, all.locals_size);
}

void memory_fresh_locals(void)
{
    memcpy(all.locals, all.first_locals, all.locals_size);
}

void memory_switch(int before, int next)
{
    if (before >= 0)
        memory_locals_of(before);
    memcpy(all.locals, all.locals_of[next], all.locals_size);
}

/* ---- memory that comes and goes
 * ------------------------------------------------------------------------------------ */

/* Comes from the system, once, and need not be zero: it is too much to be touched in each execution. */
static void *allocate_large(size_t bytes)
{
    if (all.larges == LARGES)
        model_fail("too many large allocations");
    struct large *l = &all.large[all.larges++];
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
    if (all.blocks == BLOCKS || whole + GAP > ROOM - all.used)
        model_fail("too many allocations");
    char *start = all.room + all.used;
    all.used += whole + GAP;
    struct block *b = &all.block[all.blocks++];
    b->start = (uintptr_t)start;
    b->bytes = bytes;
    b->freed = b->reserved = false;
    return memset(start, 0, whole);
}

static struct block *block_of(const void *start)
{
    for (int i = 0; start && i < all.blocks; i++)
        if (all.block[i].start == (uintptr_t)start)
            return &all.block[i];
    return NULL;
}

void *memory_reserve(size_t bytes)
{
    void *start = memory_allocate(bytes);
    struct block *b = block_of(start);
    if (b) {
        b->reserved = true;
        b->commits = 0;
    }
    return start;
}

bool memory_is_committed(const void *start)
{
    const struct block *b = block_of(start);
    return b && b->commits > 0;
}

void memory_commit(void *start, size_t bytes)
{
    struct block *b = block_of(start);
    int self = model_self();
    if (!b)
        return; /* a large one */
    if (b->commits == COMMITS)
        model_fail("memory is committed too often");
    for (struct commit *c = b->commit; c < b->commit + b->commits; c++)
        c->bytes = c->bytes < bytes ? c->bytes : bytes;
    b->commit[b->commits++] = (struct commit){bytes, (int8_t)self, self < 0 ? 0 : happened[self].at[self]};
}

void *memory_calloc(size_t count, size_t size)
{
    return memory_allocate(count * size);
}

void *memory_aligned(size_t alignment, size_t bytes)
{
    return alignment <= 64 ? memory_allocate(bytes) : NULL;
}

/* Writes all that is known of the block, so that whoever may still use it races. */
static void note_free(uintptr_t start, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 8)
        if (cell_of((start + i) / 8, false))
            memory_plain(start + i, bytes - i < 8 ? bytes - i : 8, true);
}

void memory_free(void *start)
{
    struct block *b = block_of(start);
    if (!b)
        return;
    if (b->freed)
        model_fail("memory is freed twice");
    b->reserved = false; /* all of it can be freed */
    note_free(b->start, b->bytes);
    b->freed = true;
}

int memory_left(void)
{
    int count = 0;
    for (int i = 0; i < all.blocks; i++)
        count += !all.block[i].freed;
    return count;
}
