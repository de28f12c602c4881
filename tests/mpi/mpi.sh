#!/bin/sh
# SPDX-License-Identifier: MIT
# Jobs of 1 to 8 ranks, by each MPI that there is: what comes back; ranks that crash, exit, or are killed, at every
# stage; home that exits; what is left over. With PARALLEL_TEST_HUGE=1 also messages of more than 2 GiB, which take 13
# GB of memory.
. "$srcdir/tests/support/tap.sh"

# What is left of a job is found by the paths of its programs: copies of this test's own.
plugin() {
    # shellcheck disable=SC2086
    $CC $CFLAGS -std=c11 -fPIC -shared -I"$srcdir/include" "$srcdir/tests/mpi/plugin.c" -o "$work/plugin.so"
}
check "a plugin compiles" plugin

# As root, and with more ranks than cores, for a test. Sockets and files are on this machine, in the test's directory.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir "$work/shared" "$work/session" || exit 99
OMPI_MCA_btl=self,vader,tcp OMPI_MCA_orte_tmpdir_base=$work/session
OMPI_MCA_btl_vader_backing_directory=$work/shared UCX_POSIX_DIR=$work/shared
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_btl OMPI_MCA_orte_tmpdir_base
export OMPI_MCA_btl_vader_backing_directory UCX_POSIX_DIR
PARALLEL_NUM_THREADS=2 # of each rank
export PARALLEL_NUM_THREADS

# job RANKS ARGUMENTS...: runs a job, for a minute at most.
job() {
    ranks=$1
    shift
    # shellcheck disable=SC2086
    timeout -k 2 "${limit:-60}" $mpirun $mpi_flags -n "$ranks" "$program" "$ranks" "$@"
}

# ends_with STATUS RANKS ARGUMENTS...: so it ends, with nothing of it left.
ends_with() {
    expected=$1
    shift
    job "$@"
    status=$?
    [ "$status" -eq "$expected" ] || { echo "status $status"; return 1; }
    nothing_is_left
}

# ends RANKS ARGUMENTS...: well or badly, but by itself, within seconds.
ends() {
    began=$(date +%s)
    status=0
    job "$@" || status=$?
    [ $(($(date +%s) - began)) -lt 20 ] || { echo "it took too long"; return 1; }
    nothing_is_left
}

# is_gone RANKS ARGUMENTS...: its ranks end by themselves. Open MPI 4.1.4's mpirun, not: if one dies just when it
# connects, it kills the others, and waits for ever.
is_gone() {
    limit=20
    job "$@" &
    limit=
    tries=0
    while kill -0 $! 2>/dev/null && [ $tries -lt 150 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    nothing_is_left
    status=$?
    wait $!
    return $status
}

# fails RANKS ARGUMENTS...: it ends, and badly.
fails() {
    ends "$@" && [ $status -ne 0 ]
}

# Processes of this test's programs, and shared memory: the launcher may have ended some milliseconds before they do.
nothing_is_left() {
    tries=0
    while [ -n "$(left_over)" ]; do
        tries=$((tries + 1))
        [ $tries -lt 50 ] || { left_over; return 1; }
        sleep 0.1
    done
}
left_over() {
    for exe in /proc/[0-9]*/exe; do
        path=$(readlink "$exe" 2>/dev/null) || continue
        case $path in
        "$real_program" | "$real_parts") echo "$exe is left" ;;
        esac
    done
    find "$work/shared" -type f
}

# Home is one program, and the rest another build of it.
refuses() {
    # shellcheck disable=SC2086
    timeout -k 5 70 $mpirun $mpi_flags -n 1 "$parts" 3 refused : -n 2 "$program" 3 refused
}

# What it says is of both programs.
names_both() {
    refuses | grep "parts.*job"
}

# A program without mpirun is a job of one rank.
alone() {
    timeout -k 5 70 "$program" 1 all "$work/plugin.so" && nothing_is_left
}

