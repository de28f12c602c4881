libparallel_la_SOURCES += \
    src/executors/managed.c \
    src/executors/managed.h \
    src/executors/nested.c \
    src/executors/nested.h \
    src/executors/process/arena.c \
    src/executors/process/arena.h \
    src/executors/process/assignments.c \
    src/executors/process/board.c \
    src/executors/process/board.h \
    src/executors/process/board_internal.h \
    src/executors/process/coordinator.c \
    src/executors/process/coordinator.h \
    src/executors/process/coordinator_reports.c \
    src/executors/process/endpoint.c \
    src/executors/process/endpoint.h \
    src/executors/process/executor.h \
    src/executors/process/group.c \
    src/executors/process/group.h \
    src/executors/process/layout.c \
    src/executors/process/process.c \
    src/executors/process/process.h \
    src/executors/process/remote.c \
    src/executors/process/remote.h \
    src/executors/process/supervisor.c \
    src/executors/process/worker.c \
    src/executors/retry_timer.c \
    src/executors/threads.c \
    src/executors/threads.h

# Calls on ranks: a library of its own, for each MPI that there is.
ranks_sources = \
    src/base/image.c \
    src/base/image.h \
    src/executors/mpi/assign.c \
    src/executors/mpi/assign.h \
    src/executors/mpi/home.c \
    src/executors/mpi/home.h \
    src/executors/mpi/inbox.c \
    src/executors/mpi/inbox.h \
    src/executors/mpi/message.c \
    src/executors/mpi/message.h \
    src/executors/mpi/outcome.c \
    src/executors/mpi/outcome.h \
    src/executors/mpi/pieces.c \
    src/executors/mpi/pieces.h \
    src/executors/mpi/rank.c \
    src/executors/mpi/rank.h \
    src/executors/mpi/run.c \
    src/executors/mpi/run.h \
    src/executors/mpi/runners.c \
    src/executors/mpi/runners.h \
    src/executors/mpi/share.c \
    src/executors/mpi/share.h \
    src/executors/mpi/site.c \
    src/executors/mpi/site.h \
    src/executors/mpi/transport.h
mpi_sources = $(ranks_sources) src/executors/mpi/mpi.c src/executors/mpi/mpi_transport.c src/executors/mpi/mpi_transport.h
EXTRA_DIST += include/parallel_mpi.h parallel-mpi.pc.in $(mpi_sources)

if HAVE_MPI
include_HEADERS += include/parallel_mpi.h
pkgconfig_DATA += parallel-mpi.pc
endif
mpi_cflags = $(AM_CFLAGS) -Wno-pedantic
mpi_ldflags = $(libparallel_la_LDFLAGS)
mpi_pc = sed -e 's|@prefix[@]|$(prefix)|' -e 's|@exec_prefix[@]|$(exec_prefix)|' -e 's|@libdir[@]|$(libdir)|' \
    -e 's|@includedir[@]|$(includedir)|' -e 's|@PACKAGE_VERSION[@]|$(PACKAGE_VERSION)|'
CLEANFILES += parallel-mpi.pc parallel-mpi-openmpi.pc parallel-mpi-mpich.pc

# what the plain name stands for
parallel-mpi.pc: Makefile
	(echo 'Name: parallel-mpi'; echo "Description: parallel's calls on the ranks of an MPI job"; \
	echo 'Version: $(PACKAGE_VERSION)'; echo 'Requires: parallel-mpi-$(MPI_DEFAULT)') >$@

if HAVE_OPENMPI
lib_LTLIBRARIES += libparallel-mpi-openmpi.la
pkgconfig_DATA += parallel-mpi-openmpi.pc
libparallel_mpi_openmpi_la_SOURCES = $(mpi_sources)
libparallel_mpi_openmpi_la_CPPFLAGS = $(AM_CPPFLAGS) $(OPENMPI_CPPFLAGS)
libparallel_mpi_openmpi_la_CFLAGS = $(mpi_cflags)
libparallel_mpi_openmpi_la_LDFLAGS = $(mpi_ldflags)
libparallel_mpi_openmpi_la_LIBADD = libparallel.la $(OPENMPI_LIBS)
parallel-mpi-openmpi.pc: $(srcdir)/parallel-mpi.pc.in Makefile
	$(mpi_pc) -e 's|@FAMILY[@]|openmpi|' -e 's|@MPI_LIBS[@]|$(OPENMPI_LIBS)|' \
	    -e 's|@MPI_CPPFLAGS[@]|$(OPENMPI_CPPFLAGS)|' $(srcdir)/parallel-mpi.pc.in >$@
endif
if HAVE_MPICH
lib_LTLIBRARIES += libparallel-mpi-mpich.la
pkgconfig_DATA += parallel-mpi-mpich.pc
libparallel_mpi_mpich_la_SOURCES = $(mpi_sources)
libparallel_mpi_mpich_la_CPPFLAGS = $(AM_CPPFLAGS) $(MPICH_CPPFLAGS)
libparallel_mpi_mpich_la_CFLAGS = $(mpi_cflags)
libparallel_mpi_mpich_la_LDFLAGS = $(mpi_ldflags)
libparallel_mpi_mpich_la_LIBADD = libparallel.la $(MPICH_LIBS)
parallel-mpi-mpich.pc: $(srcdir)/parallel-mpi.pc.in Makefile
	$(mpi_pc) -e 's|@FAMILY[@]|mpich|' -e 's|@MPI_LIBS[@]|$(MPICH_LIBS)|' \
	    -e 's|@MPI_CPPFLAGS[@]|$(MPICH_CPPFLAGS)|' $(srcdir)/parallel-mpi.pc.in >$@
endif
