/* SPDX-License-Identifier: MIT */
/* In C++ the macros of parallel.h say what to use in their place. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_CXX_H
#define LIBPARALLEL_DETAIL_CXX_H

#ifdef __cplusplus

#define PARALLEL_FOR_C_(name)                                                                                          \
#name "() is for C: in C++ there are <parallel.hpp>, and the function that the macro is made of"

/* Those that stand at file scope, also before a body, and those in expressions. */
#define PARALLEL_DEFINES_FOR_C_(name) static_assert(false, PARALLEL_FOR_C_(name))
#define PARALLEL_BODIES_FOR_C_(name)                                                                                   \
    PARALLEL_DEFINES_FOR_C_(name);                                                                                     \
    static inline void parallel_body_for_c_()
#define PARALLEL_EXPRESSION_FOR_C_(name) [] { static_assert(false, PARALLEL_FOR_C_(name)); }()
#undef PARALLEL_DECORATE
#define PARALLEL_DECORATE(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE)
#undef PARALLEL_DECORATE_COMBINE
#define PARALLEL_DECORATE_COMBINE(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_COMBINE)
#undef PARALLEL_DECORATE_FLAT
#define PARALLEL_DECORATE_FLAT(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_FLAT)
#undef PARALLEL_DECORATE_FOLD
#define PARALLEL_DECORATE_FOLD(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_FOLD)
#undef PARALLEL_DECORATE_ORDER
#define PARALLEL_DECORATE_ORDER(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_ORDER)
#undef PARALLEL_DECORATE_SPLIT
#define PARALLEL_DECORATE_SPLIT(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_SPLIT)
#undef PARALLEL_DECORATE_TASK
#define PARALLEL_DECORATE_TASK(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_TASK)
#undef PARALLEL_DECORATE_ZIP
#define PARALLEL_DECORATE_ZIP(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_DECORATE_ZIP)
#undef PARALLEL_LOOP
#define PARALLEL_LOOP(...) PARALLEL_BODIES_FOR_C_(PARALLEL_LOOP)
#undef PARALLEL_LOOP_RANGE
#define PARALLEL_LOOP_RANGE(...) PARALLEL_BODIES_FOR_C_(PARALLEL_LOOP_RANGE)
#undef PARALLEL_LOOP_REDUCE
#define PARALLEL_LOOP_REDUCE(...) PARALLEL_BODIES_FOR_C_(PARALLEL_LOOP_REDUCE)
#undef PARALLEL_TASK
#define PARALLEL_TASK(...) PARALLEL_BODIES_FOR_C_(PARALLEL_TASK)
#undef PARALLEL_TASK_DECLARE
#define PARALLEL_TASK_DECLARE(...) PARALLEL_DEFINES_FOR_C_(PARALLEL_TASK_DECLARE)
#undef PARALLEL_TASK_DEFINE
#define PARALLEL_TASK_DEFINE(...) PARALLEL_BODIES_FOR_C_(PARALLEL_TASK_DEFINE)
#undef PARALLEL_CALL
#define PARALLEL_CALL(...) PARALLEL_EXPRESSION_FOR_C_(PARALLEL_CALL)
#undef PARALLEL_FUTURE
#define PARALLEL_FUTURE(...) PARALLEL_EXPRESSION_FOR_C_(PARALLEL_FUTURE)
#undef PARALLEL_RUN
#define PARALLEL_RUN(...) PARALLEL_EXPRESSION_FOR_C_(PARALLEL_RUN)
#undef PARALLEL_SPAWN
#define PARALLEL_SPAWN(...) PARALLEL_EXPRESSION_FOR_C_(PARALLEL_SPAWN)
#undef PARALLEL_SYNC
#define PARALLEL_SYNC(...) PARALLEL_EXPRESSION_FOR_C_(PARALLEL_SYNC)
#undef PARALLEL_SYNC_ALL
#define PARALLEL_SYNC_ALL(...) PARALLEL_EXPRESSION_FOR_C_(PARALLEL_SYNC_ALL)

/* Calls are functions here, as other libraries have some of these names, in namespaces. */
template <typename... Given> struct parallel_for_c_ {
    static constexpr bool is_known = false;
    template <typename Wanted> operator Wanted() const; /* so that there is one error, and not another one of types */
};
#define PARALLEL_CALL_FOR_C_(name)                                                                                     \
    template <typename... Given> parallel_for_c_<Given...> name(const Given &...)                                      \
    {                                                                                                                  \
        static_assert(parallel_for_c_<Given...>::is_known, PARALLEL_FOR_C_(name));                                     \
        return {};                                                                                                     \
    }
