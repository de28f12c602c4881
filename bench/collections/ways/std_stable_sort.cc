/* SPDX-License-Identifier: MIT */
#include <algorithm>

#include "../driver.h"
#include "sorts.hpp"

SORTS(std::stable_sort)

static way only_sorts()
{
    way w = {};
    w.sort_int = sort_int;
    w.sort_record = sort_record;
    w.sort_string = sort_string;
    w.sort_record32 = sort_record32;
    w.sort_record64 = sort_record64;
    w.sort_record128 = sort_record128;
    return w;
}

extern "C" const way the_way = only_sorts();
