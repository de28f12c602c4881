// SPDX-License-Identifier: MIT
// Rust: rustc squares.rs && ./squares. Each range of the loop has a part of the array to itself.
use std::{ffi::c_void, ptr};

#[link(name = "parallel")]
extern "C" {
    fn parallel_for_function(n: usize, body: extern "C" fn(usize, usize, *mut c_void), ctx: *mut c_void, options: *const c_void) -> i32;
}

extern "C" fn body(begin: usize, end: usize, ctx: *mut c_void) {
    let part = unsafe { std::slice::from_raw_parts_mut((ctx as *mut i64).add(begin), end - begin) };
    for (i, square) in part.iter_mut().enumerate() {
        *square = ((begin + i) * (begin + i)) as i64;
    }
}

fn main() {
    let mut squares = vec![0i64; 1000];
    let failed = unsafe { parallel_for_function(1000, body, squares.as_mut_ptr() as *mut c_void, ptr::null()) };
    assert_eq!(failed, 0);
    println!("{}", squares.iter().sum::<i64>());
}
