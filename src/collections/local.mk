libparallel_la_SOURCES += \
    src/collections/blocks.c \
    src/collections/blocks.h \
    src/collections/captures.c \
    src/collections/captures.h \
    src/collections/fold.c \
    src/collections/indices.c \
    src/collections/indices.h \
    src/collections/loop_reduce.c \
    src/collections/map_reduce.c \
    src/collections/map_reduce.h \
    src/collections/map_reduce_blocks.c \
    src/collections/map_reduce_tasks.c \
    src/collections/reduce.c \
    src/collections/reduce.h \
    src/collections/search.c \
    src/collections/search.h \
    src/collections/search_count.c \
    src/collections/search_items.c \
    src/collections/search_tasks.c \
    src/collections/tiles.c \
    src/collections/tiles.h \
    src/collections/windows.c \
    src/collections/windows.h \
    src/collections/words.c \
    src/collections/zip.c \
    src/collections/zip.h
