/* SPDX-License-Identifier: MIT */
/* Lines in capitals, a chunk of them at a time: what is set up is set up once for each chunk. */
#include <ctype.h>
#include <parallel.h>
#include <stdio.h>

struct line {
    char text[16];
};

static int upper(const struct line *lines, size_t n, struct line *results, void *extras)
{
    char table[256];
    (void)extras;
    for (int c = 0; c < 256; c++)
        table[c] = (char)toupper(c);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof lines[i].text; k++)
            results[i].text[k] = table[(unsigned char)lines[i].text[k]];
    return 0;
}
PARALLEL_DECORATE_SPLIT(upper, struct line, struct line);

int main(void)
{
    static const struct line lines[] = {{"one"}, {"two"}, {"three"}};
    PARALLEL_SCOPED parallel_results *r = parallel_split(upper, lines, 3);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    const struct line *results = parallel_values(r);
    printf("%s %s %s\n", results[0].text, results[1].text, results[2].text);
}

/* It prints:
 *
 *     ONE TWO THREE
 */
