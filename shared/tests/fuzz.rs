//! The fuzz targets over their seeds and thousands of changes of them: no panic, and no allocation by a length that the
//! input merely claims.

#[path = "../fuzz/exercise.rs"]
mod exercise;

use exercise::{Allowance, exercise};
use std::path::Path;

#[test]
fn rows_of_results_never_panic_and_take_memory_by_their_length() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/result_csv");
    // A digit and a space take an id of 4 bytes, three times over while its vector grows.
    exercise(&seeds, &Allowance { bytes: 1024, per_byte: 6 }, superposed_shared::rows::fuzz);
}
