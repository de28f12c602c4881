TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
if EMULATED
LOG_COMPILER = $(LIBTOOL) --silent --mode=execute $(EMULATOR)
endif
# what a user may have set is not to decide a test
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = \
    srcdir='$(abs_top_srcdir)'; builddir='$(abs_top_builddir)'; \
    CC='$(CC)'; CXX='$(CXX)'; CFLAGS='$(CFLAGS)'; MAKE='$(MAKE)'; PKG_CONFIG='$(PKG_CONFIG)'; \
    prefix='$(prefix)'; pkgconfigdir='$(pkgconfigdir)'; libdir='$(libdir)'; docdir='$(docdir)'; \
    OPENMPI_RUN='$(OPENMPI_RUN)'; MPICH_RUN='$(MPICH_RUN)'; MPI_DEFAULT='$(MPI_DEFAULT)'; \
    OPENMPI_CPPFLAGS='$(OPENMPI_CPPFLAGS)'; OPENMPI_LIBS='$(OPENMPI_LIBS)'; \
    export OPENMPI_RUN MPICH_RUN MPI_DEFAULT OPENMPI_CPPFLAGS OPENMPI_LIBS; \
    SANITIZERS='$(SANITIZERS)'; EMULATOR='$(EMULATOR)'; NM='$(NM)'; \
    export srcdir builddir CC CXX CFLAGS MAKE PKG_CONFIG prefix pkgconfigdir libdir docdir SANITIZERS EMULATOR NM;

# Tests run in this order, as many at a time as make is told to: what is quick and says most comes first, the planted bugs,
# which take minutes, last.
if HAVE_CHECK
TESTS += $(unit_tests) $(api_tests) $(rank_tests) $(docs_tests)
endif
TESTS += $(shell_tests) $(stress_tests)
if HAVE_CHECK
TESTS += tests/fuzz/replay $(fault_tests)
endif
TESTS += $(mpi_tests)
if MODEL
TESTS += tests/model/planted.sh
endif

# The terminal, for tests that take long: what they are at, by announce() of tests/support/tap.sh
AM_TESTS_FD_REDIRECT = 9>&2
check_DATA = say-what-is-tested
say-what-is-tested:
	@case '$(MAKECMDGOALS): $(TESTS)' in \
	check-TESTS:*) ;; \
	*planted.sh*) echo "  $(words $(TESTS)) tests; the last, bugs planted for the interleaving tester to find, takes minutes." \
	    "In under a minute: make check-quick" ;; \
	*) echo "  tests: $(words $(TESTS))" ;; \
	esac
.PHONY: say-what-is-tested

# What says most in under a minute, the programs' compilation included.
quick_tests = tests/stress/stress
if HAVE_CHECK
quick_tests += \
    tests/unit/test_deque \
    tests/unit/test_latch \
    tests/unit/test_range \
    tests/unit/test_sleep \
    tests/api/test_async \
    tests/api/test_errors \
    tests/api/test_failures \
    tests/api/test_for_each \
    tests/api/test_fused \
    tests/api/test_loops \
    tests/api/test_map \
    tests/api/test_nested \
    tests/api/test_options \
    tests/api/test_order \
    tests/api/test_processes \
    tests/api/test_reduce \
    tests/api/test_results \
    tests/api/test_search \
    tests/api/test_stream \
    tests/api/test_tasks
endif
check-quick:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(quick_tests)' check_PROGRAMS='$(quick_tests)' check_LTLIBRARIES=
.PHONY: check-quick

# Programs alone, and those that run the examples: for tools that look at what a program does.
c_tests = $(api_tests) $(rank_tests) $(stress_tests) tests/fuzz/replay $(unit_tests)

# but for those of PARALLEL_LEAVE_OUT; of the programs, theirs alone are built
check-c:
	tests= && for test in $(c_tests); do \
	    case " $$PARALLEL_LEAVE_OUT " in *" $$test "*) ;; *) tests="$$tests $$test" ;; esac; \
	done && $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$$tests" check_PROGRAMS="$$tests" check_LTLIBRARIES=
check-c-and-examples:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(c_tests) $(example_tests)'
.PHONY: check-c check-c-and-examples

# ---- in C, with Check ---------------------------------------------------------------------------------------------

unit_tests = \
    tests/unit/test_chunking \
    tests/unit/test_cost \
    tests/unit/test_deque \
    tests/unit/test_latch \
    tests/unit/test_os \
    tests/unit/test_pack \
    tests/unit/test_range \
    tests/unit/test_sleep \
    tests/unit/test_spare \
    tests/unit/test_spill

