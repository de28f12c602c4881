dist_man_MANS += man/parallel.3
EXTRA_DIST += docs/design.md

# `man parallel_map` and the like
man_links = parallel_async_map \
    parallel_async_par \
    parallel_cancel \
    parallel_cancelled \
    parallel_executor_cancel \
    parallel_executor_done \
    parallel_executor_free \
    parallel_executor_results \
    parallel_executor_shutdown \
    parallel_executor_start \
    parallel_executor_status \
    parallel_executor_wait \
    parallel_fail \
    parallel_failed \
    parallel_failures \
    parallel_for \
    parallel_get \
    parallel_last_failure \
    parallel_length \
    parallel_map \
    parallel_map_into \
    parallel_par \
    parallel_pool_free \
    parallel_pool_new \
    parallel_process_async_map \
    parallel_process_async_par \
    parallel_process_map \
    parallel_process_par \
    parallel_progress_bar \
    parallel_replace_failed \
    parallel_result \
    parallel_result_state \
    parallel_results_free \
    parallel_sleep \
    parallel_split \
    parallel_succeeded \
    parallel_thread_async_map \
    parallel_thread_async_par \
    parallel_thread_map \
    parallel_thread_par \
    parallel_values

install-data-hook:
	for name in $(man_links); do ln -sf parallel.3 "$(DESTDIR)$(man3dir)/$$name.3" || exit 1; done
uninstall-hook:
	for name in $(man_links); do rm -f "$(DESTDIR)$(man3dir)/$$name.3"; done
