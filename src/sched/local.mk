libruntime_la_SOURCES += \
    src/sched/chunking.c \
    src/sched/chunking.h \
    src/sched/cores.c \
    src/sched/cost.c \
    src/sched/cost.h \
    src/sched/fork_lock.h \
    src/sched/handoff.h \
    src/sched/injector.c \
    src/sched/injector.h \
    src/sched/inline.c \
    src/sched/inline.h \
    src/sched/latch.h \
    src/sched/loop.c \
    src/sched/loop.h \
    src/sched/pool.c \
    src/sched/pool.h \
    src/sched/range.h \
    src/sched/sleep.c \
    src/sched/sleep.h \
    src/sched/stop.c \
    src/sched/stop.h \
    src/sched/task.c \
    src/sched/worker.c
