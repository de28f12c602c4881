/* SPDX-License-Identifier: MIT */
/* A program that uses MPI itself lends its ranks to calls for a while. */
#include <parallel_mpi.h>
#include <stdio.h>

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

int main(int argc, char **argv)
{
    int level, rank;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (parallel_mpi_init_on(MPI_COMM_WORLD) != 0)
        fprintf(stderr, "%s\n", parallel_error());
    if (rank == 0) {
        static const double in[] = {1, 2, 3};
        double out[3] = {0};
        if (parallel_map_into(cube, in, 3, out, .executor = PARALLEL_MPI) != 0)
            fprintf(stderr, "%s\n", parallel_error());
        printf("%g\n", out[2]);
        parallel_mpi_shutdown();
    }
    MPI_Finalize();
}

/* It prints:
 *
 *     27
 */
