//! The files of a store, format 2.
//!
//! A store is a directory. All integers are little-endian; *n* is the number of words.
//!
//! | file | bytes | content |
//! |---|---|---|
//! | `store.json` | | the header: format, sizes, SHA-256 of the other files, content digest, provenance |
//! | `vocabulary.txt` | | the words in code-point order, UTF-8, each followed by a line feed |
//! | `singles.bin` | 8 *n* | per word a u64: the windows that contain it |
//! | `rows.bin` | 56 *n* | per word, in the order of ids, a record: where its row is in `joint.bin`, how it is encoded, its SHA-256 |
//! | `joint.bin` | | the encoded rows, one after the other in any order, each padded with zeros to a multiple of 64 bytes |
//! | `overflow.bin` | 16 each | sorted records (u64 row · 2³² + column with row ≤ column, u64 count ≥ 0xFFFF) |
//!
//! # Rows
//!
//! The row of a word says for each word (its *columns*) how many windows contain both. Counts are exact. Rows are
//! symmetric: each count stands in the rows of both words, so that the pairs of one word with a pool are gathered from
//! one stretch of memory. The diagonal holds what published counts say about a word with itself, or zeros. A count is
//! a *cell* of u16; 0xFFFF says that it is this or more and stands in `overflow.bin`.
//!
//! A row ends with its last cell that is not 0: it has *c* columns, and all after them are 0. So its bytes do not
//! depend on how many words there are, and can be written before that is known. Let *z* be the number of its cells that
//! are not 0 and *b* = ⌈*c* / 64⌉ the number of its blocks of 64 columns. It is encoded as
//!
//! - *sparse* (kind 1), in 12 *b* + 2 *z* bytes, where these are less than three quarters of 2 *c*:
//!   *b* bitmaps of u64, bit *i* (from the lowest) of bitmap *j* set when the cell of column 64 *j* + *i* is not 0;
//!   then *b* ranks of u32, how many bits are set in all bitmaps before this one; then the *z* cells that are not 0
//! - else *dense* (kind 0), in 2 *c* bytes: *c* cells
//!
//! A record of `rows.bin` is a u64, where the row starts in `joint.bin` (a multiple of 64); a u32, its bytes without the padding;
//! a u32, *c*; a u32, *z*; a u32, its kind; and the 32 bytes of the SHA-256 of its bytes without the padding. A row of
//! zeros has no bytes and starts at 0. The other rows fill `joint.bin` without gaps or overlaps.
//!
//! # Digests
//!
//! The *digest of the rows* is the SHA-256 of all records of `rows.bin` in order, each without its first 8 bytes, so it
//! does not depend on the order in which rows were written. The *content digest* is the SHA-256 of the text
//!
//! ```text
//! superposed corpus 2
//! words <n>
//! window <w>
//! windows <total>
//! missing <ids, separated by spaces>
//! vocabulary.txt <SHA-256 in hexadecimal>
//! singles.bin <SHA-256 in hexadecimal>
//! overflow.bin <SHA-256 in hexadecimal>
//! rows <digest of the rows in hexadecimal>
//! ```
//!
//! every line ended by a line feed. It is the same wherever and however the same counts were stored, and one look
//! at the header proves that it belongs to the files' checksums.
//!
//! # Writing
//!
//! A store is written into a temporary directory beside its destination (`.superposed-corpus-*`, which holds a file
//! `lock` that is locked as long as its writer lives, and the store), synced, and renamed; its files are never changed
//! afterwards. Directories of writers that were killed are removed by the next one that writes beside them. Nobody else
//! may change the files while a process has the store open (they may be deleted).

mod balance;
#[cfg(feature = "fuzz")]
mod fuzz;
mod gather;
mod header;
mod place;
mod read;
mod record;
mod row;
mod write;

pub use header::Provenance;
pub use read::Corpus;
pub use write::CorpusSummary;

#[cfg(feature = "fuzz")]
pub(crate) use fuzz::{header as fuzz_header, row as fuzz_row};
pub(crate) use gather::Gathered;
pub(crate) use place::{Place, refuse_existing, sync};
pub(crate) use row::{EncodedRow, Row};
pub(crate) use write::{Contents, StoreWriter};

/// The format this program writes and reads.
pub const FORMAT: u64 = 2;

const HEADER: &str = "store.json";
const VOCABULARY: &str = "vocabulary.txt";
const SINGLES: &str = "singles.bin";
const ROWS: &str = "rows.bin";
const JOINT: &str = "joint.bin";
const OVERFLOW: &str = "overflow.bin";

/// The value of a joint cell whose count stands in the overflow table: this count and all above it.
const ESCAPE: u16 = u16::MAX;

/// What the starts of rows are multiples of, in bytes: a cache line.
const ALIGNMENT: usize = 64;

/// A cell of the joint rows: a little-endian u16.
type Cell = [u8; 2];

/// A record of the overflow table: a key and a count, each a little-endian u64.
type Large = [u8; 16];

/// The key of a pair in the overflow table; keys sort by row, then column.
const fn key(row: u32, column: u32) -> u64 {
    (row as u64) << 32 | column as u64
}
