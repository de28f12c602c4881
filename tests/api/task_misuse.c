/* SPDX-License-Identifier: MIT */
/* task_misuse MODE: compiled with -DPARALLEL_DEBUG, tasks that break a rule, and some that do not. */
#include <parallel.h>
#include <stdio.h>
#include <string.h>

PARALLEL_TASK(int, child, int, i)
{
    return i + 1;
}

PARALLEL_TASK(int, forgetful, int, n)
{
    PARALLEL_SPAWN(child, n);
    PARALLEL_SPAWN(child, n);
    return PARALLEL_SYNC(child);
}

PARALLEL_TASK(void, forgetful_at_times, int, n)
{
    PARALLEL_SPAWN(child, n);
    if (n > 0)
        return;
    PARALLEL_SYNC(child);
}

PARALLEL_TASK(int, greedy, int, n)
{
    PARALLEL_SPAWN(child, n);
    int sum = PARALLEL_SYNC(child);
    return sum + PARALLEL_SYNC(child);
}

/* Joins the elder of two first. */
PARALLEL_TASK(int, confused, int, n)
{
    PARALLEL_SPAWN(child, n);
    PARALLEL_SPAWN(greedy, n);
    int sum = PARALLEL_SYNC(child);
    return sum + PARALLEL_SYNC(greedy);
}

/* What it joins is its parent's. */
PARALLEL_TASK(int, thief_of_its_parents, int, n)
{
    return n + PARALLEL_SYNC(child);
}

PARALLEL_TASK(int, parent, int, n)
{
    PARALLEL_SPAWN(child, n);
    int sum = PARALLEL_CALL(thief_of_its_parents, n);
    return sum + PARALLEL_SYNC(child);
}

PARALLEL_TASK(int, other, int, i)
{
    return i - 1;
}

/* Joins all, but not all are of that kind. */
PARALLEL_TASK(int, confused_by_all, int, n)
{
    int sum = 0;
    PARALLEL_SPAWN(other, n);
    PARALLEL_SPAWN(child, n);
    PARALLEL_SYNC_ALL(child, PARALLEL_PLUS, sum);
    return sum;
}

/* Joins all, and then one more. */
PARALLEL_TASK(int, greedy_after_all, int, n)
{
    PARALLEL_SPAWN(child, n);
    PARALLEL_SPAWN(child, n);
    PARALLEL_SYNC_ALL();
    return PARALLEL_SYNC(child);
}

/* Joins all, and spawns again. */
PARALLEL_TASK(int, forgetful_after_all, int, n)
{
    int sum = 0;
    PARALLEL_SPAWN(child, n);
    PARALLEL_SYNC_ALL();
    PARALLEL_SPAWN(child, n);
    PARALLEL_SYNC_ALL(child, PARALLEL_PLUS, sum);
    PARALLEL_SPAWN(child, n);
    return sum;
}

/* The mistake is in a task that is spawned. */
PARALLEL_TASK(int, grandparent, int, n)
{
    PARALLEL_SPAWN(child, n);
    PARALLEL_SPAWN(forgetful, n);
    int sum = PARALLEL_SYNC(forgetful);
    return sum + PARALLEL_SYNC(child);
}

PARALLEL_TASK(long, correct, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(child, n);
    PARALLEL_SPAWN(correct, n - 1);
    long b = PARALLEL_CALL(correct, n - 2);
    b += PARALLEL_SYNC(correct);
    for (int i = 0; i < n % 3; i++)
        PARALLEL_SPAWN(child, n);
    PARALLEL_SYNC_ALL(child, PARALLEL_PLUS, b);
    PARALLEL_SPAWN(child, n);
    PARALLEL_SPAWN(correct, 1);
    PARALLEL_SYNC_ALL();
    PARALLEL_SYNC_ALL();
    return b - (n % 3 + 1) * (n + 1);
}

int main(int argc, char **argv)
{
    const char *mode = argc == 2 ? argv[1] : "";
    if (strcmp(mode, "forgetful") == 0)
        return PARALLEL_RUN(forgetful, 1) * 0;
    if (strcmp(mode, "forgetful_at_times") == 0) {
        PARALLEL_RUN(forgetful_at_times, 0);
        printf("right so far\n");
        fflush(stdout);
        PARALLEL_RUN(forgetful_at_times, 1);
        return 0;
    }
    if (strcmp(mode, "greedy") == 0)
        return PARALLEL_RUN(greedy, 1) * 0;
    if (strcmp(mode, "confused") == 0)
        return PARALLEL_RUN(confused, 1) * 0;
    if (strcmp(mode, "thief_of_its_parents") == 0)
        return PARALLEL_RUN(parent, 1) * 0;
    if (strcmp(mode, "grandparent") == 0)
        return PARALLEL_RUN(grandparent, 1) * 0;
    if (strcmp(mode, "confused_by_all") == 0)
        return PARALLEL_RUN(confused_by_all, 1) * 0;
    if (strcmp(mode, "greedy_after_all") == 0)
        return PARALLEL_RUN(greedy_after_all, 1) * 0;
    if (strcmp(mode, "forgetful_after_all") == 0)
        return PARALLEL_RUN(forgetful_after_all, 1) * 0;
    if (strcmp(mode, "correct") == 0) {
        printf("%ld\n", PARALLEL_RUN(correct, 22));
        return 0;
    }
    return 2;
}
