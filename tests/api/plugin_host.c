/* SPDX-License-Identifier: MIT */
/*
 * A program that does not know the library, and loads and unloads a plugin that does. What tests/api/plugin.sh runs,
 * with the plugin's path, and a number: of the way it does so.
 */
#include <dlfcn.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/emulator.h"

/* Bytes of stacks that the C library may keep for further threads. */
enum { KEPT = 64 << 20 };

typedef int run_function(int processes);

static const char *path;
static void *plugin;
static run_function *run;

static int wrong(const char *what, long number)
{
    printf("%s: %ld\n", what, number);
    return 1;
}

static int load(void)
{
    plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin) {
        printf("%s\n", dlerror());
        return 1;
    }
    void *symbol = dlsym(plugin, "plugin_run");
    memcpy(&run, &symbol, sizeof run);
    return run ? 0 : wrong("no function", 0);
}

/* How many of the process's maps there are whose line has this in it, and bytes in them. */
static long count_maps(const char *what, long long *bytes)
{
    char line[512];
    long count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    for (*bytes = 0; maps && fgets(line, sizeof line, maps);) {
        unsigned long long start, end;
        if (!strstr(line, what) || sscanf(line, "%llx-%llx", &start, &end) != 2)
            continue;
        count++;
        *bytes += (long long)(end - start);
    }
    if (maps)
        fclose(maps);
    return count;
}

static long count_in(const char *directory)
{
    DIR *d = opendir(directory);
    long count = 0;
    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count;
}

/* Nothing of the library is left but what the C library keeps for itself. */
static int is_gone(int round)
{
    static long threads, files;
    static long long bytes;
    long long now, of_library;
    count_maps("", &now);
    if (count_maps("libparallel", &of_library) > 0)
        return 0;    /* where the system keeps what was loaded, there is no more to say */
    if (round < 3) { /* the first ones make the C library's own rooms */
        threads = count_in("/proc/self/task");
        files = count_in("/proc/self/fd");
        bytes = now;
    }
    if (count_in("/proc/self/task") != threads)
        return wrong("threads are left", count_in("/proc/self/task") - threads);
    if (count_in("/proc/self/fd") != files)
        return wrong("files are left", count_in("/proc/self/fd") - files);
    if (now > bytes + KEPT)
        return wrong("kilobytes of maps are left", (long)((now - bytes) / 1024));
    return 0;
}

/* A child that may call, too, or only end. */
static int child_works(int calls)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        exit(calls ? run(0) : 0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int many_rounds(int processes)
{
    for (int round = 0; round < (pl_emulated() ? 9 : 25); round++) { /* which an emulator takes seconds for */
        if (load())
            return 1;
        int code = run(processes);
        if (code)
            return wrong("a call is wrong", code);
        if (round % 8 == 0 && !child_works(!pl_emulated()))
            return wrong("a child is wrong", round);
        dlclose(plugin);
        if (is_gone(round))
            return wrong("in round", round);
        if (round % 8 == 0 && !child_works(0))
            return wrong("a child is wrong afterwards", round);
    }
    return 0;
}

/* Threads of the program that have called, and end when what they have called is gone. */
static pthread_barrier_t called, unloaded;

static void *call_and_stay(void *code)
{
    *(int *)code = run(0);
    pthread_barrier_wait(&called);
    pthread_barrier_wait(&unloaded);
    return NULL;
}

static int threads_outlive_it(void)
{
    enum { THREADS = 3 };
    for (int round = 0; round < 5; round++) {
        pthread_t threads[THREADS];
        int codes[THREADS];
        pthread_barrier_init(&called, NULL, THREADS + 1);
        pthread_barrier_init(&unloaded, NULL, THREADS + 1);
        if (load())
            return 1;
        for (int t = 0; t < THREADS; t++)
            if (pthread_create(&threads[t], NULL, call_and_stay, &codes[t]) != 0)
                return wrong("no thread", t);
        pthread_barrier_wait(&called);
        dlclose(plugin);
        pthread_barrier_wait(&unloaded);
        for (int t = 0; t < THREADS; t++) {
            pthread_join(threads[t], NULL);
            if (codes[t])
                return wrong("a call is wrong", codes[t]);
        }
        if (!child_works(0))
            return wrong("a child is wrong", round);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    path = argv[1];
    setenv("PARALLEL_NUM_THREADS", "4", 1);
    alarm(200);
    switch (atoi(argv[2])) {
    case 0:
        return many_rounds(0);
    case 1:
        return many_rounds(1);
    case 2:
        return threads_outlive_it();
    default: /* it is loaded still when the program ends */
        return load() || run(1);
    }
}
