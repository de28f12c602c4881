/* SPDX-License-Identifier: MIT */
/*
 * Compresses standard input to standard output, as gzip does, on all cores: blocks of 128 KB are members of their own,
 * in order, which `gzip -d` reads as one file. However long the input is, memory does not grow.
 *
 *     ./pgz < file > file.gz
 */
#include <errno.h>
#include <parallel.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "usage.h"

enum { BLOCK = 128 * 1024, PACKED = BLOCK + BLOCK / 1000 + 64 };

/* What a block is read into, and packed into: source allocates it, and sink, which gets every block that source gave,
 * frees it. */
typedef struct block {
    size_t length, packed;
    unsigned char in[BLOCK], out[PACKED];
} block;

static int next_block(block **b, void *unused)
{
    (void)unused;
    *b = malloc(sizeof **b);
    if (!*b)
        return -ENOMEM;
    (*b)->length = fread((*b)->in, 1, BLOCK, stdin);
    if ((*b)->length > 0)
        return 1;
    free(*b);
    return ferror(stdin) ? -EIO : 0;
}

static int compress_block(block *const *arg, void *none, void *extras)
{
    block *b = *arg;
    z_stream z = {.next_in = b->in, .avail_in = (unsigned)b->length, .next_out = b->out, .avail_out = PACKED};
    (void)none;
    (void)extras;
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return ENOMEM;
    int code = deflate(&z, Z_FINISH);
    b->packed = z.total_out;
    deflateEnd(&z);
    return code == Z_STREAM_END ? 0 : parallel_fail(EIO, "deflate: %d", code);
}
PARALLEL_DECORATE_TASK(compress_block, block *, void);

static int write_block(const parallel_item *item, void *unused)
{
    block *b = *(block *const *)item->arg;
    bool well = item->failure || fwrite(b->out, 1, b->packed, stdout) == b->packed;
    (void)unused;
    free(b);
    return well ? 0 : errno;
}

int main(int argc, char **argv)
{
    answer_options(argc, argv, "usage: pgz < FILE > FILE.gz\nCompresses as gzip does, on all cores.\n");
    if (parallel_stream_map(compress_block, next_block, write_block, NULL, .window = 32) != 0) {
        fprintf(stderr, "%s: %s\n", argv[0], parallel_error());
        return 1;
    }
    if (fflush(stdout) == 0)
        return 0;
    perror(argv[0]);
    return 1;
}
