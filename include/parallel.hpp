/* SPDX-License-Identifier: MIT */
/**
 * @file parallel.hpp
 * @brief parallel.h for C++17 and later: containers, lambdas, exceptions, objects that free themselves.
 *
 *     #include <parallel.hpp>
 *
 *     std::vector<double> in(1000, 3.0);
 *     auto out = parallel::map(in, [](double x) { return x * x * x; });
 *
 * It is a header alone, over the functions of parallel.h: link with `pkg-config --cflags --libs parallel`. The calls,
 * in namespace parallel, each of which equals a serial loop:
 *
 * | call                            | equals                                                                   |
 * |---------------------------------|--------------------------------------------------------------------------|
 * | map(range, f)                   | a vector of f(x) of each x in the range                                  |
 * | for_each(range, f)              | for (auto &x : range) f(x)                                               |
 * | for_index(begin, end, f)        | for (std::ptrdiff_t i = begin; i < end; i++) f(i)                        |
 * | reduce(range, first, op)        | std::accumulate(), in fixed blocks: the same bit for bit on any threads  |
 * | filter(range, pred)             | a vector of those x that pred(x) holds of, in their order                |
 * | sort(range, before)             | std::stable_sort()                                                       |
 * | par(f, g, ...)                  | std::make_tuple(f(), g(), ...); nested, it is fork and join              |
 * | async(f)                        | f() in the background: get() waits, and gives what it returned or threw  |
 *
 * A range has std::data() and std::size(): a vector, an array, a string, a span. Functions are called by several
 * threads at once, each with elements of its own. Calls may be made in functions that calls run.
 *
 * **Exceptions.** One that leaves a function does not leave its thread: no further elements are begun, those that run
 * end, and the call throws parallel::task_error, which has the element's index and the exception: of several, the one
 * with the lowest index among those that ran. What is wrong with a call is parallel::error, a std::system_error whose
 * what() is the sentence of parallel_error(). A call without options of a function that is noexcept has no place for an
 * exception: it takes what the macros of parallel.h do, 1 to 3 ns less.
 *
 * **Options** come last, as parallel::options: by name in C++20, `{.max_workers = 4}`, or
 * `parallel::options().with_max_workers(4)`.
 */
#ifndef PARALLEL_HPP
#define PARALLEL_HPP

#if defined(_MSVC_LANG) ? _MSVC_LANG < 201703L : __cplusplus < 201703L
#error "parallel.hpp is for C++17 and later; parallel.h is for C++11"
#endif

#include <parallel.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace parallel {

/* ---- what goes wrong ------------------------------------------------------------------------------------- */

/** A call that has failed: code() is its errno, what() says why, as parallel_error() does. */
class error : public std::system_error {
public:
    error(int code, const std::string &sentence) : std::system_error(code, std::generic_category()), sentence_(sentence)
    {
    }
    /** The sentence, without the words for the code that std::system_error adds. */
    const char *what() const noexcept override
    {
        return sentence_.what();
    }

private:
    std::runtime_error sentence_; /* a string whose copies do not throw */
};

/** A function has thrown, or its task was late, or was not run. */
class task_error : public error {
public:
    task_error(std::size_t index, int code, const std::string &sentence, std::exception_ptr cause)
        : error(code, sentence), index_(index), cause_(std::move(cause))
    {
    }
    /** Which element. */
    std::size_t index() const noexcept
    {
        return index_;
    }
    /** What the function has thrown; null, if it has not. */
    std::exception_ptr cause() const noexcept
    {
        return cause_;
    }
    /** Throws that. */
    [[noreturn]] void rethrow_cause() const
    {
        if (cause_)
            std::rethrow_exception(cause_);
        throw *this;
    }

private:
    std::size_t index_;
    std::exception_ptr cause_;
};

/* ---- options --------------------------------------------------------------------------------------------- */

class pool;

