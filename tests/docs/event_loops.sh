#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipes of docs/event-loops.md compile, each where its library is, and tell that a call has ended.
. "$srcdir/tests/support/tap.sh"
page=$srcdir/docs/event-loops.md

# What the recipes leave to the program. One that cannot run its loop has status 77.
cat >"$work/before.h" <<'END'
#include <parallel.h>
#include <stdio.h>

static int shown, ends;

static inline void show(const parallel_item *item)
{
    shown += item->result != NULL;
}

static void finished(void *executor)
{
    parallel_executor *ex = (parallel_executor *)executor;
    const int *results = (const int *)parallel_values(parallel_executor_results(ex));
    ends += results && results[9] == 81;
    parallel_executor_free(ex);
}
END
cat >"$work/after.h" <<'END'

static int square(const void *arg, void *result, void *extras)
{
    int x = *(const int *)arg;
    (void)extras;
    *(int *)result = x * x;
    return parallel_sleep(0.02);
}

int main(void)
{
    static const int in[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    parallel_function f = parallel_function();
    parallel_options o = parallel_options();
    f.arg_size = f.result_size = sizeof(int);
    f.call = square;
    o.size = sizeof o;
    o.as_completed = AS_COMPLETED;
    parallel_executor *ex = parallel_async_map_function(&f, in, 10, &o);
    if (!ex)
        return 1;
    run_loop(ex);
    printf("%d %d\n", ends, shown);
    return ends == 0 ? 77 : ends == 1 && shown == (AS_COMPLETED ? 10 : 0) ? 0 : 1;
}
END

cat >"$work/after_stream.h" <<'END'

static int square(const void *arg, void *result, void *extras)
{
    int x = *(const int *)arg;
    (void)extras;
    *(int *)result = x * x;
    return x % 100 == 0 ? parallel_sleep(0.005) : 0;
}

int main(void)
{
    enum { NUMBERS = 1000 }; /* more than the window; in the pipe there is room */
    int ends[2];
    parallel_function f = {.arg_size = sizeof(int), .result_size = sizeof(int), .call = square};
    parallel_options o = {.size = sizeof o, .window = 4};
    if (pipe(ends) != 0)
        return 1;
    for (int i = 0; i < NUMBERS; i++)
        if (write(ends[1], &i, sizeof i) != (ssize_t)sizeof i)
            return 1;
    close(ends[1]);
    run_stream(parallel_stream_open_function(&f, &o), ends[0]);
    (void)finished;
    printf("%d\n", shown);
    return shown != NUMBERS;
}
END

# recipe NUMBER: prints what it needs, and, in ./recipe.c or ./recipe.cc, its code.
recipe() {
    awk -v wanted="$1" -v place="$work" '
        /^<!-- compile: / { needs = $0; gsub(/^<!-- compile: | -->$/, "", needs); number++ }
        /^```$/ { on = 0 }
        on { print >file }
        /^```(c|cpp)$/ && number == wanted && !on && needs != "" {
            on = 1
            file = place "/recipe" ($0 == "```c" ? ".c" : ".cc")
            print needs
        }' "$page"
}

# compile_recipe SOURCE FLAGS...
compile_recipe() {
    source=$1
    shift
    case $source in
    *.cc) compiler="$CXX -std=c++17 -fPIC" ;;
    *) compiler="$CC -std=gnu11" ;;
    esac
    {
        cat before.h "$source"
        case $needs,$source in
        stream,*) cat after_stream.h ;;
        *.c) sed 's/= parallel_[a-z]*();/= {0};/' after.h ;;
        *) cat after.h ;;
        esac
    } >"program.${source##*.}"
    # shellcheck disable=SC2086
    $compiler $CFLAGS -Wall -Wextra -I"$srcdir/include" "program.${source##*.}" "$builddir/.libs/libparallel.a" "$@" \
        -lpthread $SANITIZERS -o program
}

cd "$work" || exit 99
number=1
while :; do
    rm -f recipe.c recipe.cc program
    needs=$(recipe $number)
    [ -n "$needs" ] || break
    set -- -DAS_COMPLETED=0
    found=yes
    case $needs in
    poll | stream) ;;
    as_completed) set -- -DAS_COMPLETED=1 ;;
    epoll) echo '#include <sys/epoll.h>' | $CC -E - >/dev/null 2>&1 || found= ;;
    *)
        found=
        for library in $needs; do
            [ -z "$found" ] || break
            ${PKG_CONFIG:-pkg-config} --exists "$library" || continue
            found=$library
            # shellcheck disable=SC2046
            set -- "$@" $(${PKG_CONFIG:-pkg-config} --cflags --libs "$library")
        done
        ;;
    esac
    if [ -z "$found" ]; then
        skip "recipe $number, $needs" "its library is not there"
    else
        source=$(ls recipe.c*)
        check "recipe $number compiles, $needs" compile_recipe "$source" "$@"
        status=0
        ./program >out 2>&1 || status=$?
        if [ $status -eq 77 ]; then
            skip "... and runs" "its loop does not"
        else
            check "... and is told of the end" test $status -eq 0
        fi
    fi
    number=$((number + 1))
done
check "there are eleven recipes" test $number -eq 12
done_testing