api_tests = \
    tests/api/test_async \
    tests/api/test_async_any \
    tests/api/test_async_ends \
    tests/api/test_async_next \
    tests/api/test_backwards \
    tests/api/test_bar \
    tests/api/test_board \
    tests/api/test_brackets \
    tests/api/test_cancelled_threads \
    tests/api/test_concurrent \
    tests/api/test_crashes \
    tests/api/test_crashing_items \
    tests/api/test_ended_threads \
    tests/api/test_errors \
    tests/api/test_executor_ends \
    tests/api/test_executor_life \
    tests/api/test_executor_tasks \
    tests/api/test_executors \
    tests/api/test_failures \
    tests/api/test_filter \
    tests/api/test_flat_map \
    tests/api/test_for \
    tests/api/test_for_2d \
    tests/api/test_for_each \
    tests/api/test_for_each_options \
    tests/api/test_fused \
    tests/api/test_giving_up \
    tests/api/test_group \
    tests/api/test_held_up \
    tests/api/test_histogram \
    tests/api/test_item_sizes \
    tests/api/test_kept \
    tests/api/test_life \
    tests/api/test_limits \
    tests/api/test_loops \
    tests/api/test_many_failures \
    tests/api/test_map \
    tests/api/test_map_range \
    tests/api/test_nested \
    tests/api/test_options \
    tests/api/test_order \
    tests/api/test_original \
    tests/api/test_pool_options \
    tests/api/test_pools \
    tests/api/test_process_ends \
    tests/api/test_process_kills \
    tests/api/test_process_life \
    tests/api/test_process_options \
    tests/api/test_radix \
    tests/api/test_processes \
    tests/api/test_progress \
    tests/api/test_random \
    tests/api/test_reduce \
    tests/api/test_reduce_options \
    tests/api/test_results \
    tests/api/test_retries \
    tests/api/test_same_bits \
    tests/api/test_sandboxes \
    tests/api/test_scan \
    tests/api/test_scribbles \
    tests/api/test_search \
    tests/api/test_short \
    tests/api/test_distinct \
    tests/api/test_sort_by \
    tests/api/test_sort_sizes \
    tests/api/test_sort_written \
    tests/api/test_shutdown \
    tests/api/test_signals \
    tests/api/test_sizes \
    tests/api/test_sort \
    tests/api/test_split \
    tests/api/test_stats \
    tests/api/test_stream \
    tests/api/test_stream_limits \
    tests/api/test_stream_loop \
    tests/api/test_stream_open \
    tests/api/test_stream_processes \
    tests/api/test_surroundings \
    tests/api/test_task_calls \
    tests/api/test_task_spawns \
    tests/api/test_task_strangers \
    tests/api/test_task_sync_all \
    tests/api/test_task_types \
    tests/api/test_task_waits \
    tests/api/test_tasks \
    tests/api/test_time \
    tests/api/test_trace \
    tests/api/test_worker_index \
    tests/api/test_zip

if HAVE_CHECK
check_PROGRAMS += $(unit_tests) $(api_tests)
endif

test_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) -I$(top_srcdir)/tests $(CHECK_WARNINGS)
unit_ldadd = libruntime.la $(CHECK_LIBS) $(ATOMIC_LIBS)
api_ldadd = libparallel.la $(CHECK_LIBS) $(ATOMIC_LIBS)
EXTRA_DIST += tests/api/original.md tests/support/bytes.h tests/support/coverage.c tests/support/emulator.h tests/support/ends.h tests/support/jobs.h tests/support/memcheck.supp tests/support/numbers.h tests/support/ordered_bytes.h tests/support/process.h tests/support/sandbox.h tests/support/sanitizers.h tests/support/screen.h \
    tests/support/tasks.h tests/support/test.h tests/support/workers.h

tests_unit_test_chunking_CFLAGS = $(test_cflags)
tests_unit_test_chunking_LDADD = $(unit_ldadd)
tests_unit_test_cost_CFLAGS = $(test_cflags)
tests_unit_test_cost_LDADD = $(unit_ldadd)
tests_unit_test_deque_CFLAGS = $(test_cflags)
tests_unit_test_deque_LDADD = $(unit_ldadd)
tests_unit_test_latch_CFLAGS = $(test_cflags)
tests_unit_test_latch_LDADD = $(unit_ldadd)
tests_unit_test_os_CFLAGS = $(test_cflags)
tests_unit_test_os_LDADD = $(unit_ldadd)
tests_unit_test_pack_CFLAGS = $(test_cflags)
tests_unit_test_pack_LDADD = $(unit_ldadd)
tests_unit_test_range_CFLAGS = $(test_cflags)
tests_unit_test_range_LDADD = $(unit_ldadd)
tests_unit_test_sleep_CFLAGS = $(test_cflags)
tests_unit_test_sleep_LDADD = $(unit_ldadd)
tests_unit_test_spare_CFLAGS = $(test_cflags)
tests_unit_test_spare_LDADD = $(unit_ldadd)
tests_unit_test_spill_CFLAGS = $(test_cflags)
tests_unit_test_spill_LDADD = $(unit_ldadd)

