/*
 * The TSC becomes smaller than it was: hibernation, a restored virtual machine, a restored checkpoint. Emulated: rdtsc
 * is trapped, and the library's alone is shifted. Expected: background calls that wait are performed. Seen: 20
 * executors submitted before the jump are not performed for as long as the jump is wide (half an hour here; 3 s are
 * waited for).
 *       Later ones are, and so are maps. Times in ticks, from the time of submission, are compared with a now that is
 *       smaller.
 */
#define _GNU_SOURCE
#include <parallel.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <ucontext.h>
#include <unistd.h>

static _Atomic int64_t shift = 4000000000000;
static uintptr_t from, to; /* the library's code */

static void trap(int s, siginfo_t *info, void *context)
{
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *p = (const unsigned char *)g[REG_RIP];
    (void)info;
    if (p[0] != 0x0f || (p[1] != 0x31 && p[1] != 0x01)) { /* neither rdtsc nor rdtscp */
        signal(s, SIG_DFL);
        return;
    }
    prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
    uint64_t t = __builtin_ia32_rdtsc();
    prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
    if ((uintptr_t)p >= from && (uintptr_t)p < to)
        t += (uint64_t)shift;
    g[REG_RAX] = (greg_t)(t & 0xffffffff), g[REG_RDX] = (greg_t)(t >> 32);
    g[REG_RIP] += p[1] == 0x31 ? 2 : 3;
}

__attribute__((constructor(101))) static void early(void)
{
    struct sigaction a = {.sa_sigaction = trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    char line[512];
    FILE *f = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, f))
        if (strstr(line, "libparallel.so") && strstr(line, "r-xp"))
            sscanf(line, "%lx-%lx", &from, &to);
    fclose(f);
    sigaction(SIGSEGV, &a, 0);
    prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
}
static int nap(int x)
{
    usleep(2000);
    return x;
}
PARALLEL_DECORATE(nap, int, int);

int main(void)
{
    static int in[1], done;
    parallel_executor *ex[20];
    alarm(20);
    for (int i = 0; i < 20; i++)
        ex[i] = parallel_async_map(nap, in, 1);
    shift = 0; /* half an hour back */
    for (int k = 0; k < 300 && done < 20; k++, usleep(10000)) {
        done = 0;
        for (int i = 0; i < 20; i++)
            done += parallel_executor_done(ex[i]);
    }
    printf("%d of 20 executors performed after the jump\n", done);
    fflush(stdout);
    _exit(done != 20);
}
