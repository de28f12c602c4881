/* SPDX-License-Identifier: MIT */
/* Has a semaphore posted when a call in the background ends. */
#include <parallel.h>
#include <semaphore.h>
#include <stdio.h>

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

static void ended(parallel_executor *ex, void *data)
{
    (void)ex;
    sem_post(data);
}

int main(void)
{
    static const int in[] = {5, 6};
    sem_t end;
    sem_init(&end, 0, 0);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(square, in, 2);
    if (!ex || parallel_executor_notify(ex, ended, &end) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    while (sem_wait(&end) != 0)
        ;
    printf("%d\n", *(const int *)parallel_result(parallel_executor_results(ex), 0));
}

/* It prints:
 *
 *     25
 */
