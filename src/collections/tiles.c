/* SPDX-License-Identifier: MIT */
/* Loops over rectangles. */
#include "collections/tiles.h"

#include "base/size.h"

enum {
    MOST_BITS = 6, /* the most rows and columns of a tile that the library chooses, as a power of 2 */
    ENOUGH = 1024  /* how many tiles there are to be, if the rectangle has as many items */
};
/* More only make larger tiles. */
#define TOO_MANY (PTRDIFF_MAX / 1024)

static size_t tiles_along(size_t length, size_t tile)
{
    return length / tile + (length % tile != 0);
}

/* How many square tiles there are, if their sides are 2 to the power of `bits`. */
static size_t squares_in(const pl_tiles *t, unsigned bits)
{
    return pl_size_multiply(((t->rows - 1) >> bits) + 1, ((t->cols - 1) >> bits) + 1);
}

/* The side of square tiles, a power of two. */
static size_t choose_side(const pl_tiles *t)
{
    unsigned bits = 0;
    while (bits < MOST_BITS && squares_in(t, bits + 1) >= ENOUGH)
        bits++;
    while (squares_in(t, bits) > TOO_MANY)
        bits++;
    return (size_t)1 << bits;
}

size_t pl_tiles_cut(pl_tiles *t, size_t tile_rows, size_t tile_cols)
{
    if (t->rows > PTRDIFF_MAX || t->cols > PTRDIFF_MAX)
        return SIZE_MAX;
    if (t->rows == 0 || t->cols == 0)
        return 0;
    size_t side = choose_side(t);
    t->tile_rows = tile_rows ? tile_rows : side;
    t->tile_cols = tile_cols ? tile_cols : side;
    t->across = tiles_along(t->cols, t->tile_cols);
    t->joins_across = !tile_cols;
    t->joins_down = !tile_rows && (t->joins_across || t->across == 1);
    size_t count = pl_size_multiply(t->across, tiles_along(t->rows, t->tile_rows));
    return count > PTRDIFF_MAX ? SIZE_MAX : count;
}

/* How many tiles of [begin, end), of which the first is in column `col` of the tiles, are one call. */
static size_t joined_tiles(const pl_tiles *t, size_t begin, size_t end, size_t col)
{
    size_t left = end - begin, rest = t->across - col;
    if (col == 0 && t->joins_down && left >= t->across)
        return left - left % t->across;
    if (!t->joins_across)
        return 1;
    return left < rest ? left : rest;
}

/* The end of so many tiles from `first` on, in a rectangle that may end before. */
static size_t end_of_tiles(size_t first, size_t count, size_t tile, size_t length)
{
    return count <= (length - first) / tile ? first + count * tile : length;
}

void pl_tiles_body(size_t begin, size_t end, void *tiles)
{
    const pl_tiles *t = tiles;
    size_t row = begin / t->across, col = begin % t->across;
    while (begin < end) {
        size_t count = joined_tiles(t, begin, end, col);
        size_t down = count > t->across ? count / t->across : 1, wide = count > t->across ? t->across : count;
        size_t first_row = row * t->tile_rows, first_col = col * t->tile_cols;
        t->call(first_row, end_of_tiles(first_row, down, t->tile_rows, t->rows), first_col,
                end_of_tiles(first_col, wide, t->tile_cols, t->cols), t->ctx);
        begin += count;
        col += wide;
        if (col == t->across) {
            col = 0;
            row += down;
        }
    }
}

uintptr_t pl_tiles_cost_key(const pl_tiles *t)
{
    return (uintptr_t)t->call + ((uintptr_t)t->tile_rows << 20) + ((uintptr_t)t->tile_cols << 8);
}
