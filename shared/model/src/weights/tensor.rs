//! Numbers of a file as `f32`, in the order they are wanted.

use half::{bf16, f16, slice::HalfFloatSliceExt};
use safetensors::Dtype;

/// The number formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    F32,
    F16,
    Bf16,
}

impl Format {
    pub(super) fn new(dtype: Dtype) -> Option<Self> {
        match dtype {
            Dtype::F32 => Some(Self::F32),
            Dtype::F16 => Some(Self::F16),
            Dtype::BF16 => Some(Self::Bf16),
            _ => None,
        }
    }

    pub(super) const fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// How the wanted numbers lie in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// In the wanted order.
    AsIs,
    /// With rows for columns.
    Transposed,
    /// As the last third of each row.
    LastThird,
}

/// Reads a tensor whose bytes hold `shape` in `format`.
pub(super) fn read(bytes: &[u8], format: Format, shape: &[usize], reading: Reading) -> Vec<f32> {
    let columns = shape.last().copied().unwrap_or(1);
    let row = columns * format.size();
    match reading {
        Reading::AsIs => {
            let mut numbers = vec![0.0; bytes.len() / format.size()];
            widen(bytes, format, &mut numbers);
            numbers
        }
        Reading::LastThird => {
            let mut numbers = vec![0.0; bytes.len() / format.size() / 3];
            for (row, wanted) in bytes.chunks_exact(row).zip(numbers.chunks_exact_mut(columns / 3)) {
                widen(&row[row.len() / 3 * 2..], format, wanted);
            }
            numbers
        }
        Reading::Transposed => transposed(bytes, format, columns),
    }
}

/// A part of a matrix or vector, row by row.
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) format: Format,
}

/// A vector of which every part is all.
pub(super) fn vector(part: &Part<'_>) -> Vec<f32> {
    let mut numbers = vec![0.0; part.bytes.len() / part.format.size()];
    widen(part.bytes, part.format, &mut numbers);
    numbers
}

/// The matrix `[input, output]` of which the file has the rows, `[output, input]`, in equal parts one below the other.
pub(super) fn join_outputs(parts: &[Part<'_>], [input, output]: [usize; 2]) -> Vec<f32> {
    let mut numbers = vec![0.0; input * output];
    for (number, part) in parts.iter().enumerate() {
        let first = number * (output / parts.len());
        transpose(part.bytes, part.format, input, &mut numbers[first..], output);
    }
    numbers
}

/// The matrix `[input, output]` of which the file has the columns, `[output, input]`, in equal parts side by side.
pub(super) fn join_inputs(parts: &[Part<'_>], [input, output]: [usize; 2]) -> Vec<f32> {
    let mut numbers = vec![0.0; input * output];
    let columns = input / parts.len();
    for (part, wanted) in parts.iter().zip(numbers.chunks_exact_mut(columns * output)) {
        transpose(part.bytes, part.format, columns, wanted, output);
    }
    numbers
}

/// The transposed matrix.
fn transposed(bytes: &[u8], format: Format, columns: usize) -> Vec<f32> {
    let rows = bytes.len() / format.size() / columns;
    let mut numbers = vec![0.0; rows * columns];
    transpose(bytes, format, columns, &mut numbers, rows);
    numbers
}

/// Writes the transposed matrix, its rows `stride` numbers apart. Some rows of the file at a time are widened and then
/// written as short runs, so neither the reads nor the writes stride through memory one number at a time.
fn transpose(bytes: &[u8], format: Format, columns: usize, wanted: &mut [f32], stride: usize) {
    const ROWS: usize = 16;
    let rows = bytes.len() / format.size() / columns;
    let mut band = vec![0.0; ROWS * columns];
    for (number, bytes) in bytes.chunks(ROWS * columns * format.size()).enumerate() {
        let first = number * ROWS;
        let height = ROWS.min(rows - first);
        let band = &mut band[..height * columns];
        widen(bytes, format, band);
        for column in 0..columns {
            let run = &mut wanted[column * stride + first..][..height];
            for (row, wanted) in run.iter_mut().enumerate() {
                *wanted = band[row * columns + column];
            }
        }
    }
}

/// Little-endian numbers of a format, widened exactly. The bytes need not be aligned.
fn widen(bytes: &[u8], format: Format, wanted: &mut [f32]) {
    match format {
        Format::F32 => {
            for (bytes, wanted) in bytes.as_chunks::<4>().0.iter().zip(wanted) {
                *wanted = f32::from_le_bytes(*bytes);
            }
        }
        Format::F16 => widen_halves(bytes, f16::from_le_bytes, wanted),
        Format::Bf16 => widen_halves(bytes, bf16::from_le_bytes, wanted),
    }
}

/// In runs, because the `half` crate converts slices with the CPU's own instructions.
fn widen_halves<H: Copy + Default>(bytes: &[u8], half: fn([u8; 2]) -> H, wanted: &mut [f32])
where
    [H]: HalfFloatSliceExt,
{
    const RUN: usize = 512;
    let mut halves = [H::default(); RUN];
    for (bytes, wanted) in bytes.chunks(2 * RUN).zip(wanted.chunks_mut(RUN)) {
        let halves = &mut halves[..wanted.len()];
        for (bytes, half_) in bytes.as_chunks::<2>().0.iter().zip(&mut *halves) {
            *half_ = half(*bytes);
        }
        halves.convert_to_f32_slice(wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(numbers: impl IntoIterator<Item = f32>) -> Vec<u8> {
        numbers.into_iter().flat_map(f32::to_le_bytes).collect()
    }

    #[test]
    fn a_transposed_matrix_of_any_height_keeps_every_number() {
        for (rows, columns) in [(1, 1), (3, 5), (16, 4), (17, 2), (50, 33)] {
            let numbers = bytes((0..rows * columns).map(|n| n as f32));
            let read = read(&numbers, Format::F32, &[rows, columns], Reading::Transposed);
            for row in 0..rows {
                for column in 0..columns {
                    assert_eq!(read[column * rows + row], (row * columns + column) as f32);
                }
            }
        }
    }

    #[test]
    fn the_last_third_of_each_row_is_v() {
        let numbers = bytes((0..12).map(|n| n as f32));
        assert_eq!(read(&numbers, Format::F32, &[2, 6], Reading::LastThird), [4.0, 5.0, 10.0, 11.0]);
        assert_eq!(read(&numbers, Format::F32, &[12], Reading::LastThird), [8.0, 9.0, 10.0, 11.0]);
    }

    #[test]
    fn halves_are_widened_exactly() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let same =
            |found: &f32, expected: f32| found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
        let numbers = read(&all, Format::F16, &[1 << 16], Reading::AsIs);
        assert!(numbers.iter().zip(0..=u16::MAX).all(|(n, bits)| same(n, f16::from_bits(bits).to_f32())));
        let numbers = read(&all, Format::Bf16, &[1 << 16], Reading::AsIs);
        assert!(numbers.iter().zip(0..=u16::MAX).all(|(n, bits)| same(n, bf16::from_bits(bits).to_f32())));
    }
}
