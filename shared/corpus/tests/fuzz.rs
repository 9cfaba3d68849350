//! The fuzz targets over their seeds and thousands of changes of them: no panic, and no allocation by a length that the
//! input merely claims.

#[path = "../../fuzz/exercise.rs"]
mod exercise;

use exercise::{Allowance, exercise};
use std::path::{Path, PathBuf};
use superposed_corpus::fuzz;

fn seeds(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target)
}

#[test]
fn pickles_never_panic_and_take_memory_by_their_length() {
    // A byte that makes an empty list takes a value on the stack and a list, each three times over while its vector
    // grows: 24 bytes of each.
    exercise(&seeds("pickle"), &Allowance { bytes: 4096, per_byte: 160 }, fuzz::pickle);
}

#[test]
fn headers_never_panic_and_take_memory_by_their_length() {
    // A number and a comma take a JSON value of 32 bytes, three times over while its vector grows.
    exercise(&seeds("store_header"), &Allowance { bytes: 16_384, per_byte: 64 }, fuzz::store_header);
}

#[test]
fn rows_never_panic_and_take_no_memory() {
    exercise(&seeds("store_row"), &Allowance { bytes: 0, per_byte: 0 }, fuzz::store_row);
}

#[test]
fn histograms_never_panic_and_take_memory_for_an_error_alone() {
    exercise(&seeds("histogram_csv"), &Allowance { bytes: 4096, per_byte: 0 }, fuzz::histogram_csv);
}
