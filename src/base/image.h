/* SPDX-License-Identifier: MIT */
/*
 * Code that another process has, too: a pointer to a function as (image, identity, offset), and back.
 *
 * An image is the program or a shared object, as the dynamic linker has loaded it. Its identity is the build id that
 * the linker noted in it, a hash of all it was made of; without one, the sizes of its segments. Where an image is
 * loaded differs from process to process; how far its functions are from there does not.
 */
#ifndef PL_BASE_IMAGE_H
#define PL_BASE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PL_IMAGE_ID = 32, PL_IMAGE_PATH = 1024 };

/* Where a function is. All of it can be sent as it is. */
typedef struct pl_image_place {
    uint64_t offset;               /* from where the image is loaded */
    uint32_t is_program;           /* 1: it is the program itself; 0: a shared object */
    uint32_t id_bytes;             /* of the identity; 0: this is no place, and stands for NULL */
    unsigned char id[PL_IMAGE_ID]; /* the rest is 0 */
    char path[PL_IMAGE_PATH];      /* of its file, absolute where that is known; cut off if it is too long */
} pl_image_place;

/* Where a function is; of NULL, no place. False if it is in no image. */
bool pl_image_find(pl_image_place *place, const void *function);

/*
 * The function at that place here; *function is NULL of no place. A shared object that is not loaded is opened by its
 * path, and stays open. False if there is no such image: then `here` is where the image is that has its place, the
 * program or the shared object of that path, if there is one; else it is no place.
 */
bool pl_image_resolve(const pl_image_place *place, void **function, pl_image_place *here);

/* Writes what an identity looks like, 16 digits of it at most. */
void pl_image_id_text(const pl_image_place *place, char text[static 17]);

#endif
