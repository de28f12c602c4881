/* SPDX-License-Identifier: MIT */
/* Messages: how they are put together, and taken apart. */
#include "executors/mpi/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define ALIGNMENT ((size_t)64)
/* From how many bytes on a vector is sent from where it lies, as a part of its own, and is not copied. */
#define LEND_BYTES ((size_t)1 << 15)

static unsigned char *allocate_bytes(size_t bytes)
{
    size_t room = pl_size_round(bytes, ALIGNMENT);
    return room == PL_SIZE_NONE ? NULL : aligned_alloc(ALIGNMENT, room);
}

static pl_message *make_message(unsigned rank, size_t room)
{
    pl_message *m = malloc(sizeof *m);
    if (!m)
        return NULL;
    *m = (pl_message){.rank = rank, .room = room, .at = sizeof *m->head};
    m->bytes = allocate_bytes(room);
    if (m->bytes)
        return m;
    free(m);
    return NULL;
}

pl_message *pl_message_new(unsigned rank, pl_message_kind kind, uint64_t call, size_t more)
{
    pl_message *m = make_message(rank, pl_size_add(more, 2 * ALIGNMENT));
    if (m)
        *m->head = (pl_message_head){.bytes = sizeof *m->head, .kind = kind, .call = call};
    return m;
}

pl_message *pl_message_received(unsigned rank, size_t bytes)
{
    pl_message *m = make_message(rank, bytes < sizeof(pl_message_head) ? sizeof(pl_message_head) : bytes);
    if (m)
        m->at = bytes;
    return m;
}

void pl_message_rewind(pl_message *m)
{
    m->head->bytes = m->at;
    m->at = sizeof *m->head;
    m->lost |= m->head->bytes < sizeof *m->head;
}

void pl_message_free(pl_message *m)
{
    if (!m)
        return;
    if (m->release)
        m->release(m->owner);
    free(m->bytes);
    free(m);
}

static bool set_room(pl_message *m, size_t room)
{
    unsigned char *bytes = allocate_bytes(room);
    if (!bytes)
        return false;
    memcpy(bytes, m->bytes, m->at);
    free(m->bytes);
    m->bytes = bytes;
    m->room = room;
    return true;
}

/* Makes room for so many bytes from m->at on. */
static bool make_room(pl_message *m, size_t bytes)
{
    size_t end = pl_size_add(m->at, bytes);
    if (m->lost || end == PL_SIZE_NONE)
        return false;
    return end <= m->room || set_room(m, end < PTRDIFF_MAX / 2 ? 2 * end : end);
}

bool pl_message_expect(pl_message *m)
{
    bool is_known = m->at >= sizeof *m->head && m->head->bytes > m->room && m->head->bytes < PTRDIFF_MAX;
    return !is_known || set_room(m, (size_t)m->head->bytes);
}

void *pl_message_put(pl_message *m, const void *from, size_t bytes)
{
    if (!make_room(m, bytes)) {
        m->lost = true;
        return NULL;
    }
    void *to = m->bytes + m->at;
    if (from && bytes)
        memcpy(to, from, bytes);
    m->at += bytes;
    m->head->bytes = m->at;
    return to;
}

/* The bytes up to the next multiple. */
static size_t gap_of(const pl_message *m)
{
    return pl_size_round(m->at, ALIGNMENT) - m->at;
}

void *pl_message_put_vector(pl_message *m, const void *from, size_t bytes)
{
    static const unsigned char zeros[ALIGNMENT];
    pl_message_put(m, zeros, gap_of(m));
    return pl_message_put(m, from, bytes);
}

void pl_message_lend_vector(pl_message *m, const void *from, size_t bytes, void (*release)(void *owner), void *owner)
{
    m->release = release;
    m->owner = owner;
    if (bytes < LEND_BYTES) {
        pl_message_put_vector(m, from, bytes);
        return;
    }
    pl_message_put_vector(m, NULL, 0);
    m->rest = from;
    m->rest_bytes = bytes;
    m->head->bytes = m->at + bytes;
}

