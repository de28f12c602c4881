noinst_PROGRAMS += examples/grepstream examples/montecarlo examples/prices examples/progress examples/untrusted examples/wordcount
examples_grepstream_SOURCES = examples/grepstream.c
examples_grepstream_CFLAGS = $(AM_CFLAGS) $(LARGE_FILES)
examples_grepstream_LDADD = libparallel.la
examples_montecarlo_SOURCES = examples/montecarlo.c
examples_montecarlo_CFLAGS = $(AM_CFLAGS)
examples_montecarlo_LDADD = libparallel.la -lm
examples_prices_SOURCES = examples/prices.c
examples_prices_CFLAGS = $(AM_CFLAGS)
examples_prices_LDADD = libparallel.la -lm
examples_progress_SOURCES = examples/progress.c
examples_progress_CFLAGS = $(AM_CFLAGS)
examples_progress_LDADD = libparallel.la
examples_untrusted_SOURCES = examples/untrusted.c
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
