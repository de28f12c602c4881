/* SPDX-License-Identifier: MIT */
/* Inputs: their operations. */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "support/test.h"

enum { OPERATIONS = 12 };

void fuzz_begin(void)
{
    pl_workers(3);
    rnd_begin();
}

/* Pools of any size that is not used, or used by one call. */
static void run_pool(rnd_source *source)
{
    static const int sizes[] = {0, 1, 2, 7, PARALLEL_POOL_MAX, PARALLEL_POOL_MAX + 1, -1};
    int size = sizes[fuzz_one_of(source, sizeof sizes / sizeof *sizes)];
    errno = 0;
    parallel_pool *pool = parallel_pool_new(size);
    if ((size < 0 || size > PARALLEL_POOL_MAX) != (!pool && errno == EINVAL))
        rnd_complain(NULL, "a pool of %d: %p, errno %d", size, (void *)pool, errno);
    if (pool && size < 8)
        rnd_run_chosen(source);
    parallel_pool_free(pool);
}

static void run_operations(rnd_source *source)
{
    for (int k = 0; k < OPERATIONS && source->left && !rnd_complaint(); k++)
        switch (fuzz_one_of(source, 32)) {
        case 0:
            fuzz_process(source);
            break;
        case 1:
            run_pool(source);
            break;
        case 2:
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
            fuzz_options(source);
            break;
        default:
            rnd_run_chosen(source);
            break;
        }
}

static void *run_half(void *source)
{
    run_operations(source);
    return NULL;
}

const char *fuzz_run(const uint8_t *bytes, size_t size)
{
    size_t half = size && bytes[0] % 8 == 7 ? size / 2 : 0;
    rnd_source first = rnd_seeded(1), second = rnd_seeded(2);
    first.bytes = bytes;
    first.left = half;
    second.bytes = bytes + half;
    second.left = size - half;
    pthread_t thread;
    bool both = half && pthread_create(&thread, NULL, run_half, &first) == 0;
    run_operations(&second);
    if (both)
        pthread_join(thread, NULL);
    return rnd_complaint();
}
