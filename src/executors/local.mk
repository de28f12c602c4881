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
    src/executors/mpi/runners.c \
    src/executors/mpi/runners.h \
    src/executors/mpi/site.c \
    src/executors/mpi/site.h \
    src/executors/mpi/transport.h
mpi_sources = $(ranks_sources) src/executors/mpi/mpi.c
EXTRA_DIST += include/parallel_mpi.h $(mpi_sources)
