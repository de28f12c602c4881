libparallel_la_SOURCES += \
    src/api/failure.c \
    src/api/internal.h \
    src/api/map.c \
    src/api/names.c \
    src/api/options.c \
    src/api/pool.c \
    src/api/results.c
