libparallel_la_SOURCES += \
    src/trace/findings.c \
    src/trace/findings.h \
    src/trace/json.c \
    src/trace/json.h \
    src/trace/picture.c \
    src/trace/picture.h \
    src/trace/recording.c \
    src/trace/recording.h \
    src/trace/timeline.c \
    src/trace/timeline.h
