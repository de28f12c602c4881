/* SPDX-License-Identifier: MIT */
#include <algorithm>

#include "../driver.h"
#include "sorts.hpp"

SORTS(std::sort)

static way only_sorts()
{
    way w = {};
    w.sort_int = sort_int;
    w.sort_record = sort_record;
    w.sort_string = sort_string;
    return w;
}

extern "C" const way the_way = only_sorts();