run_cases() { # NAME
    program=$builddir/tests/mpi/job_$1 parts=$builddir/tests/mpi/parts_$1
    real_program=$(readlink -f "$(real_path "$program")") real_parts=$(readlink -f "$(real_path "$parts")")
    check "$1: without mpirun" alone
    for n in 1 2 3 4 8; do
        check "$1: $n ranks" ends_with 0 $n all "$work/plugin.so"
    done
    check "$1: MPI is the program's own" ends_with 0 3 on all "$work/plugin.so"
    check "$1: a trace has a row for each rank" traces
    program=$parts
    check "$1: messages of many parts" ends_with 0 3 all "$work/plugin.so"
    program=$builddir/tests/mpi/job_$1
    check "$1: another build is refused" names_both
    check "$1: exit without shutdown" ends_with 3 3 exit
    check "$1: exit in a call" ends_with 3 3 exit-in-call
    for ms in 3 30 80; do
        check "$1: exit in messages, after $ms ms" ends_with 3 3 exit-in-messages $ms
    done
    check "$1: a child of home's" ends_with 0 2 child
    for how in kill abort exit; do
        check "$1: a task ends its rank: $how" fails 3 lose $how
    done
    for ms in 1 20 60 150; do
        check "$1: killed $ms ms after its start" is_gone 3 lose-at-start $ms
    done
    for ms in 5 30 200; do
        check "$1: killed in messages, after $ms ms" fails 3 lose-in-messages $ms
        check "$1: killed at the shutdown, after $ms ms" ends 3 lose-at-shutdown $ms
    done
    check "$1: MPI of one thread is refused" ends_with 0 2 refusals
    [ -z "$PARALLEL_TEST_HUGE" ] || check "$1: more than 2 GiB" ends_with 0 2 huge
    check "$1: idle ranks sleep" ends_with 0 3 idle
}

# The trace of a job is rank 0's, with a row for each rank that ran pieces: the others leave the file alone.
traces() {
    rm -f "$work/job.svg"
    PARALLEL_TRACE=$work/job.svg
    export PARALLEL_TRACE
    ends_with 0 3 all "$work/plugin.so"
    status=$?
    unset PARALLEL_TRACE
    grep -o '>rank [0-9]*<' "$work/job.svg" | sort | tr '\n' ' '
    [ $status -eq 0 ] && [ "$(tail -n 1 "$work/job.svg")" = '</svg>' ] && grep -q '>rank 1<' "$work/job.svg" &&
        grep -q '>rank 2<' "$work/job.svg"
}

# What libtool's script runs.
real_path() {
    script=$1
    real=$(dirname "$script")/.libs/$(basename "$script")
    [ -x "$real" ] && echo "$real" || echo "$script"
}

# Films: one that is in order, one whose table has no end, one whose box is followed by itself, and none at all. The
# parser reads beyond its memory in the second one, and does not come to an end in the third.
make_films() {
    printf '\000\000\000\024ftypisom\000\000\002\000mp41' >"$work/good" &&
        { cat "$work/good" && printf '\000\000\000\020stts\000\000\000\000\377\377\377\377'; } >"$work/table" &&
        { cat "$work/good" && printf '\000\000\000\000free\000\000\000\000'; } >"$work/endless" &&
        echo "no film at all" >"$work/text"
}
read_films() {
    make_films || return 1
    program=$builddir/examples/mpi_untrusted
    real_program=$(readlink -f "$(real_path "$program")")
    # shellcheck disable=SC2086
    timeout -k 5 70 $mpirun $mpi_flags -n 3 "$program" "$work/good" "$work/table" "$work/endless" "$work/text" \
        >"$work/films"
    status=$?
    cat "$work/films"
    [ $status -eq 1 ] && nothing_is_left && grep -q '/good: isom, 1 boxes' "$work/films" &&
        grep -q '^3 of 4 files' "$work/films" && grep -q '/text: not an MP4 file' "$work/films" &&
        grep -q '/table: .*signal' "$work/films" && grep -q '/endless: .*time' "$work/films"
}

# A picture, which is compared with the serial loop's.
draw() {
    program=$builddir/examples/mpi_mandelbrot
    real_program=$(readlink -f "$(real_path "$program")")
    # shellcheck disable=SC2086
    timeout -k 5 70 $mpirun $mpi_flags -n 3 "$program" --size 300x200 "$work/set.ppm" && nothing_is_left &&
        [ "$(head -c 2 "$work/set.ppm")" = P6 ] && [ "$(wc -c <"$work/set.ppm")" -gt 180000 ]
}

if [ -n "$OPENMPI_RUN" ]; then
    mpirun=$OPENMPI_RUN mpi_flags="--oversubscribe --bind-to none"
    run_cases openmpi
fi
if [ -n "$MPICH_RUN" ]; then
    mpirun=$MPICH_RUN mpi_flags=
    run_cases mpich
fi
# the examples are for the first of them
if [ -n "$OPENMPI_RUN" ]; then
    mpirun=$OPENMPI_RUN mpi_flags="--oversubscribe --bind-to none"
fi
check "an unreliable parser over ranks" read_films
check "a picture over ranks" draw
done_testing
