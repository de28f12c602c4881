libparallel_la_SOURCES += \
    src/call/call.c \
    src/call/call.h \
    src/call/context.c \
    src/call/failure.c \
    src/call/failures.c \
    src/call/internal.h \
    src/call/names.c \
    src/call/options.c \
    src/call/policy.c \
    src/call/policy.h \
    src/call/progress.h \
    src/call/results.c \
    src/call/retry.c
