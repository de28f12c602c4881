libparallel_la_SOURCES += \
    src/executors/process/assignments.c \
    src/executors/process/process.c \
    src/executors/process/process.h \
    src/executors/process/remote.c \
    src/executors/process/remote.h
# unit tests and the interleaving tester reach these directly
libruntime_la_SOURCES += \
    src/executors/process/arena.c \
    src/executors/process/arena.h \
    src/executors/process/board.c \
    src/executors/process/board.h \
    src/executors/process/board_internal.h \
    src/executors/process/coordinator.c \
    src/executors/process/group.c \
    src/executors/process/group.h \
    src/executors/process/supervisor.c \
    src/executors/process/worker.c
