/* SPDX-License-Identifier: MIT */
/* Which release the library is. */
#include <parallel.h>

const char *parallel_version(void)
{
    return PARALLEL_VERSION;
}