# it calls what is inside
tests_api_test_async_CFLAGS = $(test_cflags)
tests_api_test_async_LDADD = $(api_ldadd)
tests_api_test_async_any_CFLAGS = $(test_cflags)
tests_api_test_async_any_LDADD = $(api_ldadd)
tests_api_test_async_ends_CFLAGS = $(test_cflags)
tests_api_test_async_ends_LDADD = $(api_ldadd)
tests_api_test_async_next_CFLAGS = $(test_cflags)
tests_api_test_async_next_LDADD = $(api_ldadd)
tests_api_test_backwards_CFLAGS = $(test_cflags)
tests_api_test_backwards_LDADD = tests/faults/libwhole.la $(CHECK_LIBS) $(ATOMIC_LIBS)
# its source is part of the test
tests_api_test_bar_CFLAGS = $(test_cflags)
tests_api_test_bar_SOURCES = tests/api/test_bar.c src/call/progress.c
tests_api_test_bar_LDADD = $(unit_ldadd)
# it calls what is inside
tests_api_test_board_CFLAGS = $(test_cflags)
tests_api_test_board_LDADD = tests/faults/libwhole.la $(CHECK_LIBS) $(ATOMIC_LIBS)
tests_api_test_brackets_CFLAGS = $(test_cflags)
tests_api_test_brackets_LDADD = $(api_ldadd) -lm
tests_api_test_cancelled_threads_CFLAGS = $(test_cflags)
tests_api_test_cancelled_threads_LDADD = $(api_ldadd)
tests_api_test_concurrent_CFLAGS = $(test_cflags)
tests_api_test_concurrent_LDADD = $(api_ldadd)
tests_api_test_crashes_CFLAGS = $(test_cflags)
tests_api_test_crashes_LDADD = $(api_ldadd)
tests_api_test_crashing_items_CFLAGS = $(test_cflags)
tests_api_test_crashing_items_LDADD = $(api_ldadd)
tests_api_test_ended_threads_CFLAGS = $(test_cflags)
tests_api_test_ended_threads_LDADD = $(api_ldadd)
tests_api_test_errors_CFLAGS = $(test_cflags)
tests_api_test_errors_LDADD = $(api_ldadd)
tests_api_test_executor_ends_CFLAGS = $(test_cflags)
tests_api_test_executor_ends_LDADD = $(api_ldadd)
tests_api_test_executor_life_CFLAGS = $(test_cflags)
tests_api_test_executor_life_LDADD = $(api_ldadd)
tests_api_test_executor_tasks_CFLAGS = $(test_cflags)
tests_api_test_executor_tasks_LDADD = $(api_ldadd)
tests_api_test_executors_CFLAGS = $(test_cflags)
tests_api_test_executors_LDADD = $(api_ldadd)
tests_api_test_failures_CFLAGS = $(test_cflags)
tests_api_test_failures_LDADD = $(api_ldadd)
tests_api_test_filter_CFLAGS = $(test_cflags)
tests_api_test_filter_LDADD = $(api_ldadd)
tests_api_test_flat_map_CFLAGS = $(test_cflags)
tests_api_test_flat_map_LDADD = $(api_ldadd)
tests_api_test_for_CFLAGS = $(test_cflags)
tests_api_test_for_LDADD = $(api_ldadd)
tests_api_test_for_each_CFLAGS = $(test_cflags)
tests_api_test_for_each_LDADD = $(api_ldadd)
tests_api_test_for_each_options_CFLAGS = $(test_cflags)
tests_api_test_for_each_options_LDADD = $(api_ldadd)
tests_api_test_fused_CFLAGS = $(test_cflags)
tests_api_test_fused_LDADD = $(api_ldadd)
tests_api_test_for_2d_CFLAGS = $(test_cflags)
tests_api_test_for_2d_LDADD = $(api_ldadd)
tests_api_test_giving_up_CFLAGS = $(test_cflags)
tests_api_test_giving_up_LDADD = $(api_ldadd)
tests_api_test_group_CFLAGS = $(test_cflags)
tests_api_test_group_LDADD = $(api_ldadd)
tests_api_test_histogram_CFLAGS = $(test_cflags)
tests_api_test_histogram_LDADD = $(api_ldadd)
tests_api_test_item_sizes_SOURCES = tests/api/test_item_sizes.c tests/api/item_sizes.h
tests_api_test_item_sizes_CFLAGS = $(test_cflags)
tests_api_test_item_sizes_LDADD = $(api_ldadd)
tests_api_test_kept_CFLAGS = $(test_cflags)
tests_api_test_kept_LDADD = $(api_ldadd)
tests_api_test_life_CFLAGS = $(test_cflags)
tests_api_test_life_LDADD = $(api_ldadd)
tests_api_test_held_up_CFLAGS = $(test_cflags)
tests_api_test_held_up_LDADD = $(api_ldadd)
tests_api_test_limits_CFLAGS = $(test_cflags)
tests_api_test_limits_LDADD = $(api_ldadd)
tests_api_test_loops_CFLAGS = $(test_cflags)
tests_api_test_loops_LDADD = $(api_ldadd)
tests_api_test_many_failures_CFLAGS = $(test_cflags)
tests_api_test_many_failures_LDADD = $(api_ldadd)
tests_api_test_map_CFLAGS = $(test_cflags)
tests_api_test_map_LDADD = $(api_ldadd)
tests_api_test_map_range_CFLAGS = $(test_cflags)
tests_api_test_map_range_LDADD = $(api_ldadd)
tests_api_test_nested_CFLAGS = $(test_cflags)
tests_api_test_nested_LDADD = $(api_ldadd)
tests_api_test_options_CFLAGS = $(test_cflags)
tests_api_test_options_LDADD = $(api_ldadd)
tests_api_test_order_CFLAGS = $(test_cflags)
tests_api_test_order_LDADD = $(api_ldadd) -lm
tests_api_test_original_CFLAGS = $(test_cflags)
tests_api_test_original_LDADD = $(api_ldadd)
tests_api_test_pool_options_CFLAGS = $(test_cflags)
tests_api_test_pool_options_LDADD = $(api_ldadd)
tests_api_test_pools_CFLAGS = $(test_cflags)
tests_api_test_pools_LDADD = $(api_ldadd)
tests_api_test_process_ends_CFLAGS = $(test_cflags)
tests_api_test_process_ends_LDADD = $(api_ldadd)
tests_api_test_process_kills_CFLAGS = $(test_cflags)
tests_api_test_process_kills_LDADD = $(api_ldadd)
tests_api_test_process_life_CFLAGS = $(test_cflags)
tests_api_test_process_life_LDADD = $(api_ldadd)
tests_api_test_process_options_CFLAGS = $(test_cflags)
tests_api_test_process_options_LDADD = $(api_ldadd)
tests_api_test_radix_CFLAGS = $(test_cflags)
tests_api_test_radix_LDADD = $(api_ldadd)
tests_api_test_processes_CFLAGS = $(test_cflags)
tests_api_test_processes_LDADD = $(api_ldadd)
tests_api_test_progress_CFLAGS = $(test_cflags)
tests_api_test_progress_LDADD = $(api_ldadd)
tests_api_test_random_SOURCES = \
    tests/api/test_random.c \
    tests/support/random.h \
    tests/support/random_check.c \
    tests/support/random_collections.c \
    tests/support/random_ends.c \
    tests/support/random_plan.c \
    tests/support/random_predicates.c \
    tests/support/random_run.c \
    tests/support/random_streams.c \
    tests/support/random_task.c
