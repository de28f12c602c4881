/* SPDX-License-Identifier: MIT */
/* Whether the program runs with the release that it was compiled for. */
#include <parallel.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    bool same = strcmp(PARALLEL_VERSION, parallel_version()) == 0;
    printf("%s release\n", same ? "the same" : "another");
}

/* It prints:
 *
 *     the same release
 */
