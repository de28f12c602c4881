/*
 * A program makes a call on persistent workers, and then drops its privileges. Run as root.
 * Expected: afterwards no task runs as root, nor in the old working directory, nor with the old umask (or process.h
 * says so plainly). Seen: 8 of 8 tasks run as uid 0, with the old groups, directory and umask: the workers are those of
 * the first call. On threads: 0 of 8.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <parallel.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct id {
    unsigned uid, gid, umask;
    char cwd[64];
};

static struct id who(int x)
{
    struct id i = {.uid = geteuid(), .gid = getegid()};
    (void)x;
    i.umask = umask(0);
    umask(i.umask);
    if (!getcwd(i.cwd, sizeof i.cwd))
        i.cwd[0] = 0;
    return i;
}
PARALLEL_DECORATE(who, int, struct id, .executor = PARALLEL_PROCESS, .isolation = PARALLEL_PERSISTENT);

int main(void)
{
    static int in[8];
    alarm(20);
    parallel_results_free(parallel_map(who, in, 8));
    if (setgroups(0, 0) || setgid(65534) || setuid(65534) || chdir("/tmp"))
        return puts("needs root"), 77;
    umask(077);
    PARALLEL_SCOPED parallel_results *r = parallel_map(who, in, 8);
    if (!r)
        return perror("the second map"), 1;
    const struct id *v = parallel_values(r);
    int roots = 0;
    for (int i = 0; i < 8; i++)
        roots += v[i].uid == 0;
    printf("program: uid %u in /tmp, umask 077; task: uid %u in %s, umask %03o; %d of 8 tasks as root\n",
           (unsigned)getuid(), v[0].uid, v[0].cwd, v[0].umask, roots);
    return roots != 0;
}
