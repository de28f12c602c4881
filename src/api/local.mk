libparallel_la_SOURCES += \
    src/api/bar.c \
    src/api/failure.c \
    src/api/internal.h \
    src/api/map.c \
    src/api/names.c \
    src/api/options.c \
    src/api/pool.c \
    src/api/progress.h \
    src/api/results.c
