// SPDX-License-Identifier: MIT
// Go, by cgo: go run squares.go. The function is in C, so that no task has to enter Go.
package main

// #cgo pkg-config: parallel
// #include <parallel.h>
// static long long square(long long i) { return i * i; }
// PARALLEL_DECORATE(square, long long, long long);
// static int squares(const long long *in, size_t n, long long *out) { return parallel_map_into(square, in, n, out); }
import "C"
import "fmt"

func main() {
	in, out, sum := make([]C.longlong, 1000), make([]C.longlong, 1000), C.longlong(0)
	for i := range in {
		in[i] = C.longlong(i)
	}
	if C.squares(&in[0], 1000, &out[0]) != 0 {
		panic(C.GoString(C.parallel_error()))
	}
	for _, square := range out {
		sum += square
	}
	fmt.Println(sum)
}
