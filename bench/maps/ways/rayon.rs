// SPDX-License-Identifier: MIT
// The items are those of items.h, of which the opaque ones are the same code; RAYON_NUM_THREADS says how many threads.
use rayon::prelude::*;
use std::slice::{from_raw_parts, from_raw_parts_mut};

const INNER_ITEMS: usize = 1000;

extern "C" {
    fn item_turn(turns: u32) -> u32;
    fn item_row(row: u32) -> u32;
}

#[inline(always)]
fn item_mix(x: u32) -> u32 {
    (x ^ x >> 7).wrapping_mul(2654435761).wrapping_add(17)
}

#[inline(always)]
fn item_poly_part(p: u32, x: u32, c: u32) -> u32 {
    let p = p.wrapping_mul(x).wrapping_add(c);
    let p = p.wrapping_mul(x).wrapping_add(c + 2);
    let p = p.wrapping_mul(x).wrapping_add(c + 4);
    let p = p.wrapping_mul(x).wrapping_add(c + 6);
    p.wrapping_mul(x).wrapping_add(c + 8)
}

#[inline(always)]
fn item_poly(x: u32) -> u32 {
    let p = item_poly_part(1, x, 3);
    let p = item_poly_part(p, x, 13);
    let p = item_poly_part(p, x, 23);
    let p = item_poly_part(p, x, 33);
    let p = item_poly_part(p, x, 43);
    item_poly_part(p, x, 53)
}

fn map(input: &[u32], out: &mut [u32], item: impl Fn(u32) -> u32 + Sync) {
    out.par_iter_mut().zip(input.par_iter()).for_each(|(o, i)| *o = item(*i));
}

unsafe fn vectors<'a>(input: *const u32, out: *mut u32, n: usize) -> (&'a [u32], &'a mut [u32]) {
    (from_raw_parts(input, n), from_raw_parts_mut(out, n))
}

#[no_mangle]
pub unsafe extern "C" fn rayon_turn(input: *const u32, out: *mut u32, n: usize) {
    let (input, out) = vectors(input, out, n);
    map(input, out, |x| item_turn(x));
}

#[no_mangle]
pub unsafe extern "C" fn rayon_row(input: *const u32, out: *mut u32, n: usize) {
    let (input, out) = vectors(input, out, n);
    map(input, out, |x| item_row(x));
}

#[no_mangle]
pub unsafe extern "C" fn rayon_mix(input: *const u32, out: *mut u32, n: usize) {
    let (input, out) = vectors(input, out, n);
    map(input, out, item_mix);
}

#[no_mangle]
pub unsafe extern "C" fn rayon_poly(input: *const u32, out: *mut u32, n: usize) {
    let (input, out) = vectors(input, out, n);
    map(input, out, item_poly);
}

#[no_mangle]
pub unsafe extern "C" fn rayon_nested(input: *const u32, out: *mut u32, n: usize) {
    let (input, out) = vectors(input, out, n);
    out.par_chunks_mut(INNER_ITEMS)
        .zip(input.par_chunks(INNER_ITEMS))
        .for_each(|(o, i)| map(i, o, |x| item_turn(x)));
}