tests_api_test_random_CFLAGS = $(test_cflags)
tests_api_test_random_LDADD = $(api_ldadd)
tests_api_test_reduce_CFLAGS = $(test_cflags)
tests_api_test_reduce_LDADD = $(api_ldadd) -lm
tests_api_test_reduce_options_CFLAGS = $(test_cflags)
tests_api_test_reduce_options_LDADD = $(api_ldadd)
tests_api_test_results_CFLAGS = $(test_cflags)
tests_api_test_results_LDADD = $(api_ldadd)
tests_api_test_retries_CFLAGS = $(test_cflags)
tests_api_test_retries_LDADD = $(api_ldadd)
tests_api_test_same_bits_CFLAGS = $(test_cflags)
tests_api_test_same_bits_LDADD = $(api_ldadd) -lm
tests_api_test_sandboxes_CFLAGS = $(test_cflags)
tests_api_test_sandboxes_LDADD = $(api_ldadd)
tests_api_test_scan_CFLAGS = $(test_cflags)
tests_api_test_scan_LDADD = $(api_ldadd) -lm
tests_api_test_scribbles_CFLAGS = $(test_cflags)
tests_api_test_scribbles_LDADD = $(api_ldadd)
tests_api_test_search_CFLAGS = $(test_cflags)
tests_api_test_search_LDADD = $(api_ldadd)
tests_api_test_short_CFLAGS = $(test_cflags)
tests_api_test_short_LDADD = $(api_ldadd)
tests_api_test_sort_by_CFLAGS = $(test_cflags)
tests_api_test_sort_by_LDADD = $(api_ldadd)
tests_api_test_distinct_CFLAGS = $(test_cflags)
tests_api_test_distinct_LDADD = $(api_ldadd) -lm
tests_api_test_sort_sizes_CFLAGS = $(test_cflags)
tests_api_test_sort_sizes_LDADD = $(api_ldadd)
tests_api_test_sort_written_CFLAGS = $(test_cflags)
tests_api_test_sort_written_LDADD = $(api_ldadd)
tests_api_test_shutdown_CFLAGS = $(test_cflags)
tests_api_test_shutdown_LDADD = $(api_ldadd)
tests_api_test_signals_CFLAGS = $(test_cflags)
tests_api_test_signals_LDADD = $(api_ldadd)
tests_api_test_sizes_CFLAGS = $(test_cflags)
tests_api_test_sizes_LDADD = $(api_ldadd)
tests_api_test_sort_CFLAGS = $(test_cflags)
tests_api_test_sort_LDADD = $(api_ldadd) -lm
tests_api_test_split_CFLAGS = $(test_cflags)
tests_api_test_split_LDADD = $(api_ldadd)
tests_api_test_stats_CFLAGS = $(test_cflags)
tests_api_test_stats_LDADD = $(api_ldadd)
tests_api_test_stream_CFLAGS = $(test_cflags)
tests_api_test_stream_LDADD = $(api_ldadd)
tests_api_test_stream_limits_CFLAGS = $(test_cflags)
tests_api_test_stream_limits_LDADD = $(api_ldadd)
tests_api_test_stream_loop_CFLAGS = $(test_cflags)
tests_api_test_stream_loop_LDADD = $(api_ldadd)
tests_api_test_stream_open_CFLAGS = $(test_cflags)
tests_api_test_stream_open_LDADD = $(api_ldadd) -lm
tests_api_test_stream_processes_CFLAGS = $(test_cflags)
tests_api_test_stream_processes_LDADD = $(api_ldadd)
tests_api_test_surroundings_CFLAGS = $(test_cflags)
tests_api_test_surroundings_LDADD = $(api_ldadd) -lm
tests_api_test_task_calls_CFLAGS = $(test_cflags)
tests_api_test_task_calls_LDADD = $(api_ldadd)
tests_api_test_task_spawns_CFLAGS = $(test_cflags)
tests_api_test_task_spawns_LDADD = $(api_ldadd)
tests_api_test_task_strangers_CFLAGS = $(test_cflags)
tests_api_test_task_strangers_LDADD = $(api_ldadd)
tests_api_test_task_sync_all_CFLAGS = $(test_cflags)
tests_api_test_task_sync_all_LDADD = $(api_ldadd)
tests_api_test_task_types_CFLAGS = $(test_cflags)
tests_api_test_task_types_LDADD = $(api_ldadd)
tests_api_test_task_waits_CFLAGS = $(test_cflags)
tests_api_test_task_waits_LDADD = $(api_ldadd)
tests_api_test_tasks_CFLAGS = $(test_cflags)
tests_api_test_tasks_LDADD = $(api_ldadd)
tests_api_test_trace_CFLAGS = $(test_cflags)
tests_api_test_trace_LDADD = $(api_ldadd)
tests_api_test_worker_index_CFLAGS = $(test_cflags)
tests_api_test_worker_index_LDADD = $(api_ldadd)
tests_api_test_time_CFLAGS = $(test_cflags)
tests_api_test_time_LDADD = $(api_ldadd)
tests_api_test_zip_CFLAGS = $(test_cflags)
tests_api_test_zip_LDADD = $(api_ldadd)

