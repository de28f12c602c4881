/* SPDX-License-Identifier: MIT */
/*
 * prices [FILE]: what a put option is worth, on a page that needs several things at once: a formula, a tree,
 * simulations, the last trade from FILE (a number), and what machine this is.
 *
 * One parallel_par of different functions, with arguments and results of different types, which the page then asks for
 * by name. One simulation wants more than its timeout allows, and FILE may be missing. With .silent = true that is no
 * reason to go without the rest: the page shows what there is, and says why something is not.
 *
 * Exit status: 0 if there is a page, 2 if not.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <parallel.h>

#include "usage.h"

/* The right to sell something in so many years, at a price that is agreed on today. */
struct contract {
    double spot, strike, rate, volatility, years;
};

/* ---- the tasks --------------------------------------------------------------------------------------------------- */

struct value {
    double price, delta;
};

static double normal(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

/* The formula of Black and Scholes. It cannot fail. */
static struct value by_formula(struct contract c)
{
    double deviation = c.volatility * sqrt(c.years), discount = exp(-c.rate * c.years);
    double d = (log(c.spot / c.strike) + c.rate * c.years) / deviation + deviation / 2;
    return (struct value){.price = c.strike * discount * normal(deviation - d) - c.spot * normal(-d),
                          .delta = normal(d) - 1};
}
PARALLEL_DECORATE(by_formula, struct contract, struct value);

/* A tree of prices, rolled up from its leaves: for the right to sell at any time until then. */
static double by_tree(struct contract c)
{
    enum { STEPS = 2000 };
    double step = c.years / STEPS, up = exp(c.volatility * sqrt(step)), discount = exp(-c.rate * step);
    double chance = (1 / discount - 1 / up) / (up - 1 / up), value[STEPS + 1];
    for (int depth = STEPS; depth >= 0; depth--) {
        double price = c.spot * pow(up, -depth);
        for (int i = 0; i <= depth; i++, price *= up * up) {
            double later = depth < STEPS ? discount * (chance * value[i + 1] + (1 - chance) * value[i]) : 0;
            value[i] = fmax(c.strike - price, later);
        }
    }
    return value[0];
}
PARALLEL_DECORATE(by_tree, struct contract, double);

struct simulation {
    struct contract contract;
    double error; /* draw until the standard error is less */
};

struct estimate {
    double price, error;
    unsigned long draws;
};

static double uniform(uint64_t *state) /* between 0 and 1, both excluded */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return ((double)(*state >> 12) + 0.5) / 4503599627370496.0;
}

static int by_simulation(const struct simulation *s, struct estimate *e, void *extras)
{
    (void)extras;
    struct contract c = s->contract;
    double drift = (c.rate - c.volatility * c.volatility / 2) * c.years, deviation = c.volatility * sqrt(c.years);
    double discount = exp(-c.rate * c.years), sum = 0, squares = 0;
    uint64_t state = 88172645463325252;
    do {
        for (int i = 0; i < 10000; i++) {
            double x = sqrt(-2 * log(uniform(&state))) * cos(2 * acos(-1) * uniform(&state));
            double payoff = discount * fmax(c.strike - c.spot * exp(drift + deviation * x), 0);
            sum += payoff;
            squares += payoff * payoff;
        }
        e->draws += 10000;
        e->price = sum / (double)e->draws;
        e->error = sqrt((squares / (double)e->draws - e->price * e->price) / (double)e->draws);
        if (parallel_cancelled())
            return parallel_fail(ETIMEDOUT, "its error is still %.2g after %lu draws", e->error, e->draws);
    } while (e->error >= s->error);
    return 0;
}
PARALLEL_DECORATE_TASK(by_simulation, struct simulation, struct estimate);

struct text {
    char text[120];
};

/* The first line of a file. */
static int first_line(const char *const *path, struct text *line, void *extras)
{
    (void)extras;
    FILE *file = fopen(*path, "r");
    if (!file)
        return parallel_fail(errno, "%s: %s", *path, strerror(errno));
    bool got = fgets(line->text, sizeof line->text, file);
    fclose(file);
    line->text[strcspn(line->text, "\n")] = '\0';
    return got ? 0 : parallel_fail(ENODATA, "%s: there is nothing in it", *path);
}
PARALLEL_DECORATE_TASK(first_line, const char *, struct text);

static int last_trade(const char *const *path, double *price, void *extras)
{
    struct text line;
    int error = first_line(path, &line, extras);
    if (!error && sscanf(line.text, "%lf", price) != 1)
        error = parallel_fail(EINVAL, "%s: not a price", *path);
    return error;
}
PARALLEL_DECORATE_TASK(last_trade, const char *, double);

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/* What has that name. If there is nothing, the page says why. */
static const void *get(const parallel_results *page, const char *name)
{
    const void *value = parallel_get(page, name);
    const parallel_failure *f;
    for (size_t k = 0; !value && (f = parallel_failed(page, k)); k++)
        if (strcmp(f->name, name) == 0)
            printf("%-16s       -   %s\n", name, f->message);
    return value;
}

static void show(const parallel_results *page)
{
    const struct value *formula = get(page, "formula");
    if (formula)
        printf("%-16s %7.4f   %.4f of it sold short is a hedge\n", "formula", formula->price, -formula->delta);
    const double *tree = get(page, "tree");
    if (tree)
        printf("%-16s %7.4f   for the right to sell at any time\n", "tree", *tree);
    static const char *const simulations[] = {"simulation", "fine simulation"};
    for (int i = 0; i < 2; i++) {
        const struct estimate *e = get(page, simulations[i]);
        if (e)
            printf("%-16s %7.4f   give or take %.4f, from %lu draws\n", simulations[i], e->price, e->error, e->draws);
    }
    const double *trade = get(page, "last trade");
    if (trade)
        printf("%-16s %7.4f\n", "last trade", *trade);
    const struct text *kernel = get(page, "kernel"), *load = get(page, "load");
    if (kernel && load)
        printf("computed on Linux %s, load %s\n", kernel->text, load->text);
}

static const char usage[] = "usage: prices [FILE]\n"
                            "Prices an option in several ways at once; FILE has the last trade.\n";

int main(int argc, char **argv)
{
    answer_options(argc, argv, usage);
    if (argc > 2) {
        fputs(usage, stderr);
        return 2;
    }
    const char *trades = argc > 1 ? argv[1] : "last-trade";
    struct contract put = {.spot = 100, .strike = 100, .rate = 0.05, .volatility = 0.2, .years = 1};
    parallel_future futures[] = {
        PARALLEL_FUTURE(by_formula, put, .name = "formula"),
        PARALLEL_FUTURE(by_tree, put, .name = "tree"),
        PARALLEL_FUTURE(by_simulation, ((struct simulation){put, 0.01}), .name = "simulation"),
        PARALLEL_FUTURE(by_simulation, ((struct simulation){put, 1e-9}), .name = "fine simulation", .timeout = 0.2),
        PARALLEL_FUTURE(last_trade, trades, .name = "last trade"),
        PARALLEL_FUTURE(first_line, "/proc/sys/kernel/osrelease", .name = "kernel"),
        PARALLEL_FUTURE(first_line, "/proc/loadavg", .name = "load"),
    };
    PARALLEL_SCOPED parallel_results *page = parallel_par(futures, sizeof futures / sizeof *futures, .silent = true);
    if (!page) {
        fprintf(stderr, "prices: %s\n", parallel_error());
        return 2;
    }
    show(page);
    return fflush(stdout) == 0 ? 0 : 2;
}
