/* SPDX-License-Identifier: MIT */
/* A function of a shared object that is opened by the program. */
#ifndef PL_TESTS_MPI_PLUGIN_H
#define PL_TESTS_MPI_PLUGIN_H

#include <dlfcn.h>
#include <parallel.h>
#include <stdio.h>

static inline const parallel_function *plugin_function(const char *path)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fprintf(stderr, "%s\n", dlerror());
    const parallel_function *(*get)(void) = NULL;
    if (plugin)
        *(void **)&get = dlsym(plugin, "plugin_thrice");
    return get ? get() : NULL;
}

#endif