/** As the members of parallel_options that have these names; zero is the default. */
struct options {
    double timeout = 0; /**< seconds for each element, from its start; of map(), for_each() and for_index() */
    double call_timeout = 0;                        /**< seconds for the whole call */
    int max_workers = 0;                            /**< threads that take part, the caller among them */
    int retries = 0;                                /**< further attempts of an element whose function throws */
    double retry_delay = 0;                         /**< seconds before the first of them; it grows */
    const class pool *pool = nullptr;               /**< threads to run on; default: the program's */
    bool serial = false;                            /**< on the caller alone */
    std::size_t grain = 0;                          /**< elements in a piece; default: by measured time */
    parallel_progress *progress = nullptr;          /**< told how far the call is, as parallel_progress_bar() */
    void *progress_data = nullptr;                  /**< handed to it */

    options &with_timeout(double seconds)
    {
        timeout = seconds;
        return *this;
    }
    options &with_call_timeout(double seconds)
    {
        call_timeout = seconds;
        return *this;
    }
    options &with_max_workers(int workers)
    {
        max_workers = workers;
        return *this;
    }
    options &with_retries(int attempts, double delay = 0)
    {
        retries = attempts;
        retry_delay = delay;
        return *this;
    }
    options &with_pool(const class pool &threads)
    {
        pool = &threads;
        return *this;
    }
    options &with_grain(std::size_t elements)
    {
        grain = elements;
        return *this;
    }
    options &with_progress(parallel_progress *callback, void *data = nullptr)
    {
        progress = callback;
        progress_data = data;
        return *this;
    }
    options &serially()
    {
        serial = true;
        return *this;
    }
};

/** None: what calls without options have. */
inline constexpr options no_options = {};

/** Threads of one's own: parallel_pool_new_with(). They end with the object, which must outlive its calls. */
class pool {
public:
    explicit pool(int workers = 0) : pool(sized(workers))
    {
    }
    explicit pool(const parallel_pool_options &how) : pool_(parallel_pool_new_with(&how))
    {
        if (!pool_)
            throw error(errno, parallel_error());
    }
    parallel_pool *get() const noexcept
    {
        return pool_.get();
    }

private:
    static parallel_pool_options sized(int workers)
    {
        parallel_pool_options how = {};
        how.size = sizeof how;
        how.workers = workers;
        return how;
    }
    struct freed {
        void operator()(parallel_pool *p) const noexcept
        {
            parallel_pool_free(p);
        }
    };
    std::unique_ptr<parallel_pool, freed> pool_;
};

/* ---- how it is done -------------------------------------------------------------------------------------- */

namespace detail {

/* Options of the library's; or NULL, where none is asked for: such calls are the fastest. */
class c_options {
public:
    explicit c_options(const options &o, void *extras = nullptr)
    {
        given_.size = sizeof given_;
        given_.timeout = o.timeout;
        given_.call_timeout = o.call_timeout;
        given_.max_workers = o.max_workers;
        given_.retries = o.retries;
        given_.retry_delay = o.retry_delay;
        given_.pool = o.pool ? o.pool->get() : nullptr;
        given_.executor = o.serial ? PARALLEL_SERIAL : PARALLEL_DEFAULT_EXECUTOR;
        given_.grain = o.grain;
        given_.progress = o.progress;
        given_.progress_data = o.progress_data;
        given_.extras = extras;
        any_ = o.timeout != 0 || o.call_timeout != 0 || o.max_workers || o.retries || o.retry_delay != 0 || o.pool ||
               o.serial || o.grain || o.progress || extras;
    }
    const parallel_options *get() const noexcept
    {
        return any_ ? &given_ : nullptr;
    }

private:
    parallel_options given_ = {};
    bool any_;
};

inline std::string what_of(const std::exception_ptr &cause)
{
    try {
        std::rethrow_exception(cause);
    } catch (const std::exception &e) {
        return e.what();
    } catch (...) {
        return "an exception of unknown type";
    }
}

/* The first exception of a call's functions, by index. */
class failure {
public:
    [[gnu::cold]] void note(std::size_t index, std::exception_ptr cause) noexcept
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!cause_ || index < index_) {
            index_ = index;
            cause_ = std::move(cause);
        }
        failed_.store(true, std::memory_order_relaxed);
    }
    bool failed() const noexcept
    {
        return failed_.load(std::memory_order_relaxed);
    }
    std::exception_ptr cause_of(std::size_t index) const noexcept
    {
        return cause_ && index_ == index ? cause_ : nullptr;
    }
    [[gnu::cold, noreturn]] void rethrow() const
    {
        throw task_error(index_, ENOTRECOVERABLE, "task " + std::to_string(index_) + ": " + what_of(cause_), cause_);
    }

