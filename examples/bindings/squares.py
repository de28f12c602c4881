# SPDX-License-Identifier: MIT
# Python, by ctypes: python3 squares.py. Calls into Python hold its lock, so they take turns; what pays is work in C.
import ctypes

parallel = ctypes.CDLL("libparallel.so.0")
body_t = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p)
parallel.parallel_for_function.argtypes = [ctypes.c_size_t, body_t, ctypes.c_void_p, ctypes.c_void_p]
parallel.parallel_error.restype = ctypes.c_char_p
squares = (ctypes.c_longlong * 1000)()

@body_t
def body(begin, end, _):
    for i in range(begin, end):
        squares[i] = i * i

if parallel.parallel_for_function(1000, body, None, None) != 0:
    raise SystemExit(parallel.parallel_error().decode())
print(sum(squares))
