//! The only unsafe code of the crate: files as memory.
#![allow(unsafe_code)]

use crate::CorpusError;
use std::{fs::File, io::ErrorKind, path::Path};

/// A file mapped into memory for reading, its pages shared with every process that maps it.
pub(crate) struct FileMap(memmap2::Mmap);

impl FileMap {
    /// Maps a file that has exactly `bytes` bytes.
    ///
    /// The file must never be changed while it is mapped. A store's files meet this: they are written in a directory of
    /// another name, their writer maps one only after its last write to it, they are complete before they are renamed
    /// to their place, and nothing of this crate opens them for writing again.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Self, CorpusError> {
        let file = File::open(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => CorpusError::Damaged { path: path.to_owned(), detail: "it is missing".to_owned() },
            _ => CorpusError::io("open", path)(source),
        })?;
        let found = file.metadata().map_err(CorpusError::io("look at", path))?.len();
        if found != bytes {
            return Err(CorpusError::Length { path: path.to_owned(), expected: bytes, found });
        }
        // SAFETY: a mapping is unsound when its bytes change, or its file shrinks, while a `&[u8]` to them lives. The
        // mapping is read-only, so this process cannot change them through it; the files of a store are written once,
        // under another name, before anyone maps them, and this crate never writes to one after that (the contract
        // above and in `store`). What is left is another program damaging a store in use, which no
        // reader of mapped files can exclude: deleting or replacing a store (by rename) is harmless, as the mapping
        // keeps the old file alive.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(CorpusError::io("map", path))?;
        Ok(Self(map))
    }

    /// The content of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
