libparallel_la_SOURCES += \
    src/api/bar.c \
    src/api/executor.c \
    src/api/map.c \
    src/api/par.c \
    src/api/pool.c