bool pl_message_join(pl_message *m)
{
    if (m->rest && !pl_message_put(m, m->rest, m->rest_bytes))
        return false;
    m->rest = NULL;
    if (m->release)
        m->release(m->owner);
    m->release = NULL;
    return true;
}

const void *pl_message_get(pl_message *m, size_t bytes)
{
    if (m->lost || bytes > m->head->bytes - m->at) {
        m->lost = true;
        return NULL;
    }
    const void *from = m->bytes + m->at;
    m->at += bytes;
    return from;
}

const void *pl_message_get_vector(pl_message *m, size_t bytes)
{
    pl_message_get(m, gap_of(m));
    return pl_message_get(m, bytes);
}

/* ---- functions ------------------------------------------------------------------------------------------- */

/* A function as it is sent. */
typedef struct sent_function {
    uint64_t arg_size, result_size, arg_align, result_align, can_fail, splits;
    pl_image_place call, kernel, step;
} sent_function;

/* A pointer to a function, as one to what is not. */
static const void *call_of(const parallel_function *f)
{
    return f->call ? *(void *const *)(const void *)&f->call : NULL;
}

static const void *kernel_of(parallel_kernel *const *kernel)
{
    return *kernel ? *(void *const *)(const void *)kernel : NULL;
}

bool pl_message_put_function(pl_message *m, const parallel_function *f)
{
    sent_function s = {
        .arg_size = f->arg_size,
        .result_size = f->result_size,
        .arg_align = f->arg_align,
        .result_align = f->result_align,
        .can_fail = f->can_fail,
        .splits = f->splits,
    };
    if (!pl_image_find(&s.call, call_of(f)) || !pl_image_find(&s.kernel, kernel_of(&f->kernel)) ||
        !pl_image_find(&s.step, kernel_of(&f->step)))
        return false;
    pl_message_put(m, &s, sizeof s);
    return true;
}

/* Says which two images are not the same. */
static void tell_images(char wrong[static PL_MESSAGE_WRONG], const pl_image_place *place, const pl_image_place *here)
{
    char theirs[17], ours[17];
    pl_image_id_text(place, theirs);
    pl_image_id_text(here, ours);
    if (here->id_bytes)
        snprintf(wrong, PL_MESSAGE_WRONG, "the function is of %s (build %s), and here is %s (build %s)", place->path,
                 theirs, here->path, ours);
    else
        snprintf(wrong, PL_MESSAGE_WRONG, "the function is of %s (build %s), which cannot be opened here", place->path,
                 theirs);
}

/* Sets a pointer of `size` bytes to a function. */
static bool resolve_place(const pl_image_place *place, void *function, char wrong[static PL_MESSAGE_WRONG])
{
    pl_image_place here;
    void *found;
    if (!pl_image_resolve(place, &found, &here)) {
        tell_images(wrong, place, &here);
        return false;
    }
    memcpy(function, &found, sizeof found);
    return true;
}

bool pl_message_get_function(pl_message *m, parallel_function *f, char wrong[static PL_MESSAGE_WRONG])
{
    const void *from = pl_message_get(m, sizeof(sent_function));
    wrong[0] = '\0';
    if (!from)
        return false;
    sent_function s;
    memcpy(&s, from, sizeof s);
    *f = (parallel_function){
        .size = sizeof *f,
        .arg_size = (size_t)s.arg_size,
        .result_size = (size_t)s.result_size,
        .arg_align = (size_t)s.arg_align,
        .result_align = (size_t)s.result_align,
        .can_fail = s.can_fail,
        .splits = s.splits,
    };
    return resolve_place(&s.call, &f->call, wrong) && resolve_place(&s.kernel, &f->kernel, wrong) &&
           resolve_place(&s.step, &f->step, wrong);
}