# ---- documents ----------------------------------------------------------------------------------------------------

# The examples of docs/from-openmp.md, with pragmas and with this library. A sum that is fused with a multiplication in
# one of them would be another. They are no programs for tools that look at what a program does: OpenMP's threads leak.
docs_tests =
if HAVE_CHECK
docs_tests += tests/docs/test_from_openmp
check_PROGRAMS += $(docs_tests)
check_LTLIBRARIES += tests/docs/libpragmas.la
endif
tests_docs_libpragmas_la_SOURCES = \
    tests/docs/from_openmp.h \
    tests/docs/openmp_cg.c \
    tests/docs/openmp_examples.c \
    tests/docs/openmp_mg.c
tests_docs_libpragmas_la_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
tests_docs_test_from_openmp_SOURCES = \
    tests/docs/from_openmp.h \
    tests/docs/parallel_cg.c \
    tests/docs/parallel_examples.c \
    tests/docs/parallel_mg.c \
    tests/docs/test_from_openmp.c
tests_docs_test_from_openmp_CFLAGS = $(test_cflags) -ffp-contract=off -Wno-unknown-pragmas
tests_docs_test_from_openmp_LDADD = tests/docs/libpragmas.la $(api_ldadd) -lm
if HAVE_OPENMP
tests_docs_libpragmas_la_CFLAGS += $(OPENMP_CFLAGS)
tests_docs_test_from_openmp_CFLAGS += -fopenmp-simd
tests_docs_test_from_openmp_LDADD += $(OPENMP_CFLAGS)
else
tests_docs_libpragmas_la_CFLAGS += -Wno-unknown-pragmas
endif

# ---- calls that fail ----------------------------------------------------------------------------------------------

# All of the library, without a library around it: so the linker gives what it calls to the test's shim.
if HAVE_CHECK
check_LTLIBRARIES += tests/faults/libwhole.la
endif
fault_tests =
if HAVE_CHECK
if OS_LINUX
if LINKER_WRAPS
if !SANITIZED
fault_tests += \
    tests/faults/test_allocations \
    tests/faults/test_processes \
    tests/faults/test_tasks \
    tests/faults/test_threads
check_PROGRAMS += $(fault_tests)
check_LTLIBRARIES += tests/faults/libfaults.la
endif
endif
endif
endif

