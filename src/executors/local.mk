libparallel_la_SOURCES += \
    src/executors/managed.c \
    src/executors/managed.h \
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