private:
    std::mutex mutex_;
    std::atomic<bool> failed_{false};
    std::size_t index_ = 0;
    std::exception_ptr cause_;
};

/* What the functions of a loop work with. */
template <typename Body> struct loop {
    failure thrown; /* first: there its alignment is that of the stack */
    Body body;
};

/* The iterations [i, end), with the body inlined, which is a copy: so the compiler knows that what it holds stays as it
 * is. Some bodies take the range, and keep the index. */
template <typename Body> [[gnu::always_inline]] inline void run_range(Body body, std::ptrdiff_t &i, std::ptrdiff_t end)
{
    if constexpr (std::is_invocable_v<Body &, std::ptrdiff_t &, std::ptrdiff_t>)
        body(i, end);
    else
        for (; i < end; i++)
            body(i);
}

/* The same with a place for exceptions. Whoever comes after a failure leaves the iterations out. */
template <typename Body> void run_loop(const void *captures, std::ptrdiff_t begin, std::ptrdiff_t end)
{
    auto *l = static_cast<loop<Body> *>(const_cast<void *>(captures));
    if (l->thrown.failed())
        return;
    std::ptrdiff_t i = begin;
    try {
        run_range(Body(l->body), i, end);
    } catch (...) {
        l->thrown.note(static_cast<std::size_t>(i), std::current_exception());
    }
}

/* Whether a body is known not to throw: then it has no place for an exception, and no index to keep for one. */
template <typename Body> constexpr bool never_throws = noexcept(std::declval<Body &>()(std::ptrdiff_t()));

template <typename Body> void run_plain_loop(const void *captures, std::ptrdiff_t begin, std::ptrdiff_t end)
{
    run_range(Body(*static_cast<const Body *>(captures)), begin, end);
}

/* One iteration, as a task that can fail. */
template <typename Body> int run_task(const void *arg, void *, void *extras)
{
    auto *l = static_cast<loop<Body> *>(extras);
    const std::ptrdiff_t i = *static_cast<const std::ptrdiff_t *>(arg);
    try {
        l->body(i);
        return 0;
    } catch (...) {
        l->thrown.note(static_cast<std::size_t>(i), std::current_exception());
        return parallel_fail(ENOTRECOVERABLE, "%s", what_of(std::current_exception()).c_str());
    }
}

inline void check(int result)
{
    if (result != 0)
        throw error(errno, parallel_error());
}

/* What the library knows of a loop: it is the same in all its calls. */
template <typename Body> inline parallel_cost cost_of = {};
template <typename Body>
inline constexpr parallel_loop_body body_of = {nullptr, sizeof(parallel_loop_body), run_loop<Body>, sizeof(loop<Body>),
                                               &cost_of<Body>};
template <typename Body> inline constexpr parallel_loop_body plain_body_of = {
    nullptr, sizeof(parallel_loop_body), run_plain_loop<Body>, sizeof(Body), &cost_of<Body>};

/* A call has failed: throws what one of its functions has thrown, or says what else. */
[[gnu::cold, noreturn]] inline void fail(const failure &thrown)
{
    const int code = errno;
    if (thrown.failed())
        thrown.rethrow();
    throw error(code, parallel_error());
}

/* body(i) for the iterations [0, n), which have time limits or further attempts of their own. */
template <typename Body> void run_tasks(std::size_t n, loop<Body> &l, const options &o)
{
    parallel_function f = {};
    f.name = nullptr;
    f.arg_size = sizeof(std::ptrdiff_t);
    f.call = run_task<Body>;
    c_options given(o, &l);
    parallel_results *r = parallel_map_range_function(&f, 0, static_cast<std::ptrdiff_t>(n), given.get());
    if (r) {
        parallel_results_free(r);
        return;
    }
    const int code = errno;
    const parallel_failure *last = parallel_last_failure();
    if (!last)
        throw error(code, parallel_error());
    throw task_error(last->index, code, parallel_error(), l.thrown.cause_of(last->index));
}

