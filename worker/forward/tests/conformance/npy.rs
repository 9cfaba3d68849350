//! NumPy's file format, as far as the golden logits need it: one array of `f32`, version 1.

use std::{fs, path::Path};

/// Reads an array of one dimension.
pub(crate) fn read(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00", "{} is not an npy file of version 1", path.display());
    let end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..end]).expect("the header is a Python literal");
    assert!(header.contains("'descr': '<f4'"), "{header}");
    bytes[end..].as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}
