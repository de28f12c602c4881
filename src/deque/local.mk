libruntime_la_SOURCES += \
    src/deque/deque.c \
    src/deque/deque.h \
    src/deque/spill.c
