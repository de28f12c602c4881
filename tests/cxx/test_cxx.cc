// SPDX-License-Identifier: MIT
// parallel.hpp: each call gives what the serial loop gives, and throws what its functions throw.
#include <parallel.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <stdexcept>
#include <string>

static int failures;
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

static std::vector<int> numbers(std::size_t n, unsigned seed = 1)
{
    std::vector<int> v(n);
    for (auto &x : v)
        x = static_cast<int>((seed = seed * 1664525u + 1013904223u) >> 8);
    return v;
}

static const std::size_t sizes[] = {0, 1, 2, 3, 1000, 1024, 1025, 100000};

static void test_maps()
{
    for (std::size_t n : sizes) {
        const auto in = numbers(n);
        const double factor = 2.5; // captured
        auto out = parallel::map(in, [&](int x) { return x * factor; });
        static_assert(std::is_same_v<decltype(out), std::vector<double>>);
        CHECK(out.size() == n);
        bool right = true;
        for (std::size_t i = 0; i < n; i++)
            right = right && out[i] == in[i] * factor;
        CHECK(right);
        auto texts = parallel::map(in, [](int x) { return std::to_string(x); });
        CHECK(n == 0 || texts[n - 1] == std::to_string(in[n - 1]));
        auto odd = parallel::map(in, [](int x) { return x % 2 != 0; }); // not the bits of a vector<bool>
        CHECK(n == 0 || (odd[n / 2] != 0) == (in[n / 2] % 2 != 0));
        auto copy = in;
        parallel::for_each(copy, [](int &x) { x ^= 1; });
        parallel::map_into(copy, copy, [](int x) { return x ^ 1; });
        CHECK(copy == in);
    }
    for (std::size_t n : sizes) { // functions that are noexcept have loops of their own
        const auto in = numbers(n);
        auto out = parallel::map(in, [](int x) noexcept { return x ^ 1; });
        CHECK(out.size() == n && (n == 0 || out[n - 1] == (in[n - 1] ^ 1)));
        parallel::map_into(out, out, [](int x) noexcept { return x ^ 1; });
        CHECK(out == in);
        parallel::for_each(out, [](int &x) noexcept { x ^= 1; });
        parallel::for_index(0, static_cast<std::ptrdiff_t>(n),
                            [&](std::ptrdiff_t i) noexcept { out[static_cast<std::size_t>(i)] ^= 1; });
        CHECK(out == in);
        CHECK(parallel::map(in, [](int x) noexcept { return x; }, parallel::options().with_timeout(9)) == in);
    }
    std::array<int, 3> few = {1, 2, 3};
    CHECK(parallel::map(few, [](int x) { return x + 1; }) == (std::vector<int>{2, 3, 4}));
    std::atomic<long> sum{0};
    parallel::for_index(-10, 11, [&](std::ptrdiff_t i) { sum += static_cast<long>(i) + 1; });
    CHECK(sum == 21);
    parallel::for_index(5, 5, [&](std::ptrdiff_t) { sum = -1; });
    CHECK(sum == 21);
}

static void test_collections()
{
    for (std::size_t n : sizes) {
        const auto in = numbers(n);
        const long bias = 3;
        auto most = parallel::reduce(in, 0L, [&](long a, long b) { return std::max(a, b) | (bias & 1); });
        long serial = 0;
        for (int x : in)
            serial = std::max(serial, static_cast<long>(x)) | (bias & 1);
        CHECK(most == (n ? std::max(serial, most) : 0L));
        std::vector<double> d(in.begin(), in.end());
        const double one = parallel::reduce(d, 0.5, std::plus<>(), parallel::options().with_max_workers(1));
        CHECK(parallel::reduce(d, 0.5) == one);
        auto text = parallel::reduce(std::vector<std::string>(n, "ab"), std::string(), std::plus<>());
        CHECK(text.size() == 2 * n);
        auto kept = parallel::filter(in, [](int x) { return x % 3 == 0; });
        std::vector<int> expected;
        std::copy_if(in.begin(), in.end(), std::back_inserter(expected), [](int x) { return x % 3 == 0; });
        CHECK(kept == expected);
        auto sorted = in, wanted = in;
        parallel::sort(sorted);
        std::sort(wanted.begin(), wanted.end());
        CHECK(sorted == wanted);
        parallel::sort(sorted, std::greater<>());
        CHECK(std::is_sorted(sorted.rbegin(), sorted.rend()));
    }
}

struct pair {
    int key = 0;
    std::size_t place = 0;
    std::string text;
};

static void test_stable_sort()
{
    for (std::size_t n : {std::size_t(0), std::size_t(1), std::size_t(5000), std::size_t(100003)}) {
        const auto keys = numbers(n, 7);
        std::vector<pair> v(n);
        for (std::size_t i = 0; i < n; i++)
            v[i] = {keys[i] % 100, i, std::to_string(i)};
        const int sign = 1; // captured
        parallel::sort(v, [&](const pair &a, const pair &b) { return sign * a.key < sign * b.key; });
        bool right = true;
        for (std::size_t i = 0; i < n; i++) {
            right = right && v[i].text == std::to_string(v[i].place);
            right = right && (i == 0 || v[i - 1].key < v[i].key ||
                              (v[i - 1].key == v[i].key && v[i - 1].place < v[i].place));
        }
        CHECK(right);
    }
}

