/* SPDX-License-Identifier: MIT */
/* What libFuzzer calls. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_begin();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *complaint = fuzz_run(bytes, size);
    if (complaint) {
        fprintf(stderr, "%s\n", complaint);
        abort();
    }
    return 0;
}
