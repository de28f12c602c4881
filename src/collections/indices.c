/* SPDX-License-Identifier: MIT */
/* Maps over integers that are no array. */
#include "collections/indices.h"

#include <stdint.h>
#include <string.h>

#include "base/unwind.h"
#include "sched/loop.h"

_Static_assert(sizeof(pl_indices) <= PL_LOOP_CTX, "a map over integers fits where a loop's context goes");

/* Room for a block of arguments: a part of what is nearest to the CPU, and of any stack. */
typedef union block {
    _Alignas(64) uint8_t of_1[4096];
    uint16_t of_2[2048];
    uint32_t of_4[1024];
    uint64_t of_8[512];
} block;

/* Signed or not, an integer is made smaller, or larger, in the same way: its lower bits stay, and those above are those
 * of the sign. By vectors, as compilers do not make them of the loop without being asked for more than -O2. */
enum { VECTOR = 64 };
#define FILL(type)                                                                                                     \
    do {                                                                                                               \
        typedef type vector __attribute__((vector_size(VECTOR)));                                                      \
        enum { LANES = VECTOR / sizeof(type) };                                                                        \
        type lanes[LANES];                                                                                             \
        for (size_t i = 0; i < LANES; i++)                                                                             \
            lanes[i] = (type)((uint64_t)first + i);                                                                    \
        vector v;                                                                                                      \
        memcpy(&v, lanes, sizeof v);                                                                                   \
        for (size_t i = 0; i < n; i += LANES, v += (type)LANES)                                                        \
            memcpy((type *)to + i, &v, sizeof v);                                                                      \
    } while (0)

void pl_indices_fill(void *to, size_t size, ptrdiff_t first, size_t n)
{
    if (size == 1)
        FILL(uint8_t);
    else if (size == 2)
        FILL(uint16_t);
    else if (size == 4)
        FILL(uint32_t);
    else
        FILL(uint64_t);
}

void pl_indices_run_tasks(const pl_indices *m, unsigned participant, size_t begin, size_t end)
{
    block args;
    pl_context context;
    pl_context_begin_sure(&context, m->parent, participant);
    context.span.args = &args;
    for (size_t most = sizeof args / m->arg_size; begin < end;) {
        size_t n = end - begin < most ? end - begin : most;
        pl_indices_fill(&args, m->arg_size, m->begin + (ptrdiff_t)begin, n);
        context.span.results = m->result_size ? (unsigned char *)m->out + begin * m->result_size : NULL;
        m->kernel(&context.span, 0, n);
        begin += n;
    }
    pl_context_thread.context = context.outer;
}

PL_NOT_INLINED int pl_indices_run(void *indices, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)stop;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_indices_run_tasks(indices, participant, begin, end);
    return 0;
}
