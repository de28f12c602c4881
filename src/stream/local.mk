libparallel_la_SOURCES += \
    src/stream/ring.c \
    src/stream/ring.h \
    src/stream/stream.c \
    src/stream/stream.h \
    src/stream/stream_apart.c \
    src/stream/stream_apart.h \
    src/stream/stream_ends.c \
    src/stream/stream_ends.h \
    src/stream/stream_jobs.c \
    src/stream/stream_map.c \
    src/stream/stream_map.h \
    src/stream/stream_map_alone.c \
    src/stream/stream_map_alone.h \
    src/stream/stream_map_ends.c \
    src/stream/stream_map_ends.h \
    src/stream/stream_map_loop.c \
    src/stream/stream_map_loop.h \
    src/stream/stream_next.c \
    src/stream/stream_open.c \
    src/stream/stream_open.h
