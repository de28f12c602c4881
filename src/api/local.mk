libparallel_la_SOURCES += \
    src/api/bar.c \
    src/api/executor.c \
    src/api/executors.c \
    src/api/executors.h \
    src/api/filter.c \
    src/api/for_each.c \
    src/api/loops.c \
    src/api/map.c \
    src/api/order.c \
    src/api/par.c \
    src/api/pool.c \
    src/api/reduce.c \
    src/api/scan.c \
    src/api/scoped.c \
    src/api/search.c \
    src/api/stream.c