template <typename Body> void run_loop_function(std::size_t n, loop<Body> &l, const parallel_options *given)
{
    const int result = parallel_loop_function(&body_of<Body>, 0, static_cast<std::ptrdiff_t>(n), &l, given);
    if (result != 0 || l.thrown.failed())
        fail(l.thrown);
}

template <typename Body> [[gnu::noinline]] void run_with_options(std::size_t n, loop<Body> &l, const options &o)
{
    if (o.timeout > 0 || o.retries > 0)
        run_tasks(n, l, o);
    else
        run_loop_function(n, l, c_options(o).get());
}

/* body(i) for the iterations [0, n). */
template <typename Body> void run(std::size_t n, const Body &body, const options &o)
{
    if constexpr (never_throws<Body>)
        if (&o == &no_options) {
            check(parallel_loop_function(&plain_body_of<Body>, 0, static_cast<std::ptrdiff_t>(n), &body, nullptr));
            return;
        }
    loop<Body> l = {{}, body};
    if (&o == &no_options)
        run_loop_function(n, l, nullptr);
    else
        run_with_options(n, l, o);
}

/* The body of a map. Two loops, as those of PARALLEL_DECORATE: results are in another array than elements, or in the
 * same. */
template <typename T, typename R, typename F> struct map_body {
    F *f;
    const T *from;
    R *to;

    void operator()(std::ptrdiff_t i) const noexcept(noexcept(*to = (*f)(*from)))
    {
        to[i] = (*f)(from[i]);
    }
    void operator()(std::ptrdiff_t &i, std::ptrdiff_t end) const
    {
        if (static_cast<const void *>(from) == static_cast<const void *>(to))
            for (; i < end; i++)
                (*this)(i);
        else
            apart(*f, from, to, i, end);
    }

private:
    static void apart(F &f, const T *__restrict from, R *__restrict to, std::ptrdiff_t &i, std::ptrdiff_t end)
    {
        for (; i < end; i++)
            to[i] = f(from[i]);
    }
};

template <typename T, typename R, typename F> void run_map(const T *from, R *to, std::size_t n, F &f, const options &o)
{
    run(n, map_body<T, R, F>{&f, from, to}, o);
}

/* Elements that several threads write at once: not the bits of a vector<bool>. */
template <typename T> using stored = std::conditional_t<std::is_same_v<std::remove_cv_t<T>, bool>, unsigned char, T>;

template <typename Range> using element = std::remove_reference_t<decltype(*std::data(std::declval<Range &>()))>;

/* Which of the library's numbers a type is; PARALLEL_NUMBERS_: none. */
template <typename T> constexpr int number_of() noexcept
{
    if constexpr (std::is_same_v<T, float>)
        return PARALLEL_F32_;
    else if constexpr (std::is_same_v<T, double>)
        return PARALLEL_F64_;
    else if constexpr (!std::is_integral_v<T> || std::is_same_v<T, bool> || sizeof(T) > 8)
        return PARALLEL_NUMBERS_;
    else
        return (std::is_signed_v<T> ? PARALLEL_I8_ : PARALLEL_U8_) +
               (sizeof(T) == 8 ? 3 : sizeof(T) == 4 ? 2 : sizeof(T) == 2 ? 1 : 0);
}

template <typename T, typename Op> constexpr bool is_sum =
    number_of<T>() != PARALLEL_NUMBERS_ && (std::is_same_v<Op, std::plus<>> || std::is_same_v<Op, std::plus<T>>);
template <typename T, typename Before>
constexpr bool is_ascending = number_of<T>() != PARALLEL_NUMBERS_ &&
                              (std::is_same_v<Before, std::less<>> || std::is_same_v<Before, std::less<T>>);
template <typename T, typename Before> constexpr bool is_descending =
    number_of<T>() != PARALLEL_NUMBERS_ &&
    (std::is_same_v<Before, std::greater<>> || std::is_same_v<Before, std::greater<T>>);

/* Blocks of neighbours, which depend on how many there are, alone: so what is made of them is always the same. */
struct blocks {
    std::size_t n, size, count;
    explicit blocks(std::size_t items) : n(items), size(std::max<std::size_t>(1024, (items + 255) / 256))
    {
        count = n ? (n - 1) / size + 1 : 0;
    }
    std::size_t begin(std::size_t k) const noexcept
    {
        return k * size;
    }
    std::size_t end(std::size_t k) const noexcept
    {
        return std::min(n, (k + 1) * size);
    }
};

