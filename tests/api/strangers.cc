// SPDX-License-Identifier: MIT
// C++ programs: what happens to exceptions that leave tasks, and to thread_local objects at the end. The first argument
// says what to do; tests/api/strangers.sh what is to come of it.
#include <parallel.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

std::string how;

int throws(const void *arg, void *, void *)
{
    usleep(100);
    if (*static_cast<const int *>(arg) == 3)
        throw std::runtime_error("thrown in a task");
    return 0;
}

void body(size_t begin, size_t end, void *)
{
    usleep(100);
    if (begin <= 5 && 5 < end)
        throw std::runtime_error("thrown in a loop");
}

void progress(size_t, size_t, void *)
{
    throw std::runtime_error("thrown in a callback");
}

// One call, whose tasks throw.
void call()
{
    static int in[64], out[64];
    for (int i = 0; i < 64; i++)
        in[i] = i;
    parallel_function f = {};
    f.name = "throws", f.arg_size = sizeof(int), f.call = throws;
    parallel_options o = {};
    o.size = sizeof o;
    if (how == "map") {
        parallel_results_free(parallel_map_function(&f, in, 64, nullptr));
    } else if (how == "serial") {
        o.executor = PARALLEL_SERIAL;
        parallel_results_free(parallel_map_function(&f, in, 64, &o));
    } else if (how == "timeout") {
        o.timeout = 100;
        parallel_results_free(parallel_map_function(&f, in, 64, &o));
    } else if (how == "into") {
        o.max_workers = 4;
        parallel_map_into_function(&f, in, 64, out, &o);
    } else if (how == "for") {
        parallel_for_function(64, body, nullptr, nullptr);
    } else if (how == "background") {
        parallel_executor *ex = parallel_async_map_function(&f, in, 64, nullptr);
        parallel_executor_results(ex);
        parallel_executor_free(ex);
    } else if (how == "async") {
        o.as_completed = true;
        parallel_executor *ex = parallel_async_function(&f, &in[3], &o);
        parallel_item item;
        parallel_executor_next(ex, &item, -1);
        parallel_executor_free(ex);
    } else if (how == "stream" || how == "stream process") {
        auto source = [](void *arg, void *data) {
            int *given = static_cast<int *>(data);
            *static_cast<int *>(arg) = *given;
            return ++*given <= 64 ? 1 : 0;
        };
        auto sink = [](const parallel_item *item, void *) {
            if (item->failure)
                std::printf("item %zu, state %d\n", item->index, item->failure->state);
            return 0;
        };
        int given = 0;
        o.silent = true;
        o.executor = how == "stream" ? PARALLEL_THREAD : PARALLEL_PROCESS;
        parallel_stream_map_function(&f, source, sink, &given, &o);
        std::exit(0);
    } else if (how == "sink") {
        f.call = [](const void *, void *, void *) { return 0; };
        auto source = [](void *, void *) { return 1; };
        auto sink = [](const parallel_item *, void *) -> int { throw std::runtime_error("thrown in a callback"); };
        parallel_stream_map_function(&f, source, sink, nullptr, nullptr);
    } else if (how == "notification") {
        f.call = [](const void *, void *, void *) { return 0; };
        parallel_executor *ex = parallel_async_function(&f, in, nullptr);
        auto notify = [](parallel_executor *, void *) { throw std::runtime_error("thrown in a callback"); };
        parallel_executor_notify(ex, notify, nullptr);
        parallel_executor_free(ex);
    } else if (how == "progress") {
        f.call = [](const void *, void *, void *) { return 0; };
        o.progress = progress;
        parallel_results_free(parallel_map_function(&f, in, 64, &o));
    } else if (how == "process") { // a crash of one task, as another is
        o.silent = true;
        parallel_results *r = parallel_process_map_function(&f, in, 64, &o);
        std::printf("%zu failed, state %d\n", parallel_failures(r), parallel_result_state(r, 3));
        parallel_results_free(r);
        std::exit(0);
    }
}

// ---- the end --------------------------------------------------------------------------------------------------

struct Registry {
    bool alive = true;
    std::set<void *> all;
    ~Registry() { alive = false; }
};
Registry registry;
std::mutex mutex;
int destroyed;

struct Handle {
    Handle()
    {
        std::lock_guard<std::mutex> lock(mutex);
        registry.all.insert(this);
    }
    ~Handle()
    {
        if (!registry.alive) {
            std::puts("too late");
            std::fflush(stdout);
            _exit(1);
        }
        std::lock_guard<std::mutex> lock(mutex);
        registry.all.erase(this);
        destroyed++;
    }
};

int uses_handle(const void *, void *, void *)
{
    thread_local Handle handle;
    (void)&handle;
    usleep(1000);
    return 0;
}

} // namespace

int main(int argc, char **argv)
{
    how = argc > 1 ? argv[1] : "";
    alarm(60);
    if (how == "end" || how == "shutdown" || how == "pool") {
        static int in[64];
        parallel_function f = {};
        f.name = "uses_handle", f.arg_size = sizeof(int), f.call = uses_handle;
        parallel_options o = {};
        o.size = sizeof o;
        o.max_workers = 4;
        o.pool = how == "pool" ? parallel_pool_new(4) : nullptr;
        parallel_results_free(parallel_map_function(&f, in, 64, &o));
        if (how == "shutdown") {
            int before = destroyed, rc = parallel_shutdown();
            std::printf("%d, and %s\n", rc, destroyed > before ? "some are destroyed" : "none is destroyed");
        }
        return 0;
    }
    try {
        call();
    } catch (std::exception &e) {
        std::printf("caught %s\n", e.what());
    }
    std::puts("went on");
}
