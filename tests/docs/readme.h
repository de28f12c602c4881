/* SPDX-License-Identifier: MIT */
/* What the README's pieces of code, by their numbers, take for granted. */
#include <parallel.h>

#include <stddef.h>
#include <stdio.h>

#if BLOCK == 2
static long long collatz(long long n)
{
    return n;
}
PARALLEL_DECORATE(collatz, long long, long long);
static const double x[10];
static const long long in[10];
#elif BLOCK == 3
enum { SHOPS = 3 };
struct order {
    int due, shop;
};
struct person {
    int born;
};
struct offer {
    double price;
};
struct node {
    int value;
};
static bool is_late(struct order o)
{
    return o.due < 0;
}
PARALLEL_DECORATE(is_late, struct order, bool);
static bool is_younger(const struct person *a, const struct person *b)
{
    return a->born > b->born;
}
PARALLEL_DECORATE_ORDER(is_younger, struct person);
static double price(struct offer o)
{
    return o.price;
}
PARALLEL_DECORATE(price, struct offer, double);
static int shop(struct order o)
{
    return o.shop;
}
PARALLEL_DECORATE(shop, struct order, int);
static int visit(struct node *const *node, void *none, void *extras)
{
    return 0;
}
PARALLEL_DECORATE_TASK(visit, struct node *, void);
static const size_t lengths[10];
static size_t ends[10], late, counts[SHOPS];
static struct order orders[10];
static const double x[10];
static struct person people[10];
static struct offer offers[10];
static struct node *root;
#elif BLOCK == 4
struct block {
    char bytes[10];
} files;
static struct block compress(struct block b)
{
    return b;
}
PARALLEL_DECORATE(compress, struct block, struct block);
int read_block(struct block *b, void *files);
int write_block(const parallel_item *item, void *files);
#elif BLOCK == 5
static double a, x[10], y[10];
#elif BLOCK == 8
struct request {
    const char *url;
};
struct page {
    char text[10];
};
struct place {
    const char *city;
};
struct line {
    char text[10];
};
static double price(const char *market)
{
    return market[0];
}
PARALLEL_DECORATE(price, const char *, double);
static int weather(struct place p)
{
    return p.city[0];
}
PARALLEL_DECORATE(weather, struct place, int);
static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);
int upper(const struct line *lines, size_t n, struct line *results, void *extras);
PARALLEL_DECORATE_SPLIT(upper, struct line, struct line);
void work_on_something_else(void);
void show(const struct request *arg, const struct page *result, const parallel_failure *failure);
void body(size_t begin, size_t end, void *ctx);
static const struct request requests[10];
static const struct line lines[10];
static const double in[10];
static double out[10];
static int connection;
static void *ctx;
#endif
static const size_t n = 10;
