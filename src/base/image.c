/* SPDX-License-Identifier: MIT */
/* Code that another process has, too, found by dl_iterate_phdr(). */
#define _GNU_SOURCE /* dl_iterate_phdr() */
#include "base/image.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an image is looked for by, and what is found. */
typedef struct search {
    const void *function;        /* that is in it; or NULL: */
    const pl_image_place *place; /* of that identity; or NULL: */
    const char *path;            /* of that file; NULL: the program */
    bool is_first;               /* the next image is the first: the program */
    bool found;
    bool found_program;
    uintptr_t base;
    const char *name;
    unsigned char id[PL_IMAGE_ID];
    uint32_t id_bytes;
} search;

#define GNU_BUILD_ID 3

/* The build id among the notes of a segment. */
static bool find_id(search *s, const unsigned char *notes, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)(const void *)notes;
        size_t name = (note->n_namesz + 3) & ~(size_t)3, text = (note->n_descsz + 3) & ~(size_t)3;
        const unsigned char *words = notes + sizeof *note;
        if (name + text > size - sizeof *note)
            return false;
        if (note->n_type == GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(words, "GNU", 4)) {
            s->id_bytes = note->n_descsz < PL_IMAGE_ID ? (uint32_t)note->n_descsz : PL_IMAGE_ID;
            memcpy(s->id, words + name, s->id_bytes);
            return s->id_bytes > 0;
        }
        notes += sizeof *note + name + text;
        size -= sizeof *note + name + text;
    }
    return false;
}

/* Without a build id: a hash (Fowler, Noll and Vo's FNV-1a) of how large each segment is, and where. */
static void make_id(search *s, const struct dl_phdr_info *info)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uint64_t parts[] = {segment->p_type, segment->p_vaddr, segment->p_memsz, segment->p_filesz};
        for (unsigned k = 0; k < sizeof parts / sizeof parts[0]; k++)
            hash = (hash ^ parts[k]) * UINT64_C(0x100000001b3);
    }
    s->id_bytes = sizeof hash;
    memcpy(s->id, &hash, sizeof hash);
}

static void identify_image(search *s, const struct dl_phdr_info *info)
{
    memset(s->id, 0, sizeof s->id);
    s->id_bytes = 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_NOTE &&
            find_id(s, (const unsigned char *)info->dlpi_addr + segment->p_vaddr, segment->p_memsz))
            return;
    }
    make_id(s, info);
}

static bool has_code(const struct dl_phdr_info *info, const void *function)
{
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (uintptr_t)function - (info->dlpi_addr + segment->p_vaddr) < segment->p_memsz)
            return true;
    }
    return false;
}

static int look_at_image(struct dl_phdr_info *info, size_t size, void *data)
{
    search *s = data;
    bool is_program = s->is_first;
    (void)size;
    s->is_first = false;
    if (s->function ? !has_code(info, s->function)
                    : !s->place && (s->path ? is_program || strcmp(info->dlpi_name, s->path) != 0 : !is_program))
        return 0;
    identify_image(s, info);
    if (s->place && (s->id_bytes != s->place->id_bytes || memcmp(s->id, s->place->id, PL_IMAGE_ID) != 0))
        return 0;
    s->found = true;
    s->found_program = is_program;
    s->base = info->dlpi_addr;
    s->name = info->dlpi_name;
    return 1;
}

static bool run_search(search *s)
{
    s->is_first = true;
    dl_iterate_phdr(look_at_image, s);
    return s->found;
}

/* Takes down which image has been found. */
static void describe_image(pl_image_place *place, const search *s)
{
    char *real = realpath(s->found_program ? "/proc/self/exe" : s->name, NULL);
    place->is_program = s->found_program;
    place->id_bytes = s->id_bytes;
    memcpy(place->id, s->id, sizeof place->id);
    snprintf(place->path, sizeof place->path, "%s", real ? real : s->found_program ? "the program" : s->name);
    free(real);
}

bool pl_image_find(pl_image_place *place, const void *function)
{
    search s = {.function = function};
    memset(place, 0, sizeof *place);
    if (!function)
        return true;
    if (!run_search(&s))
        return false;
    describe_image(place, &s);
    place->offset = (uintptr_t)function - s.base;
    return true;
}

bool pl_image_resolve(const pl_image_place *place, void **function, pl_image_place *here)
{
    search s = {.place = place};
    memset(here, 0, sizeof *here);
    *function = NULL;
    if (!place->id_bytes)
        return true;
    if (!run_search(&s) && !place->is_program && dlopen(place->path, RTLD_NOW | RTLD_LOCAL))
        run_search(&s);
    if (s.found) {
        *function = (void *)(s.base + (uintptr_t)place->offset);
        return true;
    }
    search other = {.path = place->is_program ? NULL : place->path};
    if (run_search(&other))
        describe_image(here, &other);
    return false;
}

void pl_image_id_text(const pl_image_place *place, char text[static 17])
{
    text[0] = '\0';
    for (size_t i = 0; i < place->id_bytes && i < 8; i++)
        snprintf(text + 2 * i, 3, "%02x", place->id[i]);
}
