// SPDX-License-Identifier: MIT
// The same from C++: the functions beneath the macros.
#include <parallel.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <vector>

static int cube(const void *arg, void *result, void *)
{
    double x = *static_cast<const double *>(arg);
    *static_cast<double *>(result) = x * x * x;
    return 0;
}

static std::atomic<long> sum{0};

static void add(size_t begin, size_t end, void *)
{
    long part = 0;
    for (size_t i = begin; i < end; i++)
        part += static_cast<long>(i);
    sum += part;
}

static void add_tile(size_t row, size_t row_end, size_t col, size_t col_end, void *)
{
    sum += static_cast<long>((row_end - row) * (col_end - col));
}

static void add_integers(const void *captures, ptrdiff_t begin, ptrdiff_t end)
{
    for (ptrdiff_t i = begin; i < end; i++)
        sum += *static_cast<const long *>(captures) * static_cast<long>(i);
}

static void plus(const void *a, const void *b, void *result)
{
    *static_cast<double *>(result) = *static_cast<const double *>(a) + *static_cast<const double *>(b);
}

static int doubled(const void *arg, void *result, void *)
{
    *static_cast<int *>(result) = 2 * *static_cast<const int *>(arg);
    return 0;
}

// A tree, whose nodes are their depths.
static parallel_function node;
static std::atomic<long> nodes;

static int walk(const void *depth, void *, void *)
{
    int less = *static_cast<const int *>(depth) - 1;
    nodes++;
    for (int k = 0; less > 0 && k < 2; k++)
        if (parallel_for_each_add_function(&node, &less) != 0)
            return errno;
    return 0;
}

static bool trees()
{
    int depth = 12;
    node.arg_size = sizeof depth;
    node.call = walk;
    return parallel_for_each_function(&node, &depth, 1, nullptr) == 0 && nodes == 4095 &&
           parallel_for_each_add_function(&node, &depth) == -1 && errno == EINVAL;
}

static int next_ten(void *arg, void *data)
{
    int *given = static_cast<int *>(data);
    *static_cast<int *>(arg) = *given;
    return ++*given <= 10;
}

static int check_double(const parallel_item *item, void *)
{
    return *static_cast<const int *>(item->result) == 2 * static_cast<int>(item->index) ? 0 : EINVAL;
}

static bool streams()
{
    parallel_function f = {};
    f.arg_size = f.result_size = sizeof(int);
    f.call = doubled;
    int given = 0, x = 4;
    if (parallel_stream_map_function(&f, next_ten, check_double, &given, nullptr) != 0 || given != 11)
        return false;
    parallel_stream *s = parallel_stream_open_function(&f, nullptr);
    parallel_item item;
    bool well = s && parallel_stream_put(s, &x) == 0 && parallel_stream_end(s) == 0 &&
                parallel_stream_next(s, &item, -1) == 1 && *static_cast<const int *>(item.result) == 8 &&
                parallel_stream_next(s, &item, 0) == 0;
    parallel_stream_free(s);
    return well;
}

static bool loops()
{
    parallel_loop_body body = {};
    body.name = "add_integers";
    body.call = add_integers;
    long factor = 2;
    sum = 0;
    if (parallel_loop_function(&body, -10, 11, &factor, nullptr) != 0 || sum != 0)
        return false;
    if (parallel_for_2d_function(30, 40, add_tile, nullptr, nullptr) != 0 || sum != 1200)
        return false;
    parallel_zip zip = {};
    zip.a_size = zip.b_size = zip.result_size = sizeof(double);
    zip.call = plus;
    std::vector<double> x(1000, 3.0);
    if (parallel_zip_map_into_function(&zip, x.data(), x.data(), x.size(), x.data(), nullptr) != 0 || x[999] != 6.0)
        return false;
    parallel_function f = {};
    f.arg_size = f.result_size = sizeof(int);
    f.call = doubled;
    int out[10];
    return parallel_map_range_into_function(&f, -5, 5, out, nullptr) == 0 && out[0] == -10 && out[9] == 8;
}

