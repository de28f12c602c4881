libruntime_la_SOURCES += \
    src/base/assert.h \
    src/base/atomic.h \
    src/base/delay.h \
    src/base/hook.h \
    src/base/life.c \
    src/base/life.h \
    src/base/os.h \
    src/base/os_common.c \
    src/base/os_internal.h \
    src/base/os_limits.c \
    src/base/os_process.c \
    src/base/os_process.h \
    src/base/os_terminal.c \
    src/base/pack.c \
    src/base/pack.h \
    src/base/probe.h \
    src/base/publish.h \
    src/base/size.h \
    src/base/spare.c \
    src/base/spare.h \
    src/base/stream.h \
    src/base/unwind.c \
    src/base/unwind.h
if OS_LINUX
libruntime_la_SOURCES += src/base/os_linux.c src/base/os_linux_flag.c src/base/os_linux_keeper.c src/base/os_linux_process.c
EXTRA_DIST += src/base/os_posix.c src/base/os_posix_flag.c src/base/os_posix_process.c
else
libruntime_la_SOURCES += src/base/os_posix.c src/base/os_posix_flag.c src/base/os_posix_process.c
EXTRA_DIST += src/base/os_linux.c src/base/os_linux_flag.c src/base/os_linux_keeper.c src/base/os_linux_process.c
endif