tests_faults_libwhole_la_SOURCES = $(libparallel_la_SOURCES)
tests_faults_libwhole_la_LIBADD = libruntime.la
tests_faults_libfaults_la_SOURCES = \
    tests/faults/arena.c \
    tests/faults/cases.c \
    tests/faults/cases.h \
    tests/faults/shim.c \
    tests/faults/shim.h
tests_faults_libfaults_la_CFLAGS = $(test_cflags)
fault_ldadd = tests/faults/libfaults.la tests/faults/libwhole.la $(CHECK_LIBS) $(ATOMIC_LIBS)
fault_ldflags = \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup,--wrap=free \
    -Wl,--wrap=mmap,--wrap=munmap,--wrap=mprotect,--wrap=madvise \
    -Wl,--wrap=pthread_create,--wrap=pthread_key_create,--wrap=pthread_setspecific \
    -Wl,--wrap=pthread_cond_init,--wrap=pthread_condattr_init \
    -Wl,--wrap=sched_getaffinity,--wrap=pthread_getaffinity_np,--wrap=pthread_setaffinity_np \
    -Wl,--wrap=fork,--wrap=clone,--wrap=pipe,--wrap=socketpair,--wrap=open,--wrap=fcntl,--wrap=syscall
tests_faults_test_allocations_CFLAGS = $(test_cflags)
tests_faults_test_allocations_LDADD = $(fault_ldadd)
tests_faults_test_allocations_LDFLAGS = $(fault_ldflags)
tests_faults_test_processes_CFLAGS = $(test_cflags)
tests_faults_test_processes_LDADD = $(fault_ldadd)
tests_faults_test_processes_LDFLAGS = $(fault_ldflags)
tests_faults_test_tasks_CFLAGS = $(test_cflags)
tests_faults_test_tasks_LDADD = $(fault_ldadd)
tests_faults_test_tasks_LDFLAGS = $(fault_ldflags)
tests_faults_test_threads_CFLAGS = $(test_cflags)
tests_faults_test_threads_LDADD = $(fault_ldadd)
tests_faults_test_threads_LDFLAGS = $(fault_ldflags)

# ---- on ranks -----------------------------------------------------------------------------------------------------

# Ranks that are threads of the test: so it runs without MPI, and under sanitizers.
rank_tests =
if HAVE_CHECK
if OS_LINUX
rank_tests += tests/mpi/test_ranks
check_PROGRAMS += $(rank_tests)
endif
endif
tests_mpi_test_ranks_SOURCES = tests/mpi/test_ranks.c tests/mpi/pretend.c tests/mpi/pretend.h $(ranks_sources)
tests_mpi_test_ranks_CFLAGS = $(test_cflags)
tests_mpi_test_ranks_LDADD = tests/faults/libwhole.la $(CHECK_LIBS) $(ATOMIC_LIBS)

# What tests/mpi/mpi.sh runs by mpirun: a program of the library, and another build of it, whose messages are of many
# small parts.
job_sources = tests/mpi/ends.c tests/mpi/ends.h tests/mpi/job.c tests/mpi/job.h tests/mpi/plugin.h
job_parts = -DPL_MPI_PART=1000
if HAVE_OPENMPI
check_PROGRAMS += tests/mpi/job_openmpi tests/mpi/parts_openmpi
tests_mpi_job_openmpi_SOURCES = $(job_sources)
tests_mpi_job_openmpi_CPPFLAGS = $(AM_CPPFLAGS) $(OPENMPI_CPPFLAGS) -I$(top_srcdir)/tests
tests_mpi_job_openmpi_CFLAGS = $(mpi_cflags)
tests_mpi_job_openmpi_LDADD = libparallel-mpi-openmpi.la libparallel.la $(OPENMPI_LIBS)
tests_mpi_parts_openmpi_SOURCES = $(job_sources) $(mpi_sources)
tests_mpi_parts_openmpi_CPPFLAGS = $(AM_CPPFLAGS) $(OPENMPI_CPPFLAGS) -I$(top_srcdir)/tests $(job_parts)
tests_mpi_parts_openmpi_CFLAGS = $(mpi_cflags)
tests_mpi_parts_openmpi_LDADD = libparallel.la $(OPENMPI_LIBS)
endif
if HAVE_MPICH
check_PROGRAMS += tests/mpi/job_mpich tests/mpi/parts_mpich
tests_mpi_job_mpich_SOURCES = $(job_sources)
tests_mpi_job_mpich_CPPFLAGS = $(AM_CPPFLAGS) $(MPICH_CPPFLAGS) -I$(top_srcdir)/tests
tests_mpi_job_mpich_CFLAGS = $(mpi_cflags)
tests_mpi_job_mpich_LDADD = libparallel-mpi-mpich.la libparallel.la $(MPICH_LIBS)
tests_mpi_parts_mpich_SOURCES = $(job_sources) $(mpi_sources)
tests_mpi_parts_mpich_CPPFLAGS = $(AM_CPPFLAGS) $(MPICH_CPPFLAGS) -I$(top_srcdir)/tests $(job_parts)
tests_mpi_parts_mpich_CFLAGS = $(mpi_cflags)
tests_mpi_parts_mpich_LDADD = libparallel.la $(MPICH_LIBS)
endif
if HAVE_MPI
mpi_tests = tests/mpi/hosts.sh tests/mpi/mpi.sh
endif
EXTRA_DIST += tests/mpi/hosts.sh tests/mpi/mpi.sh tests/mpi/plugin.c $(job_sources)

