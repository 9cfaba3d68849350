//! The files of a store, format 1.
//!
//! A store is a directory. All integers are little-endian; *n* is the number of words.
//!
//! | file | bytes | content |
//! |---|---|---|
//! | `store.json` | | the header: format, sizes, SHA-256 of every other file, content digest, provenance |
//! | `vocabulary.txt` | | the words in code-point order, UTF-8, each followed by a line feed |
//! | `singles.bin` | 8 *n* | per word a u64: the windows that contain it |
//! | `joint.bin` | 2 *n*² | *n* rows of *n* u16: the windows with both words; symmetric; 0xFFFF = see `overflow.bin` |
//! | `overflow.bin` | 16 each | sorted records (u64 row · 2³² + column with row ≤ column, u64 count ≥ 0xFFFF) |
//!
//! Counts are exact. Joint counts lie as full rows, so that the pairs of one word with a pool are gathered from one
//! stretch of memory; pages of zeros are left as holes of the file. The diagonal of `joint.bin` holds what published
//! counts say about a word with itself, or zeros.
//!
//! The *content digest* is the SHA-256 of the text
//!
//! ```text
//! superposed corpus 1
//! words <n>
//! window <w>
//! windows <total>
//! missing <ids, separated by spaces>
//! vocabulary.txt <SHA-256 in hexadecimal>
//! singles.bin <SHA-256 in hexadecimal>
//! joint.bin <SHA-256 in hexadecimal>
//! overflow.bin <SHA-256 in hexadecimal>
//! ```
//!
//! every line ended by a line feed, so it is the same wherever and however the same counts were stored, and one look
//! at the header proves that it belongs to the files' checksums.
//!
//! A store is written into a temporary directory beside its destination, synced, and renamed; its files are never
//! changed afterwards. Nobody else may change them while a process has the store open (they may be deleted).

mod gather;
mod header;
mod read;
mod write;

pub use header::Provenance;
pub use read::Corpus;
pub use write::CorpusSummary;

pub(crate) use write::{Contents, Row, StoreWriter, refuse_existing};

/// The format this program writes and reads.
pub const FORMAT: u64 = 1;

const HEADER: &str = "store.json";
const VOCABULARY: &str = "vocabulary.txt";
const SINGLES: &str = "singles.bin";
const JOINT: &str = "joint.bin";
const OVERFLOW: &str = "overflow.bin";

/// The value of a joint cell whose count stands in the overflow table: this count and all above it.
const ESCAPE: u16 = u16::MAX;

/// A cell of the joint rows: a little-endian u16.
type Cell = [u8; 2];

/// A record of the overflow table: a key and a count, each a little-endian u64.
type Record = [u8; 16];

/// The key of a pair in the overflow table; keys sort by row, then column.
const fn key(row: u32, column: u32) -> u64 {
    (row as u64) << 32 | column as u64
}