/* The index of an element is what a failure is known by, and not that of its block. */
template <typename Body> void run_blocks(const blocks &all, Body &&body, options o)
{
    failure thrown;
    o.timeout = 0;
    o.retries = 0;
    auto block = [&](std::ptrdiff_t k) {
        std::size_t at = all.begin(static_cast<std::size_t>(k));
        try {
            body(static_cast<std::size_t>(k), at);
        } catch (...) {
            thrown.note(at, std::current_exception());
            throw;
        }
    };
    try {
        run(all.count, block, o);
    } catch (const task_error &) {
        if (thrown.failed())
            thrown.rethrow();
        throw;
    }
}

} // namespace detail

/* ---- loops and maps -------------------------------------------------------------------------------------- */

/** f(i) for i from begin to end - 1. */
template <typename F> void for_index(std::ptrdiff_t begin, std::ptrdiff_t end, F &&f, const options &o = no_options)
{
    auto body = [&f, begin](std::ptrdiff_t i) noexcept(noexcept(f(i))) { f(begin + i); };
    detail::run(begin < end ? static_cast<std::size_t>(end) - static_cast<std::size_t>(begin) : 0, body, o);
}

/** f(x) for each element of the range, which it may change. */
template <typename Range, typename F> void for_each(Range &&range, F &&f, const options &o = no_options)
{
    auto *data = std::data(range);
    auto body = [&f, data](std::ptrdiff_t i) noexcept(noexcept(f(*data))) { f(data[i]); };
    detail::run(std::size(range), body, o);
}

/**
 * A vector of f(x) of each element, in order. What f gives is to have a default; of bool, it is a vector of unsigned
 * char. A function without a result: for_each().
 */
template <typename Range, typename F> auto map(const Range &range, F &&f, const options &o = no_options)
{
    using result = std::decay_t<std::invoke_result_t<F &, detail::element<const Range> &>>;
    static_assert(!std::is_void_v<result>, "parallel::map(): the function has no result: that is parallel::for_each()");
    static_assert(std::is_default_constructible_v<result>, "parallel::map(): a result has a default constructor");
    std::vector<detail::stored<result>> out(std::size(range));
    detail::run_map(std::data(range), out.data(), out.size(), f, o);
    return out;
}

/** The same into what is there already, which may be the range itself; it has as many elements. */
template <typename Range, typename Out, typename F>
void map_into(const Range &range, Out &&out, F &&f, const options &o = no_options)
{
    if (std::size(range) != std::size(out))
        throw error(EINVAL, "parallel::map_into(): there are as many results as elements");
    detail::run_map(std::data(range), std::data(out), std::size(range), f, o);
}

/* ---- collections ----------------------------------------------------------------------------------------- */

/**
 * op(... op(op(first, x0), x1) ..., xn): op is associative, and combines two values of the type of `first`, or one with
 * an element. Elements are taken in blocks that depend on their number alone, each from its first element to its last,
 * and blocks from the left: the result is the same bit for bit whatever the threads. A failure's index is that of the
 * first element of its block.
 */
template <typename Range, typename T, typename Op = std::plus<>>
T reduce(const Range &range, T first, Op op = {}, const options &o = no_options)
{
    const auto *data = std::data(range);
    const detail::blocks all(std::size(range));
    if constexpr (detail::is_sum<T, Op> && std::is_same_v<detail::element<const Range>, const T>) {
        options whole = o;
        whole.timeout = 0;
        whole.retries = 0;
        detail::c_options given(whole);
        const parallel_combine *sum = &parallel_word_combines[PARALLEL_WORD_PLUS_][detail::number_of<T>()];
        detail::check(parallel_reduce_function(sum, data, all.n, &first, given.get()));
        return first;
    }
    std::vector<std::optional<T>> parts(all.count);
    detail::run_blocks(
        all,
        [&](std::size_t k, std::size_t &at) {
            T value = static_cast<T>(data[at]);
            for (std::size_t i = at + 1; i < all.end(k); i++)
                value = op(std::move(value), data[i]);
            parts[k] = std::move(value);
        },
        o);
    for (auto &part : parts)
        first = op(std::move(first), std::move(*part));
    return first;
}