# those of calls on ranks alone
check-mpi:
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(rank_tests) $(mpi_tests)'
.PHONY: check-mpi

# ---- in shell -----------------------------------------------------------------------------------------------------

shell_tests = \
    tests/bench/collections.sh \
    tests/bench/frames.sh \
    tests/bench/maps.sh \
    tests/bench/processes.sh \
    tests/bench/streams.sh \
    tests/bench/suite.sh \
    tests/bench/traces.sh \
    tests/docs/event_loops.sh \
    tests/docs/from_openmp.sh \
    tests/docs/links.sh \
    tests/docs/manpages.sh \
    tests/docs/pages.sh \
    tests/docs/site.sh \
    tests/install/abi.sh \
    tests/install/install.sh \
    tests/install/meson.sh \
    tests/source/checks.sh \
    tests/source/original.sh \
    tests/model/park.sh \
    tests/api/misuse.sh \
    tests/api/plugin.sh \
    tests/api/strangers.sh \
    tests/cxx/cxx.sh \
    tests/faults/programs.sh \
    tests/api/probes.sh \
    tests/api/vectorised.sh \
    $(example_tests)

example_tests = \
    tests/api/task_misuse.sh \
    tests/examples/download.sh \
    tests/examples/groupby.sh \
    tests/examples/hashtree.sh \
    tests/examples/help.sh \
    tests/examples/loops.sh \
    tests/examples/mandelbrot.sh \
    tests/examples/montecarlo.sh \
    tests/examples/prices.sh \
    tests/examples/progress.sh \
    tests/examples/sortlines.sh \
    tests/examples/stream.sh \
    tests/examples/traces.sh \
    tests/examples/untrusted.sh \
    tests/examples/wordcount.sh

EXTRA_DIST += $(shell_tests) tests/examples/trace_format.py \
    tests/faults/programs \
    tests/api/plugin.c \
    tests/api/plugin_host.c \
    tests/api/strangers.cc \
    tests/cxx/test_cxx.cc \
    tests/docs/readme.h \
    tests/docs/readme.hh \
    tests/support/tap.sh \
    tests/install/program.c \
    tests/install/program.cc \
    scripts/check-atomics \
    scripts/check-circles \
    scripts/check-layers \
    scripts/check-abi \
    scripts/check-names \
    scripts/check-style \
    scripts/check-version \
    scripts/symbols

# what tests/api/task_misuse.sh runs
check_PROGRAMS += tests/api/task_misuse
tests_api_task_misuse_CPPFLAGS = $(AM_CPPFLAGS) -DPARALLEL_DEBUG
tests_api_task_misuse_CFLAGS = $(AM_CFLAGS)
tests_api_task_misuse_LDADD = libparallel.la

# what tests/examples/download.sh runs
if HAVE_CURL_AND_SQLITE
check_PROGRAMS += tests/support/httpd tests/support/pages
tests_support_httpd_CFLAGS = $(AM_CFLAGS)
tests_support_pages_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_support_pages_LDADD = $(SQLITE_LIBS)
endif

# ---- random programs ----------------------------------------------------------------------------------------------

stress_tests = tests/stress/stress tests/stress/exactly_once tests/stress/rounds
check_PROGRAMS += $(stress_tests)
tests_stress_stress_SOURCES = tests/stress/stress.c tests/stress/common.h
tests_stress_stress_CFLAGS = $(AM_CFLAGS)
tests_stress_stress_LDADD = libparallel.la $(ATOMIC_LIBS)
tests_stress_exactly_once_SOURCES = tests/stress/exactly_once.c tests/stress/common.h
tests_stress_exactly_once_CFLAGS = $(AM_CFLAGS)
tests_stress_exactly_once_LDADD = libparallel.la $(ATOMIC_LIBS)
tests_stress_rounds_SOURCES = tests/stress/rounds.c tests/stress/common.h
tests_stress_rounds_CFLAGS = $(AM_CFLAGS)
tests_stress_rounds_LDADD = libparallel.la $(ATOMIC_LIBS)

fuzz_sources = \
    tests/fuzz/fuzz.c \
    tests/fuzz/fuzz.h \
    tests/fuzz/fuzz_options.c \
    tests/fuzz/fuzz_process.c \
    tests/support/random.h \
    tests/support/random_check.c \
    tests/support/random_collections.c \
    tests/support/random_ends.c \
    tests/support/random_plan.c \
    tests/support/random_predicates.c \
    tests/support/random_run.c \
    tests/support/random_streams.c \
    tests/support/random_task.c

