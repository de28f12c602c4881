/* SPDX-License-Identifier: MIT */
/* Maps over two arrays. */
#include "collections/zip.h"

#include "call/function.h"

bool pl_zip_copy(parallel_zip *to, const parallel_zip *from)
{
    if (!from)
        return false;
    pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_zip, kernel));
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
