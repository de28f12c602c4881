libparallel_la_SOURCES += \
    src/api/async.c \
    src/api/bar.c \
    src/api/executor.c \
    src/api/executor.h \
    src/api/executor_next.c \
    src/api/executor_notice.c \
    src/api/executor_notice.h \
    src/api/executor_state.c \
    src/api/executor_state.h \
    src/api/executors.c \
    src/api/executors.h \
    src/api/filter.c \
    src/api/flat_map.c \
    src/api/for_each.c \
    src/api/group.c \
    src/api/histogram.c \
    src/api/loops.c \
    src/api/map.c \
    src/api/order.c \
    src/api/par.c \
    src/api/pool.c \
    src/api/reduce.c \
    src/api/scan.c \
    src/api/scoped.c \
    src/api/search.c \
    src/api/sort.c \
    src/api/sort_by.c