/** The elements that pred holds of, in their order. */
template <typename Range, typename Pred>
auto filter(const Range &range, Pred &&pred, const options &o = no_options)
    -> std::vector<std::remove_cv_t<detail::element<const Range>>>
{
    using item = std::remove_cv_t<detail::element<const Range>>;
    static_assert(std::is_default_constructible_v<item>, "parallel::filter(): an element has a default constructor");
    const auto *data = std::data(range);
    const detail::blocks all(std::size(range));
    std::vector<unsigned char> holds(all.n);
    std::vector<std::size_t> places(all.count + 1);
    detail::run_blocks(
        all,
        [&](std::size_t k, std::size_t &at) {
            std::size_t kept = 0, i = at;
            const std::size_t end = all.end(k);
            try {
                for (; i < end; i++)
                    kept += holds[i] = pred(data[i]) ? 1 : 0;
            } catch (...) {
                at = i;
                throw;
            }
            places[k + 1] = kept;
        },
        o);
    for (std::size_t k = 0; k < all.count; k++)
        places[k + 1] += places[k];
    std::vector<item> out(places[all.count]);
    detail::run_blocks(
        all,
        [&](std::size_t k, std::size_t &at) {
            std::size_t to = places[k];
            const std::size_t last = places[k + 1];
            if constexpr (std::is_trivially_copyable_v<item>) {
                for (; to < last; to += holds[at++]) /* without a branch: what is not wanted is written over */
                    out[to] = data[at];
            } else {
                for (; to < last; at++)
                    if (holds[at])
                        out[to++] = data[at];
            }
        },
        o);
    return out;
}

namespace detail {

/* How many of the first k elements of two sorted runs, merged, are of the first one. */
template <typename T, typename Before>
std::size_t of_first(const T *a, std::size_t na, const T *b, std::size_t nb, std::size_t k, Before &before)
{
    std::size_t low = k > nb ? k - nb : 0, high = std::min(k, na);
    while (low < high) {
        std::size_t i = (low + high) / 2;
        if (before(b[k - i - 1], a[i]))
            high = i;
        else
            low = i + 1;
    }
    return low;
}

/* Merges pairs of runs of `run` elements, each by pieces. */
template <typename T, typename Before>
void merge_runs(T *from, T *to, std::size_t n, std::size_t run_length, Before &before, const options &o)
{
    const std::size_t piece = std::max<std::size_t>(4096, n / 256), pair = 2 * run_length;
    const std::size_t per_pair = (pair - 1) / piece + 1, pairs = (n - 1) / pair + 1;
    auto body = [&](std::ptrdiff_t j) {
        const std::size_t p = static_cast<std::size_t>(j) / per_pair, q = static_cast<std::size_t>(j) % per_pair;
        T *a = from + p * pair, *end = from + std::min(n, (p + 1) * pair), *b = std::min(a + run_length, end);
        const std::size_t na = static_cast<std::size_t>(b - a), nb = static_cast<std::size_t>(end - b);
        const std::size_t k = std::min(q * piece, na + nb), next = std::min(k + piece, na + nb);
        const std::size_t i = of_first(a, na, b, nb, k, before), i_end = of_first(a, na, b, nb, next, before);
        std::merge(std::make_move_iterator(a + i), std::make_move_iterator(a + i_end),
                   std::make_move_iterator(b + (k - i)), std::make_move_iterator(b + (next - i_end)),
                   to + p * pair + k, [&](const T &x, const T &y) { return before(x, y); });
    };
    run(pairs * per_pair, body, o);
}

} // namespace detail

/** std::stable_sort(); numbers by std::less or std::greater are sorted by their bits. What is thrown is as in a
 * loop. */
