//! Certificates and keys in files of PEM.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};
use std::path::{Path, PathBuf};

/// A file that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// Not readable, or not PEM.
    #[error("{path} cannot be read as {what} in PEM: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// Something else in PEM.
    #[error("{path} holds no {what} in PEM")]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// What is there cannot be used.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The system trusts nobody.
    #[error("this system has no certificates of authorities; name those to trust with --ca")]
    NoAuthorities,
}

impl PemError {
    /// What is there cannot be used.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "reasons are errors and texts, made for this")]
    pub fn unusable(path: &Path, reason: impl ToString) -> Self {
        Self::Unusable { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// The certificates of a file, at least one.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    const WHAT: &str = "certificate";
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(|error| explained(path, WHAT, &error))?;
    if found.is_empty() { Err(PemError::Missing { path: path.to_owned(), what: WHAT }) } else { Ok(found) }
}

/// The private key of a file.
///
/// # Errors
/// When it cannot be read, or holds none.
pub fn key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| explained(path, "private key", &error))
}

/// The authorities whose certificates a file holds.
///
/// # Errors
/// When it cannot be read, or holds none that can be used.
pub fn authorities(path: &Path) -> Result<RootCertStore, PemError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| PemError::unusable(path, error))?;
    }
    Ok(roots)
}

fn explained(path: &Path, what: &'static str, error: &pem::Error) -> PemError {
    let path = path.to_owned();
    match error {
        pem::Error::NoItemsFound => PemError::Missing { path, what },
        // The error of the operating system, without the library's words around it.
        pem::Error::Io(error) => PemError::Read { path, what, reason: error.to_string() },
        error => PemError::Read { path, what, reason: error.to_string() },
    }
}
