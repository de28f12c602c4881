/* SPDX-License-Identifier: MIT */
/* What the examples say of themselves: to --help, and to options that they do not have. */
#ifndef EXAMPLES_USAGE_H
#define EXAMPLES_USAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints the usage and exits, if that is asked for. */
static inline void answer_help(int argc, char **argv, const char *usage)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0)
            exit(fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? 2 : 0);
}

/* That, and refuses what looks like an option, in a program that has none. */
static inline void answer_options(int argc, char **argv, const char *usage)
{
    answer_help(argc, argv, usage);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (argv[i][0] == '-' && argv[i][1] != '\0') {
            fprintf(stderr, "%s: unknown option: %s\n%s", argv[0], argv[i], usage);
            exit(2);
        }
}

#endif
