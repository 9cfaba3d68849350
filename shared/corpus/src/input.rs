//! Where text and published counts are read from: named sources, decompressed by what they are.

mod compression;

pub(crate) use compression::open;
pub(crate) use compression::open_source;

use crate::CorpusError;
use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Something to read text from: a file, or an object of a store.
pub trait Source: Send + Sync {
    /// Its path or address, for messages.
    fn path(&self) -> &Path;

    /// How many bytes it has, as it lies there; only what is reported of progress depends on it.
    fn bytes(&self) -> u64;

    /// Starts to read it. A count of which a rule chooses the words reads each source twice.
    ///
    /// # Errors
    /// What refuses. The line that users see adds what was being done, and the path.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

/// What is counted: sources in the order in which they were given.
#[derive(Default)]
pub struct Inputs {
    pub(crate) given: Vec<String>,
    pub(crate) sources: Vec<Box<dyn Source>>,
}

impl Inputs {
    /// The files at some paths.
    ///
    /// # Errors
    /// As [`Self::add_path`].
    pub fn of_paths(paths: impl IntoIterator<Item = impl AsRef<Path>>) -> Result<Self, CorpusError> {
        let mut inputs = Self::default();
        paths.into_iter().try_for_each(|path| inputs.add_path(path.as_ref()))?;
        Ok(inputs)
    }

    /// Adds a file, or all files under a directory, sorted by path. Names that start with a dot are passed over there,
    /// and links to directories are not followed.
    ///
    /// # Errors
    /// A path that is not there, or cannot be looked at.
    pub fn add_path(&mut self, path: &Path) -> Result<(), CorpusError> {
        let files = files(path)?.into_iter().map(|path| {
            let bytes = std::fs::metadata(&path).map_err(CorpusError::io("look at", &path))?.len();
            Ok(Box::new(TextFile { path, bytes }) as Box<dyn Source>)
        });
        let files = files.collect::<Result<_, CorpusError>>()?;
        self.add(path.display().to_string(), files);
        Ok(())
    }

    /// Adds sources; `given` is what the store's provenance calls them together.
    pub fn add(&mut self, given: String, sources: Vec<Box<dyn Source>>) {
        self.given.push(given);
        self.sources.extend(sources);
    }

    /// All sources, in bytes as they lie there.
    pub(crate) fn bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes()).sum()
    }
}

/// A file on disk.
struct TextFile {
    path: PathBuf,
    bytes: u64,
}

impl Source for TextFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(&self.path)?))
    }
}

/// The regular files under a directory, or the file itself; sorted by path, so that a result never depends on the order
/// of directory entries. Names that start with a dot are passed over, and links to directories are not followed.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    let mut files = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        if !std::fs::metadata(&path).map_err(CorpusError::io("look at", &path))?.is_dir() {
            files.push(path);
            continue;
        }
        for entry in std::fs::read_dir(&path).map_err(CorpusError::io("list", &path))? {
            let entry = entry.map_err(CorpusError::io("list", &path))?;
            let kind = entry.file_type().map_err(CorpusError::io("look at", &entry.path()))?;
            let linked_directory = kind.is_symlink() && entry.path().is_dir();
            if !linked_directory && !entry.file_name().as_encoded_bytes().starts_with(b".") {
                open.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The total length of files on disk, in bytes.
pub(crate) fn total_bytes(files: &[PathBuf]) -> Result<u64, CorpusError> {
    files.iter().map(|path| Ok(std::fs::metadata(path).map_err(CorpusError::io("look at", path))?.len())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_all_directories_and_sorted_without_hidden_ones() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for name in ["b/2", "b/1", "a", ".hidden", "b/.git/x"] {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::fs::write(path, "x").expect("written");
        }
        std::os::unix::fs::symlink(directory.path(), directory.path().join("loop")).expect("linked");
        let found = files(directory.path()).expect("listed");
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(directory.path()).expect("under it")).collect();
        assert_eq!(names, ["a", "b/1", "b/2"].map(Path::new));
        assert_eq!(total_bytes(&found).expect("measured"), 3);
        let inputs = Inputs::of_paths([directory.path()]).expect("listed");
        assert_eq!(inputs.sources.iter().map(|source| source.path()).collect::<Vec<_>>(), found);
        assert_eq!(inputs.bytes(), 3);
    }
}