#undef parallel_all
PARALLEL_CALL_FOR_C_(parallel_all)
#undef parallel_any
PARALLEL_CALL_FOR_C_(parallel_any)
#undef parallel_async
PARALLEL_CALL_FOR_C_(parallel_async)
#undef parallel_async_map
PARALLEL_CALL_FOR_C_(parallel_async_map)
#undef parallel_async_par
PARALLEL_CALL_FOR_C_(parallel_async_par)
#undef parallel_count
PARALLEL_CALL_FOR_C_(parallel_count)
#undef parallel_distinct
PARALLEL_CALL_FOR_C_(parallel_distinct)
#undef parallel_filter
PARALLEL_CALL_FOR_C_(parallel_filter)
#undef parallel_filter_into
PARALLEL_CALL_FOR_C_(parallel_filter_into)
#undef parallel_find
PARALLEL_CALL_FOR_C_(parallel_find)
#undef parallel_find_last
PARALLEL_CALL_FOR_C_(parallel_find_last)
#undef parallel_flat_map
PARALLEL_CALL_FOR_C_(parallel_flat_map)
#undef parallel_fold
PARALLEL_CALL_FOR_C_(parallel_fold)
#undef parallel_for
PARALLEL_CALL_FOR_C_(parallel_for)
#undef parallel_for_2d
PARALLEL_CALL_FOR_C_(parallel_for_2d)
#undef parallel_for_each
PARALLEL_CALL_FOR_C_(parallel_for_each)
#undef parallel_for_each_add
PARALLEL_CALL_FOR_C_(parallel_for_each_add)
#undef parallel_group
PARALLEL_CALL_FOR_C_(parallel_group)
#undef parallel_histogram
PARALLEL_CALL_FOR_C_(parallel_histogram)
#undef parallel_loop
PARALLEL_CALL_FOR_C_(parallel_loop)
#undef parallel_loop_reduce
PARALLEL_CALL_FOR_C_(parallel_loop_reduce)
#undef parallel_map
PARALLEL_CALL_FOR_C_(parallel_map)
#undef parallel_map_into
PARALLEL_CALL_FOR_C_(parallel_map_into)
#undef parallel_map_range
PARALLEL_CALL_FOR_C_(parallel_map_range)
#undef parallel_map_range_into
PARALLEL_CALL_FOR_C_(parallel_map_range_into)
#undef parallel_map_reduce
PARALLEL_CALL_FOR_C_(parallel_map_reduce)
#undef parallel_max
PARALLEL_CALL_FOR_C_(parallel_max)
#undef parallel_min
PARALLEL_CALL_FOR_C_(parallel_min)
#undef parallel_par
PARALLEL_CALL_FOR_C_(parallel_par)
#undef parallel_partition_into
PARALLEL_CALL_FOR_C_(parallel_partition_into)
#undef parallel_process_async_map
PARALLEL_CALL_FOR_C_(parallel_process_async_map)
#undef parallel_process_async_par
PARALLEL_CALL_FOR_C_(parallel_process_async_par)
#undef parallel_process_map
PARALLEL_CALL_FOR_C_(parallel_process_map)
#undef parallel_process_par
PARALLEL_CALL_FOR_C_(parallel_process_par)
#undef parallel_reduce
PARALLEL_CALL_FOR_C_(parallel_reduce)
#undef parallel_scan
PARALLEL_CALL_FOR_C_(parallel_scan)
#undef parallel_scan_exclusive_into
PARALLEL_CALL_FOR_C_(parallel_scan_exclusive_into)
#undef parallel_scan_into
PARALLEL_CALL_FOR_C_(parallel_scan_into)
#undef parallel_sort
PARALLEL_CALL_FOR_C_(parallel_sort)
#undef parallel_sort_by
PARALLEL_CALL_FOR_C_(parallel_sort_by)
#undef parallel_sorted
PARALLEL_CALL_FOR_C_(parallel_sorted)
#undef parallel_split
PARALLEL_CALL_FOR_C_(parallel_split)
#undef parallel_stream_map
PARALLEL_CALL_FOR_C_(parallel_stream_map)
#undef parallel_stream_open
PARALLEL_CALL_FOR_C_(parallel_stream_open)
#undef parallel_thread_async_map
PARALLEL_CALL_FOR_C_(parallel_thread_async_map)
#undef parallel_thread_async_par
PARALLEL_CALL_FOR_C_(parallel_thread_async_par)
#undef parallel_thread_map
PARALLEL_CALL_FOR_C_(parallel_thread_map)
#undef parallel_thread_par
PARALLEL_CALL_FOR_C_(parallel_thread_par)
#undef parallel_zip_map_into
PARALLEL_CALL_FOR_C_(parallel_zip_map_into)

#endif /* __cplusplus */

#endif