template <typename Range, typename Before = std::less<>> void sort(Range &&range, Before before = {}, options o = {})
{
    using item = detail::element<Range>;
    item *data = std::data(range);
    const std::size_t n = std::size(range);
    o.timeout = 0;
    o.retries = 0;
    if constexpr (detail::is_ascending<item, Before> || detail::is_descending<item, Before>) {
        const int word = detail::is_ascending<item, Before> ? PARALLEL_WORD_ASCENDING_ : PARALLEL_WORD_DESCENDING_;
        detail::c_options given(o);
        detail::check(
            parallel_sort_items(&parallel_word_orders[word][detail::number_of<item>()], data, n, given.get()));
    } else {
        static_assert(std::is_default_constructible_v<item>, "parallel::sort(): an element has a default constructor");
        std::size_t run_length = std::max<std::size_t>(2048, (n + 63) / 64);
        auto part = [&](std::ptrdiff_t k) {
            item *from = data + static_cast<std::size_t>(k) * run_length;
            std::stable_sort(from, std::min(from + run_length, data + n),
                             [&](const item &a, const item &b) { return before(a, b); });
        };
        if (n == 0)
            return;
        detail::run((n - 1) / run_length + 1, part, o);
        if (run_length >= n)
            return;
        std::vector<item> room(n);
        item *from = data, *to = room.data();
        for (; run_length < n; run_length *= 2) {
            detail::merge_runs(from, to, n, run_length, before, o);
            std::swap(from, to);
        }
        if (from != data)
            detail::run(n, [&](std::ptrdiff_t i) { data[i] = std::move(room[static_cast<std::size_t>(i)]); }, o);
    }
}

/* ---- different functions --------------------------------------------------------------------------------- */

/** What a function without a result gives to par(). */
struct nothing {};

namespace detail {

template <typename F> using kept = std::conditional_t<std::is_void_v<std::invoke_result_t<F &>>, nothing,
                                                      std::decay_t<std::invoke_result_t<F &>>>;

template <typename F> void call_into(F &f, std::optional<kept<F>> &out)
{
    if constexpr (std::is_void_v<std::invoke_result_t<F &>>) {
        f();
        out.emplace();
    } else {
        out.emplace(f());
    }
}

template <typename... F, std::size_t... I>
std::tuple<kept<F>...> par_of(std::index_sequence<I...>, const options &o, F &...f)
{
    std::tuple<std::optional<kept<F>>...> out;
    auto body = [&](std::ptrdiff_t i) {
        (void)std::initializer_list<int>{
            (static_cast<std::size_t>(i) == I ? (call_into(f, std::get<I>(out)), 0) : 0)...};
    };
    options each = o;
    each.grain = 1;
    run(sizeof...(F), body, each);
    return std::tuple<kept<F>...>{std::move(*std::get<I>(out))...};
}

} // namespace detail

/** f(), g(), ... at once; a tuple of what they give. The index of a failure is that of the function. */
template <typename... F> std::tuple<detail::kept<std::remove_reference_t<F>>...> par(F &&...f)
{
    return detail::par_of(std::index_sequence_for<F...>(), options(), f...);
}

/* ---- in the background ----------------------------------------------------------------------------------- */

/** A call in the background, of async(). Its end cancels it, if it has not begun, and waits for it otherwise. */
template <typename R> class future {
public:
    template <typename F> future(F &&f, const options &o) : state_(std::make_unique<state>(std::forward<F>(f)))
    {
        state *s = state_.get();
        parallel_function task = {};
        task.arg_size = sizeof s;
        task.call = call;
        detail::c_options given(o);
        executor_.reset(parallel_async_function(&task, &s, given.get()));
        if (!executor_)
            throw error(errno, parallel_error());
    }
    /** Waits, and gives what the function returned, or throws what it threw. */
    R get()
    {
        parallel_results *r = parallel_executor_results(executor_.get());
        const int code = errno;
        if (state_->thrown)
            std::rethrow_exception(state_->thrown);
        if (!r)
            throw error(code, parallel_error());
        if constexpr (!std::is_void_v<R>)
            return std::move(*state_->result);
    }
    /** Waits so many seconds, a negative number: as long as it takes; false if that was not enough. */
    bool wait_for(double seconds)
    {
        if (parallel_executor_wait(executor_.get(), seconds) == 0)
            return true;
        if (errno != ETIMEDOUT)
            throw error(errno, parallel_error());
        return false;
    }
    bool done() const noexcept
    {
        return parallel_executor_done(executor_.get());
    }
    /** Asks it to give up: parallel_cancelled() becomes true in it. */
    void cancel() noexcept
    {
        parallel_cancel(executor_.get());
    }
    parallel_executor *executor() const noexcept
    {
        return executor_.get();
    }

private:
    struct state {
        template <typename F> explicit state(F &&f) : function(std::forward<F>(f))
        {
        }
        std::function<R()> function;
        std::optional<std::conditional_t<std::is_void_v<R>, nothing, R>> result;
        std::exception_ptr thrown;
    };
    static int call(const void *arg, void *, void *)
    {
        state *s = *static_cast<state *const *>(arg);
        try {
            s->thrown = nullptr;
            detail::call_into(s->function, s->result);
            return 0;
        } catch (...) {
            s->thrown = std::current_exception();
            return parallel_fail(ENOTRECOVERABLE, "%s", detail::what_of(s->thrown).c_str());
        }
    }
    struct freed {
        void operator()(parallel_executor *ex) const noexcept
        {
            parallel_executor_free(ex);
        }
    };
    std::unique_ptr<state> state_; /* outlives the executor */
    std::unique_ptr<parallel_executor, freed> executor_;
};

