//! A directory or a tar archive as a sequence of members.

use crate::{CorpusError, input};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// The longest member that is read, in bytes. The longest of Wikipedia-V40K has about a megabyte.
const LONGEST: u64 = 1 << 30;

/// Published counts, found but not read.
pub(super) struct Archive<'a> {
    path: &'a Path,
    /// The files of a directory, sorted; `None` for an archive.
    files: Option<Vec<PathBuf>>,
    /// All that can be read, in bytes on disk.
    total: u64,
}

/// One file of them.
pub(super) struct Member<'m> {
    /// Its path from the top, with `/` between its parts.
    pub(super) name: &'m str,
    /// How many bytes it is said to have.
    pub(super) length: u64,
    content: &'m mut dyn Read,
    path: &'m Path,
}

impl Member<'_> {
    /// Reads its whole content into an empty buffer.
    pub(super) fn read(&mut self, content: &mut Vec<u8>) -> Result<(), CorpusError> {
        // The length that the archive claims is not trusted with an allocation: the buffer grows with what is there.
        let read = self.content.take(LONGEST + 1).read_to_end(content);
        read.map_err(CorpusError::io("read", &self.path.join(self.name)))?;
        if content.len() as u64 > LONGEST {
            return Err(CorpusError::member(
                self.name,
                format!("it has more than {LONGEST} bytes, too many for counts"),
            ));
        }
        Ok(())
    }
}

/// What is done with a member, and whether to go on.
pub(super) type Visit<'v> = dyn FnMut(Member<'_>) -> Result<bool, CorpusError> + 'v;

impl<'a> Archive<'a> {
    /// Looks at the counts without reading them.
    pub(super) fn open(path: &'a Path) -> Result<Self, CorpusError> {
        let metadata = std::fs::metadata(path).map_err(CorpusError::io("look at", path))?;
        if !metadata.is_dir() {
            return Ok(Self { path, files: None, total: metadata.len() });
        }
        let files = input::files(path)?;
        let total = input::total_bytes(&files)?;
        Ok(Self { path, files: Some(files), total })
    }

    /// All that can be read, in bytes on disk.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Calls `visit` with every member until it says no. The bytes read from disk are added to `passed`.
    pub(super) fn visit(&self, passed: &AtomicU64, visit: &mut Visit<'_>) -> Result<(), CorpusError> {
        match &self.files {
            Some(files) => self.visit_files(files, passed, visit),
            None => self.visit_tar(passed, visit),
        }
    }

    fn visit_files(&self, files: &[PathBuf], passed: &AtomicU64, visit: &mut Visit<'_>) -> Result<(), CorpusError> {
        for file in files {
            let Some(name) = file.strip_prefix(self.path).ok().and_then(Path::to_str) else {
                continue;
            };
            let mut content = File::open(file).map_err(CorpusError::io("open", file))?;
            let length = content.metadata().map_err(CorpusError::io("look at", file))?.len();
            if !visit(Member { name, length, content: &mut content, path: self.path })? {
                break;
            }
            passed.fetch_add(length, Ordering::Relaxed);
        }
        Ok(())
    }

    fn visit_tar(&self, passed: &AtomicU64, visit: &mut Visit<'_>) -> Result<(), CorpusError> {
        let failed = |source| CorpusError::Archive { path: self.path.to_owned(), source };
        let mut tar = tar::Archive::new(input::open(self.path, passed)?);
        for entry in tar.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            // Directories and links hold no counts; a name that is no UTF-8 is none of ours.
            let path = entry.path().map_err(failed)?.into_owned();
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let Some(name) = path.to_str() else { continue };
            let name = name.strip_prefix("./").unwrap_or(name);
            let length = entry.size();
            if !visit(Member { name, length, content: &mut entry, path: self.path })? {
                return Ok(());
            }
        }
        // The compression's checksum stands behind the archive's end: read on, so that damage shows.
        std::io::copy(&mut tar.into_inner(), &mut std::io::sink()).map_err(failed)?;
        Ok(())
    }
}
