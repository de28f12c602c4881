# parallel.3, by hand, is about the whole. The pages of functions, macros and types are made of the headers' comments,
# of the table man/pages and of the programs in man/examples; a tarball has them made.
dist_man_MANS += man/parallel.3
if HAVE_MPI
dist_man_MANS += man/parallel_mpi.3
endif

man_examples = \
    man/examples/any.c \
    man/examples/async.c \
    man/examples/async_map.c \
    man/examples/async_par.c \
    man/examples/cancel.c \
    man/examples/combine.c \
    man/examples/deferred.c \
    man/examples/distinct.c \
    man/examples/error.c \
    man/examples/failures.c \
    man/examples/filter.c \
    man/examples/flat_map.c \
    man/examples/fold.c \
    man/examples/for.c \
    man/examples/for_2d.c \
    man/examples/for_each.c \
    man/examples/function.c \
    man/examples/histogram.c \
    man/examples/loop.c \
    man/examples/loop_reduce.c \
    man/examples/map.c \
    man/examples/map_into.c \
    man/examples/map_range.c \
    man/examples/min.c \
    man/examples/mpi.c \
    man/examples/mpi_on.c \
    man/examples/names.c \
    man/examples/next.c \
    man/examples/notify.c \
    man/examples/options.c \
    man/examples/par.c \
    man/examples/poll.c \
    man/examples/pool.c \
    man/examples/pool_options.c \
    man/examples/progress.c \
    man/examples/qsort.c \
    man/examples/reduce.c \
    man/examples/results.c \
    man/examples/retries.c \
    man/examples/scan.c \
    man/examples/scoped.c \
    man/examples/search.c \
    man/examples/shutdown.c \
    man/examples/silent.c \
    man/examples/sort.c \
    man/examples/sort_by.c \
    man/examples/split.c \
    man/examples/stats.c \
    man/examples/stream.c \
    man/examples/stream_cancel.c \
    man/examples/stream_fd.c \
    man/examples/stream_map.c \
    man/examples/sync_all.c \
    man/examples/task.c \
    man/examples/time_limits.c \
    man/examples/trace.c \
    man/examples/version.c \
    man/examples/wait.c \
    man/examples/workers.c \
    man/examples/zip.c

EXTRA_DIST += docs scripts/site scripts/manpages man/pages man/made man/made.stamp $(man_examples)

# The stamp is found beside the sources, where a tarball has it: then nothing is to be made.
man_sources = scripts/manpages man/pages man/parallel.3 $(man_examples) \
    $(libparallelinclude_HEADERS) include/parallel_mpi.h
man/made.stamp: $(man_sources)
	$(AM_V_GEN)rm -rf man/made && $(MKDIR_P) man/made && \
	    AWK='$(AWK)' "$(srcdir)/scripts/manpages" "$(srcdir)" man/made && touch $@
man/made: man/made.stamp
all-local: man/made.stamp
.PHONY: all-local

# in the folder of the build, or else beside the sources
man_made = if test -d man/made; then echo man/made; else echo "$(srcdir)/man/made"; fi

if HAVE_MPI
man_left_out = none
else
man_left_out = parallel_mpi
endif
install-data-hook: man/made.stamp
	$(MKDIR_P) "$(DESTDIR)$(man3dir)"
	made=`$(man_made)`; \
	    $(INSTALL_DATA) `ls "$$made"/*.3 | grep -v '/$(man_left_out)[^/]*$$'` "$(DESTDIR)$(man3dir)"
uninstall-hook:
	made=`$(man_made)`; cd "$$made" && for page in *.3; do rm -f "$(DESTDIR)$(man3dir)/$$page"; done
clean-local:
	test "$(srcdir)" = . || rm -rf man/made man/made.stamp
maintainer-clean-local:
	rm -rf man/made man/made.stamp