if HAVE_CHECK
check_PROGRAMS += tests/fuzz/replay
endif
tests_fuzz_replay_SOURCES = tests/fuzz/replay.c $(fuzz_sources)
tests_fuzz_replay_CFLAGS = $(test_cflags)
tests_fuzz_replay_LDADD = libparallel.la $(ATOMIC_LIBS)
EXTRA_DIST += tests/fuzz/corpus

# by clang alone: ./dev fuzz
EXTRA_PROGRAMS = tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = tests/fuzz/libfuzzer.c $(fuzz_sources)
tests_fuzz_fuzz_CFLAGS = $(test_cflags)
tests_fuzz_fuzz_LDFLAGS = -fsanitize=fuzzer
tests_fuzz_fuzz_LDADD = libparallel.la $(ATOMIC_LIBS)
CLEANFILES += tests/fuzz/fuzz

# ---- the interleaving tester --------------------------------------------------------------------------------------

# Its own parts are compiled as usual; the sources under test so that each access to memory calls it, in place of
# ThreadSanitizer's runtime, which is not linked.
if MODEL
check_PROGRAMS += tests/model/model
check_LTLIBRARIES += libexplore.la
endif
libexplore_la_SOURCES = \
    tests/model/cells.c \
    tests/model/cells.h \
    tests/model/doors.c \
    tests/model/explore.c \
    tests/model/explore.h \
    tests/model/memory.c \
    tests/model/memory.h \
    tests/model/schedule.c \
    tests/model/schedule.h \
    tests/model/search.h \
    tests/model/system.c \
    tests/model/threads.c
libexplore_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DPL_MODEL -DPL_DEBUG
tests_model_model_SOURCES = \
    tests/model/litmus.c \
    tests/model/model.c \
    tests/model/model.h \
    tests/model/model_background.c \
    tests/model/model_chain.c \
    tests/model/model_deque.c \
    tests/model/model_executor.c \
    tests/model/model_mixed.c \
    tests/model/model_open.c \
    tests/model/model_pool.c \
    tests/model/model_process.c \
    tests/model/model_ranks.c \
    tests/model/model_room.c \
    tests/model/model_sched.c \
    tests/model/model_spare.c \
    tests/model/model_stream.c \
    tests/model/model_stream_ends.c \
    tests/model/model_task.c \
    tests/model/model_trace.c \
    tests/model/model_watch.c \
    tests/model/owner.h \
    tests/model/ranks_call.c \
    tests/model/ranks_call.h \
    src/api/async.c \
    src/api/executor.c \
    src/api/executor_next.c \
    src/api/executor_notice.c \
    src/api/executor_state.c \
    src/base/life.c \
    src/base/spare.c \
    src/call/ended.c \
    src/deque/deque.c \
    src/deque/spill.c \
    src/executors/mpi/assign.c \
    src/executors/mpi/home.c \
    src/executors/mpi/inbox.c \
    src/executors/mpi/message.c \
    src/executors/mpi/outcome.c \
    src/executors/mpi/pieces.c \
    src/executors/mpi/rank.c \
    src/executors/mpi/runners.c \
    src/executors/mpi/share.c \
    src/executors/mpi/site.c \
    src/executors/process/board.c \
    src/executors/process/coordinator.c \
    src/executors/process/coordinator_reports.c \
    src/executors/process/endpoint.c \
    src/sched/bag.c \
    src/sched/chain.c \
    src/sched/chunking.c \
    src/sched/handover.c \
    src/sched/inline.c \
    src/sched/numbers.c \
    src/sched/stop.c \
    src/sched/cost.c \
    src/sched/injector.c \
    src/sched/loop.c \
    src/sched/loop_slots.c \
    src/sched/participant.c \
    src/sched/pool.c \
    src/sched/pool_attach.c \
    src/sched/pool_fork.c \
    src/sched/pool_guests.c \
    src/sched/pool_threads.c \
    src/sched/scheduler.c \
    src/sched/sleep.c \
    src/sched/stats.c \
    src/sched/task.c \
    src/sched/trace.c \
    src/sched/trace_name.c \
    src/sched/trace_read.c \
    src/sched/wake.c \
    src/sched/watch.c \
    src/sched/worker.c \
    src/stream/ring.c \
    src/stream/stream_ends.c \
    src/stream/stream_jobs.c \
    src/stream/stream_next.c \
    src/stream/stream_open.c
tests_model_model_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests -DPL_MODEL -DPL_DEBUG \
    -fsanitize=thread -U__SANITIZE_THREAD__ \
    -Dmalloc=memory_allocate -Dcalloc=memory_calloc -Dfree=memory_free -Daligned_alloc=memory_aligned \
    -Dmemcpy=__tsan_memcpy -Dmemmove=__tsan_memmove -Dmemset=__tsan_memset
tests_model_model_CFLAGS = $(AM_CFLAGS)
tests_model_model_LDADD = libexplore.la
EXTRA_DIST += tests/model/orders.pl tests/model/orders.txt tests/model/park.pml tests/model/planted.sh
