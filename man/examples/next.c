/* SPDX-License-Identifier: MIT */
/* Results as they come: here the first task takes longer than the second. */
#include <parallel.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int shown;

static int wait_for(const int *others, int *result, void *extras)
{
    (void)extras;
    while (atomic_load(&shown) < *others)
        parallel_sleep(0.001);
    *result = *others;
    return 0;
}
PARALLEL_DECORATE_TASK(wait_for, int, int, .max_workers = 2);

int main(void)
{
    static const int others[] = {1, 0};
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(wait_for, others, 2, .as_completed = true);
    parallel_item item;
    while (parallel_executor_next(ex, &item, -1) == 1) {
        printf("task %zu, after %d others\n", item.index, *(const int *)item.result);
        atomic_fetch_add(&shown, 1);
    }
}

/* It prints:
 *
 *     task 1, after 0 others
 *     task 0, after 1 others
 */
