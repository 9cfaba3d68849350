//! Sources opened, metered and decompressed by what they are, whatever they are called.

use super::Source;
use crate::CorpusError;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// How many bytes are read at once: enough that the system call costs nothing.
const BUFFER: usize = 1 << 17;

/// The most memory an xz stream may ask for, in KiB: twice what `zstd` grants, four times what `xz -9` takes.
const XZ_LIMIT: u32 = 256 << 10;

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

/// Opens a file as [`open_source`] opens any source.
pub(crate) fn open<'p>(path: &Path, passed: &'p AtomicU64) -> Result<Box<dyn BufRead + Send + 'p>, CorpusError> {
    let file = File::open(path).map_err(CorpusError::io("open", path))?;
    decompressed(Metered { inner: file, passed }, path)
}

/// Opens a source and undoes its compression, which its first bytes tell: gzip, bzip2, xz or zstd (each also of several
/// parts), or none. The bytes read are added to `passed`.
pub(crate) fn open_source<'p>(
    source: &dyn Source,
    passed: &'p AtomicU64,
) -> Result<Box<dyn BufRead + Send + 'p>, CorpusError> {
    let inner = source.open().map_err(CorpusError::io("open", source.path()))?;
    decompressed(Metered { inner, passed }, source.path())
}

fn decompressed<'p>(raw: impl Read + Send + 'p, path: &Path) -> Result<Box<dyn BufRead + Send + 'p>, CorpusError> {
    let mut raw = BufReader::with_capacity(BUFFER, raw);
    let start = raw.fill_buf().map_err(CorpusError::io("read", path))?;
    Ok(if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(BUFFER, flate2::bufread::MultiGzDecoder::new(raw)))
    } else if is_bzip2(start) {
        Box::new(BufReader::with_capacity(BUFFER, bzip2::bufread::MultiBzDecoder::new(raw)))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::Decoder::with_buffer(raw).map_err(CorpusError::io("decompress", path))?;
        Box::new(BufReader::with_capacity(BUFFER, decoder))
    } else if start.starts_with(b"\xfd7zXZ\0") {
        Box::new(BufReader::with_capacity(BUFFER, lzma_rust2::XzReader::new_mem_limit(raw, true, XZ_LIMIT)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read_back(name: &str, content: &[u8]) -> io::Result<(String, u64)> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(name);
        std::fs::write(&path, content).expect("written");
        let (passed, mut text) = (AtomicU64::new(0), String::new());
        open(&path, &passed).expect("opened").read_to_string(&mut text)?;
        Ok((text, passed.into_inner()))
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
        let xz = |text: &str| {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("legal options");
            encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).expect("compressed")
        };
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).expect("compressed");
        for compress in [&gzip as &dyn Fn(&str) -> Vec<u8>, &bzip2, &xz, &zstd] {
            let parts = [compress("one "), compress("two")].concat();
            assert_eq!(read_back("text", &parts).expect("read"), ("one two".to_owned(), parts.len() as u64));
            let cut = compress("a text long enough to be cut before its end");
            assert!(read_back("text", &cut[..cut.len() - 3]).is_err());
        }
        assert_eq!(read_back("text.gz", b"BZh is plain").expect("read").0, "BZh is plain");
        assert_eq!(read_back("empty", b"").expect("read").0, "");
    }
}
