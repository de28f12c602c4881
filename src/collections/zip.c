/* SPDX-License-Identifier: MIT */
/* Maps over two arrays. */
#include "collections/zip.h"

#include <string.h>

bool pl_zip_copy(parallel_zip *to, const parallel_zip *from)
{
    if (!from)
        return false;
    size_t known = offsetof(parallel_zip, kernel);
    if (from->size > known)
        known = from->size < sizeof *to ? from->size : sizeof *to;
    memset(to, 0, sizeof *to);
    memcpy(to, from, known);
    return true;
}

void pl_zip_body(size_t begin, size_t end, void *zip)
{
    const pl_zip *z = zip;
    const parallel_zip *f = z->function;
    if (f->kernel) {
        f->kernel(z->a, z->b, z->out, begin, end);
        return;
    }
    const unsigned char *a = z->a, *b = z->b;
    unsigned char *out = z->out;
    for (size_t i = begin; i < end; i++)
        f->call(a + i * f->a_size, b + i * f->b_size, out + i * f->result_size);
}