static int is_negative(const void *arg, void *result, void *)
{
    *static_cast<bool *>(result) = *static_cast<const int *>(arg) < 0;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static bool extremes()
{
    parallel_order order = {};
    order.name = "compare";
    order.size = sizeof order;
    order.call = compare;
    order.type_size = sizeof(int);
    std::vector<int> x(1000, 3);
    x[300] = x[700] = -1;
    return parallel_min_function(&order, x.data(), x.size(), nullptr) == &x[300] &&
           parallel_max_function(&order, x.data(), x.size(), nullptr) == &x[0] &&
           parallel_min_function(&parallel_word_orders[PARALLEL_WORD_ASCENDING_][PARALLEL_I32_], x.data(), x.size(),
                                 nullptr) == &x[300];
}

static bool sorts()
{
    parallel_order order = {};
    order.name = "compare";
    order.size = sizeof order;
    order.call = compare;
    order.type_size = sizeof(int);
    std::vector<int> x(1000), y;
    for (int i = 0; i < 1000; i++)
        x[static_cast<size_t>(i)] = (i * 7 + 3) % 100;
    y = x;
    parallel_results *r = parallel_distinct_function(&order, x.data(), x.size(), nullptr);
    bool well = r && parallel_length(r) == 100 && *static_cast<const int *>(parallel_result(r, 0)) == 3;
    parallel_results_free(r);
    return well && parallel_sort_items(&order, x.data(), x.size(), nullptr) == 0 &&
           parallel_sort_function(y.data(), y.size(), sizeof y[0], compare, nullptr) == 0 && x == y && x[0] == 0 &&
           x[999] == 99;
}

static bool searches()
{
    parallel_function f = {};
    f.arg_size = sizeof(int);
    f.result_size = sizeof(bool);
    f.call = is_negative;
    std::vector<int> x(1000, 3);
    x[300] = x[700] = -1;
    return parallel_count_function(&f, x.data(), x.size(), nullptr) == 2 &&
           parallel_find_function(&f, x.data(), x.size(), nullptr) == &x[300] &&
           parallel_find_last_function(&f, x.data(), x.size(), nullptr) == &x[700] &&
           parallel_any_function(&f, x.data(), x.size(), nullptr) == 1 &&
           parallel_all_function(&f, x.data(), x.size(), nullptr) == 0;
}

static void add_int(void *left, const void *right)
{
    *static_cast<int *>(left) += *static_cast<const int *>(right);
}

static bool scans_and_filters()
{
    parallel_function f = {};
    f.arg_size = sizeof(int);
    f.result_size = sizeof(bool);
    f.call = is_negative;
    parallel_combine plus = {};
    plus.size = sizeof plus;
    plus.call = add_int;
    plus.type_size = sizeof(int);
    std::vector<int> x(1000, 3), out(1000);
    x[300] = x[700] = -1;
    size_t kept = 0;
    int all = 5;
    return parallel_filter_into_function(&f, x.data(), x.size(), out.data(), &kept, nullptr) == 0 && kept == 2 &&
           out[1] == -1 && parallel_partition_into_function(&f, x.data(), x.size(), out.data(), &kept, nullptr) == 0 &&
           kept == 2 && out[2] == 3 &&
           parallel_scan_exclusive_into_function(&plus, x.data(), x.size(), out.data(), &all, nullptr) == 0 &&
           out[0] == 5 && all == 5 + 998 * 3 - 2;
}

static int key_of(const void *arg, void *result, void *)
{
    *static_cast<int *>(result) = *static_cast<const int *>(arg) % 10;
    return 0;
}

static size_t twice(const void *arg, void *out, size_t room)
{
    for (size_t i = 0; i < 2 && i < room; i++)
        static_cast<int *>(out)[i] = *static_cast<const int *>(arg);
    return 2;
}

static bool keys()
{
    parallel_function f = {};
    f.arg_size = f.result_size = sizeof(int);
    f.call = key_of;
    parallel_flat flat = {};
    flat.size = sizeof flat;
    flat.call = twice;
    flat.arg_size = flat.result_size = sizeof(int);
    std::vector<int> x(1000);
    for (int i = 0; i < 1000; i++)
        x[i] = i;
    std::vector<size_t> counts(11);
    size_t *c = counts.data();
    bool fine = parallel_histogram_function(&f, PARALLEL_KEY_INT32, x.data(), 1000, c, sizeof *c, 10, nullptr) == 0 &&
                c[9] == 100;
    parallel_results *r = parallel_group_function(&f, PARALLEL_KEY_INT32, x.data(), 1000, 10, c, nullptr);
    fine = fine && r && counts[10] == 1000 && static_cast<const int *>(parallel_values(r))[counts[3]] == 3;
    parallel_results_free(r);
    r = parallel_flat_map_function(&flat, x.data(), x.size(), nullptr);
    fine = fine && r && parallel_length(r) == 2000 && static_cast<const int *>(parallel_values(r))[1999] == 999;
    parallel_results_free(r);
    return fine && parallel_sort_by_function(&f, PARALLEL_KEY_INT32, x.data(), x.size(), nullptr) == 0 && x[1] == 10 &&
           x[999] == 999;
}

int main()
{
    parallel_function f = {};
    f.name = "cube";
    f.arg_size = sizeof(double);
    f.result_size = sizeof(double);
    f.call = cube;

    std::vector<double> in(1000, 3.0);
    parallel_options options = {};
    options.size = sizeof options;
    options.max_workers = 2;
    parallel_results *r = parallel_map_function(&f, in.data(), in.size(), &options);
    if (!r || static_cast<const double *>(parallel_values(r))[999] != 27.0)
        return 1;
    parallel_results_free(r);
    if (parallel_map_into_function(&f, in.data(), in.size(), in.data(), nullptr) != 0 || in[0] != 27.0)
        return 1;
    if (parallel_for_function(1000, add, nullptr, nullptr) != 0 || sum != 499500)
        return 1;
    if (!loops() || !streams() || !searches() || !trees() || !extremes() || !sorts() || !scans_and_filters() || !keys())
        return 1;
    parallel_stats_t stats = {};
    if (parallel_stats(nullptr, &stats) != 0 || stats.items == 0 || parallel_trace_end() != -1)
        return 1;
    std::puts("fine");
}
