/* SPDX-License-Identifier: MIT */
/*
 * Lines that match an extended regular expression, as `grep -nE` prints them: in order, and each as soon as it is its
 * turn, so that it may stand behind `tail -f`; however long the input is, there are no more than some hundred lines of
 * it in memory.
 *
 *     tail -f log | ./grepstream '^([^ ]+ )*error'
 */
#include <errno.h>
#include <parallel.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "usage.h"

/* A line is the argument's: sink frees it, whatever became of it. */
static int next_line(char **line, void *pattern)
{
    size_t room = 0;
    (void)pattern;
    if (getline(line, &room, stdin) >= 0)
        return 1;
    free(*line);
    return ferror(stdin) ? -EIO : 0;
}

/* POSIX lets several threads match with one regex_t. */
static int match_line(char *const *line, bool *matches, void *pattern)
{
    int code = regexec(pattern, *line, 0, NULL, 0);
    *matches = code == 0;
    return code == REG_ESPACE ? ENOMEM : 0;
}
PARALLEL_DECORATE_TASK(match_line, char *, bool);

static int print_line(const parallel_item *item, void *pattern)
{
    char *line = *(char *const *)item->arg;
    bool well = true;
    (void)pattern;
    if (item->result && *(const bool *)item->result)
        well = printf("%zu:%s", item->index + 1, line) >= 0 && fflush(stdout) == 0;
    free(line);
    return well ? 0 : errno;
}

static const char usage[] = "usage: grepstream PATTERN < LINES\n"
                            "Prints the lines that match an extended regular expression, as grep -E does.\n";

int main(int argc, char **argv)
{
    answer_options(argc, argv, usage);
    regex_t pattern;
    if (argc != 2 || regcomp(&pattern, argv[1], REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    int result = parallel_stream_map(match_line, next_line, print_line, &pattern, .extras = &pattern);
    if (result != 0)
        fprintf(stderr, "%s: %s\n", argv[0], parallel_error());
    regfree(&pattern);
    return result == 0 ? 0 : 1;
}
