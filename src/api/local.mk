libparallel_la_SOURCES += \
    src/api/bar.c \
    src/api/call.c \
    src/api/call.h \
    src/api/care.c \
    src/api/care.h \
    src/api/executor.c \
    src/api/failure.c \
    src/api/failures.c \
    src/api/internal.h \
    src/api/map.c \
    src/api/names.c \
    src/api/offers.c \
    src/api/options.c \
    src/api/par.c \
    src/api/pool.c \
    src/api/process.c \
    src/api/process.h \
    src/api/progress.h \
    src/api/remote.c \
    src/api/remote.h \
    src/api/results.c \
    src/api/retry.c \
    src/api/running.c