/** f() in the background, on a copy of f. */
template <typename F>
auto async(F &&f, const options &o = no_options) -> future<std::invoke_result_t<std::decay_t<F> &>>
{
    return {std::forward<F>(f), o};
}

/* ---- streams --------------------------------------------------------------------------------------------- */

/**
 * An ordered map of what has no end: parallel_stream_open(). Arguments and results are copied as bytes.
 *
 *     parallel::stream<job, answer> s([](const job &j) { return solve(j); });
 *     s.put(j) ... s.end(); while (auto a = s.next()) ...
 */
template <typename Arg, typename R> class stream {
    static_assert(std::is_trivially_copyable_v<Arg> && std::is_trivially_copyable_v<R>,
                  "parallel::stream: arguments and results are copied as bytes");

public:
    explicit stream(std::function<R(const Arg &)> f, std::size_t window = 0, const options &o = no_options)
        : function_(std::make_unique<std::function<R(const Arg &)>>(std::move(f)))
    {
        parallel_function task = {};
        task.arg_size = sizeof(Arg);
        task.result_size = sizeof(R);
        task.call = call;
        detail::c_options given(o, function_.get());
        parallel_options with_window = *given.get();
        with_window.window = window;
        stream_.reset(parallel_stream_open_function(&task, &with_window));
        if (!stream_)
            throw error(errno, parallel_error());
    }
    /** Puts an item. False if the window is full: then next() has something to give, or will have. */
    bool put(const Arg &arg)
    {
        if (parallel_stream_put(stream_.get(), &arg) == 0)
            return true;
        if (errno != EAGAIN)
            throw error(errno, parallel_error());
        return false;
    }
    /** No more is put. */
    void end()
    {
        detail::check(parallel_stream_end(stream_.get()));
    }
    /** The next result, in order; waits for it. Nothing after the last one. What a function has thrown ends it: it
     * throws task_error, whose what() has the words. */
    std::optional<R> next()
    {
        parallel_item item;
        const int got = parallel_stream_next(stream_.get(), &item, -1);
        if (got == 0)
            return std::nullopt;
        if (got < 0)
            throw error(errno, parallel_error());
        if (item.failure)
            throw task_error(item.failure->index, item.failure->code,
                             "task " + std::to_string(item.failure->index) + ": " + item.failure->message, nullptr);
        return *static_cast<const R *>(item.result);
    }
    parallel_stream *get() const noexcept
    {
        return stream_.get();
    }

private:
    static int call(const void *arg, void *result, void *extras)
    {
        try {
            *static_cast<R *>(result) =
                (*static_cast<std::function<R(const Arg &)> *>(extras))(*static_cast<const Arg *>(arg));
            return 0;
        } catch (...) {
            return parallel_fail(ENOTRECOVERABLE, "%s", detail::what_of(std::current_exception()).c_str());
        }
    }
    struct freed {
        void operator()(parallel_stream *s) const noexcept
        {
            parallel_stream_free(s);
        }
    };
    std::unique_ptr<std::function<R(const Arg &)>> function_; /* outlives the stream */
    std::unique_ptr<parallel_stream, freed> stream_;
};

} // namespace parallel

#endif
