#!/bin/sh
# SPDX-License-Identifier: MIT
# A job on two hosts, by each MPI that there is: two network namespaces, with names of their own, and a cable between
# them. A stand-in for ssh runs commands there. Only root can make these; elsewhere there is nothing to be tested.
. "$srcdir/tests/support/tap.sh"

[ "$(id -u)" -eq 0 ] || skip_all "only root has network namespaces"
command -v ip >/dev/null && command -v unshare >/dev/null || skip_all "there is no ip(8), or no unshare(1)"

# The last numbers of addresses are those of hosts. Names are this process's own.
here=plh$$a there=plh$$b
network=10.$(($$ % 200 + 20)).$(($$ / 200 % 250))
at_exit() {
    ip netns del $here 2>/dev/null
    ip netns del $there 2>/dev/null
}
make_hosts() {
    ip netns add $here && ip netns add $there &&
        ip link add ${here}0 netns $here type veth peer name ${there}0 netns $there &&
        ip -n $here addr add "$network.1/24" dev ${here}0 && ip -n $there addr add "$network.2/24" dev ${there}0 &&
        ip -n $here link set ${here}0 up && ip -n $there link set ${there}0 up &&
        ip -n $here link set lo up && ip -n $there link set lo up
}
make_hosts 2>"$work/why" || skip_all "network namespaces cannot be made: $(head -n 1 "$work/why")"

# What launchers call in place of ssh: [options] HOST COMMAND...
cat >"$work/ssh" <<END
#!/bin/sh
while :; do
    case \$1 in
    -*) shift ;;
    *) break ;;
    esac
done
case \$1 in
$network.1) host=$here ;;
$network.2) host=$there ;;
*) exit 255 ;;
esac
shift
exec ip netns exec \$host unshare -u sh -c "hostname \$host; \$*"
END
chmod +x "$work/ssh"

# The job, from the first host.
on_hosts() { # NAME ARGUMENTS...: of the job
    name=$1
    shift
    # shellcheck disable=SC2086
    timeout -k 5 70 ip netns exec $here unshare -u sh -c "hostname $here; exec \"\$@\"" sh \
        $mpirun $flags "$builddir/tests/mpi/job_$name" "$@"
}

OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
PARALLEL_NUM_THREADS=2
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM PARALLEL_NUM_THREADS

# It ends by itself, badly, within seconds.
fails() {
    began=$(date +%s)
    on_hosts "$@" && return 1
    [ $(($(date +%s) - began)) -lt 20 ] || { echo "it took too long"; return 1; }
}

# Processes that are still there, once the launcher has had time.
nothing_is_left() {
    for host in $here $there; do
        tries=0
        while [ -n "$(ip netns pids $host)" ]; do
            tries=$((tries + 1))
            [ $tries -lt 50 ] || { ip netns pids $host; return 1; }
            sleep 0.1
        done
    done
}

run_cases() { # NAME
    check "$1: tasks run on both hosts" on_hosts "$1" 2 hosts
    check "$1: nothing is left" nothing_is_left
    check "$1: the other host's rank is killed" fails "$1" 2 lose kill
    check "$1: nothing is left of that" nothing_is_left
}

if [ -n "$OPENMPI_RUN" ]; then
    mpirun=$OPENMPI_RUN
    flags="--host $network.1,$network.2 -n 2 --bind-to none --mca plm_rsh_agent $work/ssh --mca btl self,vader,tcp
        --mca orte_tmpdir_base $work --mca oob_tcp_if_include $network.0/24 --mca btl_tcp_if_include $network.0/24"
    run_cases openmpi
fi
if [ -n "$MPICH_RUN" ]; then
    mpirun=$MPICH_RUN
    flags="-launcher ssh -launcher-exec $work/ssh -hosts $network.1,$network.2 -n 2 -ppn 1"
    run_cases mpich
fi
done_testing
