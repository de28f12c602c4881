/* SPDX-License-Identifier: MIT */
/* What the README's C++ takes for granted. */
#include <vector>

struct image {
    void blur();
};
struct person {
    int age;
};
static std::vector<double> in;
static std::vector<image> images;
static std::vector<person> people;
static double factor;
static int a, b;
static const char *url;
int solve(int);
int fetch(const char *);
