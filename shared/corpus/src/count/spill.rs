//! A file for what does not fit the memory. It has no name, so that it is gone with the process, however that ends.

use crate::CorpusError;
use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The file, which any thread may append to and read.
pub(super) struct Spill {
    file: File,
    /// The directory that it has a place in, for messages.
    directory: PathBuf,
    end: AtomicU64,
}

impl Spill {
    /// Makes the file in the file system of a directory.
    pub(super) fn within(directory: &Path) -> Result<Self, CorpusError> {
        let file = tempfile::tempfile_in(directory).map_err(CorpusError::io("create a file in", directory))?;
        Ok(Self { file, directory: directory.to_owned(), end: AtomicU64::new(0) })
    }

    /// Appends bytes; returns where they are.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<u64, CorpusError> {
        let start = self.reserve(bytes.len() as u64);
        self.write(bytes, start)?;
        Ok(start)
    }

    /// Makes room for so many bytes; returns where.
    pub(super) fn reserve(&self, bytes: u64) -> u64 {
        self.end.fetch_add(bytes, Ordering::Relaxed)
    }

    /// Writes bytes where there is room for them.
    pub(super) fn write(&self, bytes: &[u8], at: u64) -> Result<(), CorpusError> {
        self.file.write_all_at(bytes, at).map_err(CorpusError::io("write a temporary file in", &self.directory))
    }

    /// Reads bytes that were written.
    pub(super) fn read(&self, bytes: &mut [u8], at: u64) -> Result<(), CorpusError> {
        self.file.read_exact_at(bytes, at).map_err(CorpusError::io("read a temporary file in", &self.directory))
    }

    /// Reads bytes that were written, one after the other.
    pub(super) fn reader(&self, at: u64, bytes: u64) -> impl Read + '_ {
        SpillReader { spill: self, at }.take(bytes)
    }

    /// What makes an error of one that a reader had.
    pub(super) fn failed(&self) -> impl FnOnce(io::Error) -> CorpusError {
        CorpusError::io("read a temporary file in", &self.directory)
    }
}

struct SpillReader<'s> {
    spill: &'s Spill,
    at: u64,
}

impl Read for SpillReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.spill.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
