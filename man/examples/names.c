/* SPDX-License-Identifier: MIT */
/* Results by name. */
#include <parallel.h>
#include <stdio.h>
#include <string.h>

static size_t length(const char *s)
{
    return strlen(s);
}
PARALLEL_DECORATE(length, const char *, size_t);

int main(void)
{
    static const char *const words[] = {"apple", "fig"};
    PARALLEL_SCOPED parallel_results *r = parallel_map(length, words, 2, .names = words);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%zu\n", *(const size_t *)parallel_get(r, "fig"));
    printf("%s\n", parallel_get(r, "kiwi") ? "there" : "not there");
}

/* It prints:
 *
 *     3
 *     not there
 */
