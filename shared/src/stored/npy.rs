//! Logits in NumPy's file format: one array of one dimension, versions 1 to 3, little-endian f16, f32 or f64.
//!
//! The format is a magic number, a version, the header's length and the header, which is the text of a Python dict with
//! the keys `descr`, `fortran_order` and `shape`; then the numbers. The order does not matter in one dimension.

use half::f16;

/// A file that is no such array.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// Not NumPy's format, or damaged.
    #[error("not an npy file, or damaged: {0}; write it again with numpy.save")]
    Format(&'static str),
    /// Numbers of another type.
    #[error("its numbers are of type {0}, but little-endian floats are read: save it as float32")]
    Type(String),
    /// Not one dimension.
    #[error("its shape is {0}, but logits are one row: save them with one dimension")]
    Shape(String),
    /// Fewer or more bytes than the shape says.
    #[error("it has {found} bytes of numbers, but its shape says {expected}: it was cut short, or something follows")]
    Length {
        /// What is there.
        found: usize,
        /// What the header promises.
        expected: u64,
    },
}

/// Reads an array. f16 is widened exactly; f64 is rounded to f32, as logits are ranked in f32.
///
/// # Errors
/// When it is no such array, with what is wrong.
pub fn read(bytes: &[u8]) -> Result<Vec<f32>, NpyError> {
    let (header, numbers) = split(bytes)?;
    let descr = value(header, "descr")?;
    let descr = descr.strip_prefix(['\'', '"']).and_then(|rest| rest.split(['\'', '"']).next());
    let descr = descr.ok_or(NpyError::Format("the type of its numbers is missing"))?;
    let shape = value(header, "shape")?;
    let shape = shape.split_inclusive(')').next().unwrap_or_default();
    let one = shape.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).and_then(|inner| {
        let (length, rest) = inner.split_once(',')?;
        rest.trim().is_empty().then_some(length.trim())?.parse::<u64>().ok()
    });
    let length = one.ok_or_else(|| NpyError::Shape(shape.to_owned()))?;
    match descr {
        "<f2" => floats(numbers, length, |bytes| f16::from_le_bytes(bytes).to_f32()),
        "<f4" => floats(numbers, length, f32::from_le_bytes),
        "<f8" => floats(numbers, length, |bytes| f64::from_le_bytes(bytes) as f32),
        other => Err(NpyError::Type(other.to_owned())),
    }
}

/// What is wrong with a row that has fewer logits than there are tokens.
#[must_use]
pub fn too_few(logits: usize, tokens: usize) -> String {
    format!("it has {logits} logits, but the tokenizer has {tokens} tokens; name the tokenizer that they are of")
}

/// The header's text and what follows it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), NpyError> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(NpyError::Format("it does not begin like one"))?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(NpyError::Format("its version is not 1, 2 or 3")),
    };
    let (header, numbers) = rest.split_at_checked(length).ok_or(NpyError::Format("its header is cut short"))?;
    let header = std::str::from_utf8(header).map_err(|_| NpyError::Format("its header is no text"))?;
    Ok((header, numbers))
}

/// What follows a key of the header.
fn value<'h>(header: &'h str, key: &str) -> Result<&'h str, NpyError> {
    let after = ['\'', '"'].into_iter().find_map(|quote| header.split_once(&format!("{quote}{key}{quote}")));
    let after = after.and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    Ok(after.ok_or(NpyError::Format("its header lacks a key"))?.trim_start())
}

fn floats<const N: usize>(bytes: &[u8], length: u64, float: fn([u8; N]) -> f32) -> Result<Vec<f32>, NpyError> {
    let expected = length.saturating_mul(N as u64);
    if expected != bytes.len() as u64 {
        return Err(NpyError::Length { found: bytes.len(), expected });
    }
    Ok(bytes.as_chunks().0.iter().map(|chunk| float(*chunk)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as `numpy.save` writes it.
    fn npy(version: u8, descr: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY".to_vec();
        file.extend([version, 0]);
        let length = header.len() as u32;
        file.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
        file.extend(header.bytes());
        file.extend(numbers);
        file
    }

    #[test]
    fn floats_of_all_widths_and_versions_are_read() {
        let halves = [f16::from_f32(0.5), f16::from_f32(-2.0)].map(f16::to_le_bytes).concat();
        assert_eq!(read(&npy(1, "<f2", "(2,)", &halves)), Ok(vec![0.5, -2.0]));
        let singles = [0.5_f32, f32::NEG_INFINITY].map(f32::to_le_bytes).concat();
        for version in 1..=3 {
            assert_eq!(read(&npy(version, "<f4", "(2,)", &singles)), Ok(vec![0.5, f32::NEG_INFINITY]));
        }
        assert_eq!(read(&npy(1, "<f8", "(1,)", &0.1_f64.to_le_bytes())), Ok(vec![0.1]));
        assert_eq!(read(&npy(1, "<f4", "(0,)", &[])), Ok(vec![]));
    }

    #[test]
    fn what_is_no_row_of_floats_is_told_from_what_is_damaged() {
        let one = 1_f32.to_le_bytes();
        let refused = |bytes: &[u8]| read(bytes).expect_err("it was read").to_string();
        assert!(refused(b"PK\x03\x04").starts_with("not an npy file, or damaged: it does not begin like one"));
        assert!(refused(&npy(4, "<f4", "(1,)", &one)).contains("version"));
        assert!(refused(&npy(1, "<f4", "(1,)", &one)[..40]).contains("its header is cut short"));
        assert!(refused(&npy(1, ">f4", "(1,)", &one)).starts_with("its numbers are of type >f4"));
        assert!(refused(&npy(1, "<i8", "(1,)", &one)).starts_with("its numbers are of type <i8"));
        for shape in ["(1, 1)", "()", "(1,", "(-1,)"] {
            assert!(refused(&npy(1, "<f4", shape, &one)).starts_with("its shape is "), "{shape}");
        }
        assert!(refused(&npy(1, "<f4", "(2,)", &one)).starts_with("it has 4 bytes of numbers, but its shape says 8"));
        let absurd = npy(2, "<f8", "(18446744073709551615,)", &one);
        assert!(refused(&absurd).starts_with("it has 4 bytes of numbers"));
        for cut in 0..80 {
            let whole = npy(1, "<f4", "(1,)", &one);
            assert!(cut >= whole.len() || read(&whole[..cut]).is_err(), "{cut} bytes were read");
        }
    }
}
