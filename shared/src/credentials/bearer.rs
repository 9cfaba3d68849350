//! The token of every request, taken anew from its file when that changes.

use super::{CredentialsError, Token};
use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::Interceptor,
};

/// Puts a token, if there is one, into each request.
#[derive(Debug, Clone, Default)]
pub struct Bearer(Option<Source>);

#[derive(Debug, Clone)]
enum Source {
    Fixed(MetadataValue<Ascii>),
    File(Arc<TokenFile>),
}

impl Bearer {
    pub(super) fn of_token(token: &Token) -> Self {
        Self(Some(Source::Fixed(header(token))))
    }

    pub(super) fn of_file(file: TokenFile) -> Self {
        Self(Some(Source::File(Arc::new(file))))
    }

    /// Whether there is a token.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.0.is_some()
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let header = self.0.as_ref().map(|source| match source {
            Source::Fixed(header) => header.clone(),
            Source::File(file) => file.header(),
        });
        if let Some(header) = header {
            request.metadata_mut().insert("authorization", header);
        }
        Ok(request)
    }
}

/// A file with a token, and what was read from it last.
pub(super) struct TokenFile {
    path: PathBuf,
    last: Mutex<(Stamp, MetadataValue<Ascii>)>,
}

/// What differs when a file was written anew: its number, its length, and when it changed (s, ns).
type Stamp = (u64, u64, i64, i64);

impl TokenFile {
    /// Reads it for the first time.
    pub(super) fn open(path: PathBuf) -> Result<Self, CredentialsError> {
        let metadata = fs::metadata(&path);
        if metadata.is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
            tracing::warn!("others can read the token in {0}; chmod 600 {0}", path.display());
        }
        let (stamp, token) = read(&path)?;
        Ok(Self { path, last: Mutex::new((stamp, header(&token))) })
    }

    /// The header with the token that is there now. While the file cannot be read, the last one stays.
    fn header(&self) -> MetadataValue<Ascii> {
        let mut last = self.last.lock().expect("nothing panics with it");
        let now = fs::metadata(&self.path).as_ref().map(stamp).ok();
        if let Some(now) = now.filter(|now| *now != last.0) {
            match read(&self.path) {
                Ok((stamp, token)) => {
                    *last = (stamp, header(&token));
                    tracing::info!("the token in {} has changed", self.path.display());
                }
                Err(error) => {
                    // Said once, not with every request.
                    last.0 = now;
                    tracing::warn!("{error}; the last token is used on");
                }
            }
        }
        last.1.clone()
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn read(path: &PathBuf) -> Result<(Stamp, Token), CredentialsError> {
    let failed = |source| CredentialsError::TokenFile { path: path.clone(), source };
    // Before the content: should it change in between, it is read once more.
    let stamp = stamp(&fs::metadata(path).map_err(failed)?);
    let text = fs::read(path).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|_| failed(io::Error::from(io::ErrorKind::InvalidData)))?;
    let failed = |source| CredentialsError::Token { place: format!("the token file {}", path.display()), source };
    Ok((stamp, text.parse().map_err(failed)?))
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn header(token: &Token) -> MetadataValue<Ascii> {
    let mut header: MetadataValue<Ascii> =
        format!("Bearer {}", token.secret()).parse().expect("a token is made of printable ASCII");
    // Neither printed nor kept in the tables that compress headers.
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(bearer: &mut Bearer) -> String {
        let request = bearer.call(Request::new(())).expect("nothing refuses it");
        request.metadata().get("authorization").expect("a token").to_str().expect("ASCII").to_owned()
    }

    #[test]
    fn a_token_file_that_changes_is_read_again_and_one_that_is_broken_is_not_taken() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("token");
        let (old, new) = ("o".repeat(40), "n".repeat(43));
        fs::write(&path, &old).expect("a file");
        let mut bearer = Bearer::of_file(TokenFile::open(path.clone()).expect("a token"));
        assert_eq!(sent(&mut bearer), format!("Bearer {old}"));
        fs::write(&path, "short").expect("a file");
        assert_eq!(sent(&mut bearer), format!("Bearer {old}"));
        fs::remove_file(&path).expect("a file");
        assert_eq!(sent(&mut bearer), format!("Bearer {old}"));
        fs::write(&path, &new).expect("a file");
        assert_eq!(sent(&mut bearer), format!("Bearer {new}"));
        let mut request = bearer.call(Request::new(())).expect("nothing refuses it");
        request.metadata_mut().insert("other", "shown".parse().expect("ASCII"));
        assert!(!format!("{bearer:?}{request:?}").contains(&new), "the token is printed");
    }
}
