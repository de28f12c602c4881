# ./dev bench compiles these, each by itself
EXTRA_DIST += bench/collections bench/frames bench/harness bench/maps bench/mpi bench/processes bench/streams bench/suite bench/traces
