// SPDX-License-Identifier: MIT
// tbb::parallel_pipeline, with eight tokens a thread.
#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>

#include <cstddef>

#include "../items.h"

namespace {
struct moved {
    item from;
    uint64_t result;
};
} // namespace

bool run_flow(flow *f)
{
    std::size_t threads = static_cast<std::size_t>(threads_to_use());
    tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    tbb::parallel_pipeline(8 * threads,
                           tbb::make_filter<void, item>(tbb::filter_mode::serial_in_order,
                                                        [f](tbb::flow_control &control) {
                                                            item next = {0, 0};
                                                            if (!source(f, &next))
                                                                control.stop();
                                                            return next;
                                                        }) &
                               tbb::make_filter<item, moved>(
                                   tbb::filter_mode::parallel,
                                   [f](const item &i) { return moved{i, work(f->work, i.value)}; }) &
                               tbb::make_filter<moved, void>(tbb::filter_mode::serial_in_order, [f](const moved &m) {
                                   sink(f, &m.from, m.result);
                               }));
    return true;
}
