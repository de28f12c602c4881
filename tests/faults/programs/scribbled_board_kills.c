/*
 * A task with a wild pointer writes over the first words of the board, which workers and program share: the number of
 * slots, and where the index is. usage: scribbled_board_kills OFFSET VALUE BYTES: 0 0xffffffff 4; 0 100000 4; 8
 * 0x7fffffffffff 8 Expected: board.h: "Home believes nothing that it could not have written down by itself": EIO, or
 * one crashed task. Seen: the PROGRAM dies of SIGSEGV, with each of these three. Bounds of loops are read back from
 * memory that the task can write.
 */
#include <errno.h>
#include <parallel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long offset;
static unsigned long value;
static size_t bytes;

static int scribble(const int *a, int *r, void *extras)
{
    (void)extras;
    if (*a == 3) {
        FILE *m = fopen("/proc/self/maps", "r");
        char line[512], mode[8];
        unsigned long from, to;
        while (fgets(line, sizeof line, m))
            if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && !strcmp(mode, "rw-s"))
                for (unsigned long b = from; b + 4096 <= to && b < from + (64 << 20); b += 4096)
                    if (*(unsigned *)b == 2 && *(size_t *)(b + 8) > 0 &&
                        *(size_t *)(b + 8) < 256) /* two slots, no index beyond 256 */
                        memcpy((char *)b + offset, &value, bytes);
        fclose(m);
    }
    *r = *a;
    usleep(2000);
    return 0;
}
PARALLEL_DECORATE_TASK(scribble, int, int);

int main(int argc, char **argv)
{
    int in[200];
    offset = argc > 1 ? strtol(argv[1], 0, 0) : 0;
    value = argc > 2 ? strtoul(argv[2], 0, 0) : 0xffffffff;
    bytes = argc > 3 ? strtoul(argv[3], 0, 0) : 4;
    for (int i = 0; i < 200; i++)
        in[i] = i;
    alarm(20);
    parallel_results *r = parallel_process_map(scribble, in, 200, .max_workers = 2, .silent = true);
    printf("%s, errno %d, %zu failures\n", r ? "results" : "none", r ? 0 : errno, parallel_failures(r));
}
