/*
 * A task with a wild pointer writes random words over the board. usage: scribbled_board_random [SEED [ROUNDS]]
 * Expected: board.h: a board that contradicts itself fails the call (EIO). The program survives, and call_timeout is
 * kept. Seen: of seeds 1 to 250 with the first 16 bytes spared, 31, 138, 142, 229 hang for ever, call_timeout or not: a
 * worker takes the
 *       bounds of its range from the scribbled entry, spends centuries before it says that it runs, and so cannot be
 *       killed. 61, 149 and 199 give wrong results (they may have been scribbled on). With the first 16 bytes, see
 *       scribbled_board_kills.c.
 */
#include <errno.h>
#include <parallel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t seed;
static uint64_t rnd(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static int scribble(const int *a, int *r, void *extras)
{
    (void)extras;
    FILE *m = *a == 20 ? fopen("/proc/self/maps", "r") : 0;
    char line[512], mode[8];
    unsigned long from, to, at, done = 0;
    uint64_t s = seed | 1;
    for (int i = 0; i < 5; i++)
        rnd(&s);
    while (m && !done && fgets(line, sizeof line, m)) {
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || strcmp(mode, "rw-s"))
            continue;
        for (unsigned long b = from; !done && b + 4096 <= to && b < from + (8 << 20); b += 4096) {
            if (*(unsigned *)b != 2 || *(size_t *)(b + 8) == 0 || *(size_t *)(b + 8) >= 256)
                continue;
            for (int n = (int)(rnd(&s) % 8) + 1; n; n--) {
                size_t range = (size_t[]){256, 1024, 8192, 100000, 140000}[rnd(&s) % 5];
                at = rnd(&s) % range & ~7ul;
                if (at < 16)
                    at = (16 + rnd(&s) % 256) & ~7ul;
                uint64_t v = rnd(&s), *w = (uint64_t *)(b + at);
                switch (rnd(&s) % 6) {
                case 0:
                    v = 0;
                    break;
                case 1:
                    v = ~0ul;
                    break;
                case 2:
                    v &= 0xffff;
                    break;
                case 3:
                    v = *w + 1;
                    break;
                case 4:
                    v = *w ^ 1ul << (v & 63);
                }
                *w = v;
            }
            done = 1;
        }
    }
    if (m)
        fclose(m);
    *r = *a;
    if (*a % 8 == 0)
        usleep(300);
    return *a % 16 == 5 ? ENOENT : 0;
}
PARALLEL_DECORATE_TASK(scribble, int, int);

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], 0, 0) : 1, rounds = argc > 2 ? strtoull(argv[2], 0, 0) : 250;
    int bad = 0, status, in[300];
    for (int i = 0; i < 300; i++)
        in[i] = i;
    for (uint64_t k = first; k < first + rounds; k++) {
        if (fork() == 0) {
            seed = k * 0x9e3779b97f4a7c15u;
            alarm(8);
            parallel_process_map(scribble, in, 300, .max_workers = 2, .silent = k & 1, .retries = k >> 1 & 1,
                                 .timeout = k & 4 ? 2 : 0, .isolation = k % 3 ? PARALLEL_SNAPSHOT : PARALLEL_PERSISTENT,
                                 .call_timeout = 4);
            _exit(0);
        }
        wait(&status);
        if (status)
            bad++, printf("seed %lu: the program %s (signal %d)\n", (unsigned long)k,
                          WTERMSIG(status) == 14 ? "hangs" : "dies", WTERMSIG(status));
    }
    return bad != 0;
}
