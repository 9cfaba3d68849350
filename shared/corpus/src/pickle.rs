//! The part of Python's pickle format that counts are written in, read without executing anything.
//!
//! Understood are protocols 2 to 5 with `None`, booleans, integers of 64 bits, floats, texts, bytes, tuples, lists,
//! dicts and sets, and numpy's integer and float64 scalars. A pickle that names any other global, or uses any other
//! opcode, is refused with the byte where it does. Nothing is allocated by a length that the file merely claims: all
//! memory is in proportion to the bytes that are there, and nothing recurses.

mod numpy;
mod reader;
mod value;
mod write;

pub use reader::{PickleError, entries, read};
pub(crate) use write::DictWriter;

pub use value::{DictId, Item, ListId, Pickle, SetId, TupleId};