static void test_exceptions()
{
    const auto in = numbers(100000);
    for (std::size_t bad : {std::size_t(0), std::size_t(4711), in.size() - 1}) {
        try {
            auto out = parallel::map(in, [&](const int &x) {
                if (&x == &in[bad])
                    throw std::out_of_range("bad item");
                return x;
            });
            CHECK(!"nothing was thrown");
        } catch (const parallel::task_error &e) {
            CHECK(e.index() == bad);
            CHECK(std::string(e.what()) == "task " + std::to_string(bad) + ": bad item");
            bool same = false;
            try {
                e.rethrow_cause();
            } catch (const std::out_of_range &cause) {
                same = std::string(cause.what()) == "bad item";
            }
            CHECK(same);
        }
        try {
            parallel::filter(in, [&](const int &x) -> bool { return &x == &in[bad] ? throw 5 : true; });
            CHECK(!"nothing was thrown");
        } catch (const parallel::task_error &e) {
            CHECK(e.index() == bad);
        }
    }
    bool thrown = false;
    try {
        auto copy = in;
        parallel::sort(copy, [](int a, int b) -> bool { return a == b ? throw 5 : a < b; });
    } catch (const parallel::task_error &) {
        thrown = true;
    }
    CHECK(thrown);
    CHECK(parallel::map(in, [](int x) { return x; }) == in); // all is as before
}

static void test_options()
{
    const auto in = numbers(200);
    std::vector<std::atomic<int>> tries(in.size());
    auto out = parallel::map(
        in,
        [&](const int &x) {
            auto i = static_cast<std::size_t>(&x - in.data());
            if (i % 50 == 7 && tries[i]++ < 2)
                throw std::runtime_error("not yet");
            return x;
        },
        parallel::options().with_retries(3).with_max_workers(3));
    CHECK(out == in);
    CHECK(tries[57] == 3);
    try {
        parallel::map(in, [&](const int &x) { return &x == &in[9] ? throw std::runtime_error("never") : x; },
                      parallel::options().with_retries(1));
        CHECK(!"nothing was thrown");
    } catch (const parallel::task_error &e) {
        CHECK(e.index() == 9 && e.cause());
        CHECK(std::string(e.what()) == "task 9: never");
    }
    try {
        parallel::for_each(in, [](int) {
            while (!parallel_cancelled()) {
            }
        }, parallel::options().with_timeout(0.01));
        CHECK(!"nothing was thrown");
    } catch (const parallel::task_error &e) {
        CHECK(e.code().value() == ETIMEDOUT && !e.cause());
    }
    try {
        parallel::map(in, [](int x) { return x; }, parallel::options().with_call_timeout(std::nan("")));
        CHECK(!"nothing was thrown");
    } catch (const parallel::error &e) {
        CHECK(std::string(e.what()) == "call_timeout is NaN");
        CHECK(e.code().value() == EINVAL);
    }
    parallel::pool two(2);
    CHECK(parallel::map(in, [](int x) { return x; }, parallel::options().with_pool(two)) == in);
    CHECK(parallel::map(in, [](int x) { return x; }, parallel::options().serially()) == in);
#if __cplusplus >= 202002L
    CHECK(parallel::map(in, [](int x) { return x; }, {.max_workers = 2, .grain = 3}) == in);
#endif
    bool refused = false;
    try {
        parallel::pool none(-1);
    } catch (const parallel::error &e) {
        refused = std::string(e.what()) == "workers is -1, and is to be from 0 to 1024";
    }
    CHECK(refused);
}

static long fib(int n)
{
    if (n < 12)
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
    auto [a, b] = parallel::par([=] { return fib(n - 1); }, [=] { return fib(n - 2); });
    return a + b;
}

static void test_background()
{
    CHECK(fib(20) == 6765);
    int called = 0;
    auto [text, none] = parallel::par([] { return std::string("text"); }, [&] { called++; });
    (void)none;
    CHECK(text == "text" && called == 1);
    try {
        parallel::par([] {}, [] { throw std::logic_error("second"); });
        CHECK(!"nothing was thrown");
    } catch (const parallel::task_error &e) {
        CHECK(e.index() == 1);
    }
    auto answer = parallel::async([x = std::make_shared<int>(42)] { return std::to_string(*x); });
    CHECK(answer.wait_for(-1) && answer.done());
    CHECK(answer.get() == "42");
    auto effect = parallel::async([&] { called++; });
    effect.get();
    CHECK(called == 2);
    auto bad = parallel::async([]() -> int { throw std::out_of_range("far"); });
    bool same = false;
    try {
        bad.get();
    } catch (const std::out_of_range &e) {
        same = std::string(e.what()) == "far";
    }
    CHECK(same);
    auto moved = std::move(answer);
}

static void test_streams()
{
    const long factor = 3;
    parallel::stream<int, long> s([&](const int &x) { return x * factor; }, 16);
    int put = 0;
    long got = 0;
    for (bool open = true; open;) {
        while (put < 1000 && s.put(put))
            put++;
        if (put == 1000) {
            s.end();
            put++;
        }
        auto next = s.next();
        open = next.has_value();
        if (open) {
            CHECK(*next == got * 3);
            got++;
        }
    }
    CHECK(got == 1000);
    parallel::stream<int, int> wrong([](const int &x) { return x == 2 ? throw std::runtime_error("two") : x; });
    for (int i = 0; i < 3; i++)
        CHECK(wrong.put(i));
    wrong.end();
    std::string words;
    try {
        while (wrong.next()) {
        }
    } catch (const parallel::task_error &e) {
        words = e.what();
    }
    CHECK(words == "task 2: two");
}

int main()
{
    test_maps();
    test_collections();
    test_stable_sort();
    test_exceptions();
    test_options();
    test_background();
    test_streams();
    std::printf("%s\n", failures ? "wrong" : "fine");
    return failures != 0;
}
