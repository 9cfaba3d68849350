//! A file mapped into memory: the one `unsafe` line of the crate.
#![allow(unsafe_code)]

use memmap2::Mmap;
use std::{fs::File, io, path::Path};

/// Maps a file for reading.
pub(super) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the map is private to this process and only read. What remains is that somebody changes the file while
    // it is mapped; model files are written once and then renamed into place, and numbers that change under a reader
    // are still numbers (shortening the file would end the process with SIGBUS, not read foreign memory).
    unsafe { Mmap::map(&file) }
}
