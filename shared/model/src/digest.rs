//! The name of a model's content: equal for equal files, wherever they lie.

use crate::{ModelDirectory, ModelError, Tokenizer};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

impl ModelDirectory {
    /// `sha256:` and 64 hexadecimal digits over the names and the contents of [`ModelDirectory::files`], in the order
    /// of their names. Files that make no difference (a README, other formats of the weights) are left out, and so is
    /// the directory's own name. Reads all weights.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn digest(&self) -> Result<String, ModelError> {
        of_files(&self.files().collect::<Vec<_>>())
    }
}

impl Tokenizer {
    /// `sha256:` and 64 hexadecimal digits over the names and the contents of [`Tokenizer::files`], in the order of
    /// their names.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn digest(&self) -> Result<String, ModelError> {
        of_files(self.files())
    }
}

fn of_files(files: &[PathBuf]) -> Result<String, ModelError> {
    let digests = files.iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, of_file(path).map_err(ModelError::read(path))?))
    });
    Ok(of_digests(digests.collect::<Result<_, ModelError>>()?))
}

/// The digest of a model or a tokenizer whose files have these names and SHA-256 digests: what [`ModelDirectory::digest`]
/// says once they lie in a directory.
#[must_use]
pub fn of_digests(files: BTreeMap<String, [u8; 32]>) -> String {
    let mut all = Sha256::new();
    for (name, digest) in files {
        // A name has no NUL and a digest has a fixed length, so no two lists of files read alike.
        all.update(name.as_bytes());
        all.update([0]);
        all.update(digest);
    }
    let digits: String = all.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// The SHA-256 digest of a file.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().into()),
            length => digest.update(&buffer[..length]),
        }
    }
}
