//! What a hub calls the content of a file: SHA-256 of large ones, git's name of a blob for small ones.

use sha2::Digest as _;
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The digest of a file; also its name among the blobs of a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digest {
    Sha256([u8; 32]),
    /// SHA-1 of `blob <length>\0` and the content.
    Git([u8; 20]),
}

impl Digest {
    /// From 64 hexadecimal digits.
    pub(super) fn sha256(text: &str) -> Option<Self> {
        bytes(text).map(Self::Sha256)
    }

    /// From 40 hexadecimal digits.
    pub(super) fn git(text: &str) -> Option<Self> {
        bytes(text).map(Self::Git)
    }

    /// From an `ETag`, in which the number of digits says which it is.
    pub(super) fn of_tag(text: &str) -> Option<Self> {
        Self::sha256(text).or_else(|| Self::git(text))
    }

    /// The digest, of this kind, of a file. Reads all of it.
    pub(super) fn of_same_kind(self, path: &Path) -> io::Result<Self> {
        match self {
            Self::Sha256(_) => superposed_model::digest::of_file(path).map(Self::Sha256),
            Self::Git(_) => {
                let mut file = File::open(path)?;
                let mut digest = sha1::Sha1::new();
                digest.update(format!("blob {}\0", file.metadata()?.len()));
                let mut buffer = vec![0; 1 << 20];
                loop {
                    match file.read(&mut buffer)? {
                        0 => return Ok(Self::Git(digest.finalize().into())),
                        length => digest.update(&buffer[..length]),
                    }
                }
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Self::Sha256(bytes) => bytes,
            Self::Git(bytes) => bytes,
        };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes of lower-case hexadecimal digits, as many as there must be.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_a_digest_by_its_length_and_reads_as_it_is_written() {
        let git = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        let sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (text, is_git) in [(git, true), (sha, false)] {
            let digest = Digest::of_tag(text).expect("a digest");
            assert_eq!((digest.to_string().as_str(), matches!(digest, Digest::Git(_))), (text, is_git));
            // Both are the digests of nothing.
            let file = tempfile::NamedTempFile::new().expect("a temporary file");
            assert_eq!(digest.of_same_kind(file.path()).expect("a readable file"), digest);
        }
        for text in ["", "W/x", "E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391", &sha[1..], "../../../../etc/passwd"] {
            assert_eq!(Digest::of_tag(text), None, "{text}");
        }
    }
}
