EXTRA_PROGRAMS = bench/micro/maps
bench_micro_maps_SOURCES = bench/micro/maps.c
bench_micro_maps_CFLAGS = $(AM_CFLAGS)
bench_micro_maps_LDADD = libparallel.la
if HAVE_OPENMP
bench_micro_maps_CFLAGS += $(OPENMP_CFLAGS)
endif
CLEANFILES += $(EXTRA_PROGRAMS)

# ./dev bench tasks compiles these, each by itself
EXTRA_DIST += bench/suite
