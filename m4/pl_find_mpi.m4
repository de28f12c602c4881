# SPDX-License-Identifier: MIT
# PL_FIND_MPI(MPICC): what the compiler has to be told to find the MPI that this command compiles for, as far as it
# works with $CC. Sets pl_mpi_family to openmpi, or to mpich, whose ABI most others share; pl_mpi_cppflags, pl_mpi_libs
# and pl_mpi_run; or pl_mpi_family to no.
AC_DEFUN([PL_FIND_MPI], [
pl_mpi_family=no pl_mpi_cppflags= pl_mpi_libs=
AC_MSG_CHECKING([what $1 compiles for])
pl_mpi_words=`($1 -show) 2>/dev/null`
for pl_word in $pl_mpi_words; do
  AS_CASE([$pl_word],
    [-I*|-D*], [pl_mpi_cppflags="$pl_mpi_cppflags $pl_word"],
    [-L*|-l*|-Wl,*|-pthread], [pl_mpi_libs="$pl_mpi_libs $pl_word"])
done
pl_saved_cppflags=$CPPFLAGS pl_saved_libs=$LIBS
CPPFLAGS="$CPPFLAGS $pl_mpi_cppflags"
LIBS="$pl_mpi_libs $LIBS"
AS_IF([test -n "$pl_mpi_words"],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
#ifndef OPEN_MPI
#error
#endif]], [[return MPI_Finalize();]])], [pl_mpi_family=openmpi],
    [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>]], [[return MPI_Finalize();]])], [pl_mpi_family=mpich])])])
CPPFLAGS=$pl_saved_cppflags LIBS=$pl_saved_libs
pl_mpi_run=`AS_ECHO(["$1"]) | sed 's/mpicc\(@<:@^/@:>@*\)$/mpirun\1/'`
AC_MSG_RESULT([$pl_mpi_family])
])
