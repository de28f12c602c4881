libruntime_la_SOURCES += \
    src/process/arena.c \
    src/process/arena.h \
    src/process/board.c \
    src/process/board.h \
    src/process/board_internal.h \
    src/process/crew.c \
    src/process/crew.h \
    src/process/fork_lock.h \
    src/process/home.c \
    src/process/supervisor.c \
    src/process/worker.c
