// SPDX-License-Identifier: MIT
// The same from C++: the functions beneath the macros.
#include <parallel.h>

#include <atomic>
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
    std::puts("fine");
}
