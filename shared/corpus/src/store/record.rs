//! The records of `rows.bin`: where rows are and what they must be.

use super::ALIGNMENT;
use sha2::{Digest, Sha256};

/// How a row is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All cells.
    Dense,
    /// Bitmaps, ranks, and the cells that are not 0.
    Sparse,
}

/// A record as it lies in `rows.bin`.
pub(super) type RecordBytes = [u8; 56];

/// What `rows.bin` says about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Where it starts in `joint.bin`, in bytes.
    pub(super) offset: u64,
    /// How many columns it has.
    pub(super) columns: u32,
    /// How many of its cells are not 0.
    pub(super) nonzero: u32,
    pub(super) kind: Kind,
    pub(super) sha256: [u8; 32],
}

impl Record {
    /// The record of a row of zeros, which has no bytes.
    pub(super) fn empty() -> Self {
        Self { offset: 0, columns: 0, nonzero: 0, kind: Kind::Dense, sha256: Sha256::digest([]).into() }
    }

    /// The length of the row in bytes, without padding.
    pub(super) const fn length(&self) -> usize {
        length(self.kind, self.columns, self.nonzero)
    }

    pub(super) fn to_bytes(self) -> RecordBytes {
        let mut bytes = [0; 56];
        let length = self.length() as u32;
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        for (place, number) in bytes[8..24].as_chunks_mut().0.iter_mut().zip([
            length,
            self.columns,
            self.nonzero,
            u32::from(self.kind == Kind::Sparse),
        ]) {
            *place = number.to_le_bytes();
        }
        bytes[24..].copy_from_slice(&self.sha256);
        bytes
    }

    /// What a record says; `None` when it contradicts itself.
    pub(super) fn from_bytes(bytes: &RecordBytes) -> Option<Self> {
        let (offset, rest) = bytes.split_first_chunk()?;
        let (numbers, sha256) = rest.split_first_chunk::<16>()?;
        let [length, columns, nonzero, kind] = *numbers.as_chunks().0 else { return None };
        let record = Self {
            offset: u64::from_le_bytes(*offset),
            columns: u32::from_le_bytes(columns),
            nonzero: u32::from_le_bytes(nonzero),
            kind: match u32::from_le_bytes(kind) {
                0 => Kind::Dense,
                1 => Kind::Sparse,
                _ => return None,
            },
            sha256: sha256.try_into().ok()?,
        };
        let possible = record.nonzero <= record.columns && record.length() == u32::from_le_bytes(length) as usize;
        possible.then_some(record)
    }
}

/// The bytes that such a row takes, without padding.
pub(super) const fn length(kind: Kind, columns: u32, nonzero: u32) -> usize {
    match kind {
        Kind::Dense => 2 * columns as usize,
        Kind::Sparse => 12 * (columns as usize).div_ceil(64) + 2 * nonzero as usize,
    }
}

/// How a row with so many columns is encoded: as sparse where that saves a quarter, since looking up a cell costs more
/// there.
pub(super) const fn kind(columns: u32, nonzero: u32) -> Kind {
    let (dense, sparse) = (length(Kind::Dense, columns, nonzero), length(Kind::Sparse, columns, nonzero));
    if 4 * sparse < 3 * dense { Kind::Sparse } else { Kind::Dense }
}

/// A length with its padding.
pub(super) const fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

/// The digest of the rows: of all records without their offsets.
pub(super) fn digest_of(records: &[RecordBytes]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for record in records {
        hasher.update(&record[8..]);
    }
    hasher.finalize().into()
}
