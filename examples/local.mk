# what all examples answer to --help
EXTRA_DIST += examples/usage.h

noinst_PROGRAMS += examples/grepstream examples/groupby examples/loop_poll examples/montecarlo examples/prices examples/progress examples/sortlines examples/untrusted examples/wordcount
examples_loop_poll_SOURCES = examples/loop_poll.c examples/loop_work.h
examples_loop_poll_CFLAGS = $(AM_CFLAGS)
examples_loop_poll_LDADD = libparallel.la
examples_grepstream_SOURCES = examples/grepstream.c
examples_grepstream_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES)
examples_grepstream_LDADD = libparallel.la
examples_groupby_SOURCES = examples/groupby.c
examples_groupby_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES)
examples_groupby_LDADD = libparallel.la
examples_montecarlo_SOURCES = examples/montecarlo.c
examples_montecarlo_CFLAGS = $(AM_CFLAGS)
examples_montecarlo_LDADD = libparallel.la -lm
examples_prices_SOURCES = examples/prices.c
examples_prices_CFLAGS = $(AM_CFLAGS)
examples_prices_LDADD = libparallel.la -lm
examples_progress_SOURCES = examples/progress.c
examples_progress_CFLAGS = $(AM_CFLAGS)
examples_progress_LDADD = libparallel.la
examples_sortlines_SOURCES = examples/sortlines.c
examples_sortlines_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES)
examples_sortlines_LDADD = libparallel.la
examples_untrusted_SOURCES = examples/untrusted.c examples/film.h
examples_untrusted_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES)
examples_untrusted_LDADD = libparallel.la
examples_wordcount_SOURCES = examples/wordcount.c
examples_wordcount_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES)
examples_wordcount_LDADD = libparallel.la

if HAVE_CRYPTO
noinst_PROGRAMS += examples/hashtree
examples_hashtree_SOURCES = examples/hashtree.c
examples_hashtree_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES) $(CRYPTO_CFLAGS)
examples_hashtree_LDADD = libparallel.la $(CRYPTO_LIBS)
endif

if HAVE_ZLIB
noinst_PROGRAMS += examples/pgz
examples_pgz_SOURCES = examples/pgz.c
examples_pgz_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES) $(ZLIB_CFLAGS)
examples_pgz_LDADD = libparallel.la $(ZLIB_LIBS)
endif

if HAVE_PNG
noinst_PROGRAMS += examples/mandelbrot
examples_mandelbrot_SOURCES = examples/mandelbrot.c
examples_mandelbrot_CFLAGS = $(AM_CFLAGS) $(PNG_CFLAGS) -ffp-contract=off
examples_mandelbrot_LDADD = libparallel.la $(PNG_LIBS)
if HAVE_OPENMP
examples_mandelbrot_CFLAGS += $(OPENMP_CFLAGS)
endif
endif

if HAVE_CURL_AND_SQLITE
noinst_PROGRAMS += examples/download
examples_download_SOURCES = examples/download.c
examples_download_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(SQLITE_CFLAGS)
examples_download_LDADD = libparallel.la $(CURL_LIBS) $(SQLITE_LIBS)
endif

if HAVE_UV
noinst_PROGRAMS += examples/loop_uv
examples_loop_uv_SOURCES = examples/loop_uv.c examples/loop_work.h
examples_loop_uv_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS)
examples_loop_uv_LDADD = libparallel.la $(UV_LIBS)
endif

if HAVE_GLIB
noinst_PROGRAMS += examples/loop_glib
examples_loop_glib_SOURCES = examples/loop_glib.c examples/loop_work.h
examples_loop_glib_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
examples_loop_glib_LDADD = libparallel.la $(GLIB_LIBS)
endif

# pictures of calls for docs/performance.md
trace_examples = \
    examples/traces/balanced \
    examples/traces/blocked \
    examples/traces/dear_item \
    examples/traces/few_items \
    examples/traces/memory_bound
noinst_PROGRAMS += $(trace_examples)
examples_traces_balanced_LDADD = libparallel.la
examples_traces_blocked_LDADD = libparallel.la
examples_traces_dear_item_LDADD = libparallel.la
examples_traces_few_items_LDADD = libparallel.la
examples_traces_memory_bound_LDADD = libparallel.la

# for one of the two, as they have the same names whatever MPI they are for
if HAVE_MPI
noinst_PROGRAMS += examples/mpi_mandelbrot examples/mpi_untrusted
examples_mpi_mandelbrot_SOURCES = examples/mpi_mandelbrot.c
examples_mpi_untrusted_SOURCES = examples/mpi_untrusted.c examples/film.h
if HAVE_OPENMPI
examples_mpi_mandelbrot_CPPFLAGS = $(AM_CPPFLAGS) $(OPENMPI_CPPFLAGS)
examples_mpi_mandelbrot_LDADD = libparallel-mpi-openmpi.la libparallel.la $(OPENMPI_LIBS)
else
examples_mpi_mandelbrot_CPPFLAGS = $(AM_CPPFLAGS) $(MPICH_CPPFLAGS)
examples_mpi_mandelbrot_LDADD = libparallel-mpi-mpich.la libparallel.la $(MPICH_LIBS)
endif
examples_mpi_mandelbrot_CFLAGS = $(mpi_cflags) -ffp-contract=off
examples_mpi_untrusted_CPPFLAGS = $(examples_mpi_mandelbrot_CPPFLAGS)
examples_mpi_untrusted_CFLAGS = $(mpi_cflags) $(LARGE_FILES)
examples_mpi_untrusted_LDADD = $(examples_mpi_mandelbrot_LDADD)
endif
