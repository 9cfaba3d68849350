//! Input files: found in directories, opened, decompressed by what they are.

use crate::CorpusError;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// How many bytes are read at once: enough that the system call costs nothing.
const BUFFER: usize = 1 << 17;

/// Counts the bytes that pass, as they lie on disk.
struct Metered<'p, R> {
    inner: R,
    passed: &'p AtomicU64,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Opens a file and undoes its compression, which its first bytes tell: gzip, bzip2 or zstd (each also of several
/// parts), or none. The bytes read from disk are added to `passed`.
pub(crate) fn open<'p>(path: &Path, passed: &'p AtomicU64) -> Result<Box<dyn BufRead + 'p>, CorpusError> {
    let file = File::open(path).map_err(CorpusError::io("open", path))?;
    let mut raw = BufReader::with_capacity(BUFFER, Metered { inner: file, passed });
    let start = raw.fill_buf().map_err(CorpusError::io("read", path))?;
    Ok(if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(raw)))
    } else if is_bzip2(start) {
        Box::new(BufReader::with_capacity(BUFFER, bzip2::bufread::MultiBzDecoder::new(raw)))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::Decoder::with_buffer(raw).map_err(CorpusError::io("decompress", path))?;
        Box::new(BufReader::with_capacity(BUFFER, decoder))
    } else {
        Box::new(raw)
    })
}

/// A text may well start with `BZh`, so the block (or, in an empty file, the end) that must follow is looked at too.
fn is_bzip2(start: &[u8]) -> bool {
    const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    start.starts_with(b"BZh") && start.get(4..10).is_some_and(|magic| magic == BLOCK || magic == END)
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
    use std::io::Write;

    fn read_back(name: &str, content: &[u8]) -> (String, u64) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(name);
        std::fs::write(&path, content).expect("written");
        let (passed, mut text) = (AtomicU64::new(0), String::new());
        open(&path, &passed).expect("opened").read_to_string(&mut text).expect("read");
        (text, passed.into_inner())
    }

    #[test]
    fn compression_is_told_by_the_content_and_all_parts_are_read() {
        let gzip = |text: &str| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).expect("compressed")
        };
        let bzip2 = |text: &str| {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).expect("compressed")
        };
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).expect("compressed");
        for compress in [&gzip as &dyn Fn(&str) -> Vec<u8>, &bzip2, &zstd] {
            let parts = [compress("one "), compress("two")].concat();
            assert_eq!(read_back("text", &parts), ("one two".to_owned(), parts.len() as u64));
        }
        assert_eq!(read_back("text.gz", b"BZh is plain").0, "BZh is plain");
        assert_eq!(read_back("empty", b"").0, "");
    }

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
    }
}
