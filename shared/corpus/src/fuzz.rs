//! The bodies of the fuzz targets: each may be given any bytes, and must neither panic nor allocate without measure.

use crate::{
    import::histogram_windows,
    pickle::{self, Item, PickleError},
    store::{fuzz_header, fuzz_row},
};

/// A pickle, read whole and entry by entry. What the second reader accepts, the first one must accept too, and give the
/// same entries of integers.
///
/// # Panics
/// When the readers contradict each other.
pub fn pickle(data: &[u8]) {
    // Numbers that do not depend on the order of entries.
    let mut streamed = (0_usize, 0_i64);
    let outcome = pickle::entries(data, |key, value| {
        streamed = (streamed.0 + 1, streamed.1.wrapping_add(trace(key, value)));
        Ok::<_, PickleError>(())
    });
    let whole = pickle::read(data);
    if let Ok(root) = outcome {
        let whole = whole.expect("the other reader accepts it");
        assert_eq!(whole.root().kind(), root.kind());
        if let Item::Dict(dict) = whole.root() {
            let entries = whole.dict(dict);
            let sum = entries.iter().fold(0, |sum: i64, (key, value)| sum.wrapping_add(trace(*key, *value)));
            assert_eq!(streamed, (entries.len(), sum));
        }
    }
}

/// A number for an entry of integers, another one for most other such entries; 0 for the rest.
fn trace(key: Item<'_>, value: Item<'_>) -> i64 {
    match (key, value) {
        (Item::Integer(key), Item::Integer(value)) => (key ^ 0x5bd1_e995).wrapping_mul(value.wrapping_mul(2) | 1),
        _ => 0,
    }
}

/// `store.json`; and the same bytes as the records of `rows.bin`.
pub fn store_header(data: &[u8]) {
    fuzz_header(data);
}

/// A row of `joint.bin` after three u32: its columns, how many of its cells are not 0, and its kind.
///
/// # Panics
/// When a row that is sound has a cell that cannot be read, or that is not 0 beyond its end.
pub fn store_row(data: &[u8]) {
    fuzz_row(data);
}

/// `histogram.csv`, for three window sizes.
pub fn histogram_csv(data: &[u8]) {
    for window in [0, 10, u32::MAX] {
        let _ = histogram_windows("histogram.csv", data, window);
    }
}
