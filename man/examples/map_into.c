/* SPDX-License-Identifier: MIT */
/* Brightens an image in place: the results take the place of the arguments. */
#include <parallel.h>
#include <stdio.h>

static unsigned char brighter(unsigned char grey)
{
    return grey > 205 ? 255 : (unsigned char)(grey + 50);
}
PARALLEL_DECORATE(brighter, unsigned char, unsigned char);

int main(void)
{
    static unsigned char image[640 * 480];
    image[7] = 220;
    if (parallel_map_into(brighter, image, sizeof image, image) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d %d\n", image[0], image[7]);
}

/* It prints:
 *
 *     50 255
 */
