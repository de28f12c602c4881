libparallel_la_SOURCES += \
    src/stream/ring.c \
    src/stream/ring.h \
    src/stream/stream.c \
    src/stream/stream.h \
    src/stream/stream_map.c \
    src/stream/stream_map.h
