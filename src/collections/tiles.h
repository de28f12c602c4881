/* SPDX-License-Identifier: MIT */
/*
 * Loops over rectangles. A rectangle is cut into tiles of one size, numbered row by row; the loop is one over their
 * numbers.
 *
 *      cols = 10, tile_cols = 4               tiles that were not asked for are run together:
 *      +------+------+----+
 *      |  0   |  1   | 2  |  tile_rows        [1, 3) -> one call, as they are neighbours
 *      +------+------+----+                   [1, 8) -> 1 and 2; 3 to 5 as one; 6 and 7
 *      |  3   |  4   | 5  |
 *      +------+------+----+
 *      |  6   |  7   | 8  |
 *      +------+------+----+
 */
#ifndef PL_COLLECTIONS_TILES_H
#define PL_COLLECTIONS_TILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void pl_tiles_call(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx);

typedef struct pl_tiles {
    pl_tiles_call *call;
    void *ctx;
    size_t rows, cols;
    size_t tile_rows, tile_cols; /* of one tile */
    size_t across;               /* tiles side by side */
    bool joins_across;           /* neighbours side by side may be one call */
    bool joins_down;             /* likewise whole rows of tiles, one below the other */
} pl_tiles;

/* Cuts a rectangle into tiles: of `tile_rows` and `tile_cols`, or of what is best where those are 0. Returns how many
 * there are; SIZE_MAX if that is more than PTRDIFF_MAX, or if the rectangle has more rows or columns than that. */
size_t pl_tiles_cut(pl_tiles *tiles, size_t tile_rows, size_t tile_cols);

/* Runs the tiles [begin, end): the body of a pl_body. */
void pl_tiles_body(size_t begin, size_t end, void *tiles);

/* What the cost of a tile is known by: tiles of other sizes cost other times. */
uintptr_t pl_tiles_cost_key(const pl_tiles *tiles);

#endif
