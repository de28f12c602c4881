/* SPDX-License-Identifier: MIT */
/* A map over the ranks of an MPI job: mpirun -n 4 ./program */
#include <parallel_mpi.h>
#include <stdio.h>

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

int main(int argc, char **argv)
{
    if (parallel_mpi_init(&argc, &argv) != 0) /* here all ranks but the first stay, and serve */
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    static const double in[] = {1, 2, 3};
    PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, 3, .executor = PARALLEL_MPI);
    if (!r)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%g, on %s\n", *(const double *)parallel_result(r, 2), parallel_mpi_ranks() > 0 ? "all ranks" : "none");
}

/* It prints:
 *
 *     27, on all ranks
 */
