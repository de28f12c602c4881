/* SPDX-License-Identifier: MIT */
/* What rayon.rs exports. */
#include "../driver.h"

way_kernel rayon_turn, rayon_row, rayon_mix, rayon_poly, rayon_nested;

const way the_way = {
    .turn = rayon_turn, .row = rayon_row, .mix = rayon_mix, .poly = rayon_poly, .nested = rayon_nested};
