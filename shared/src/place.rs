//! Where a model or a tokenizer lies, as a campaign file names it.

use std::{fmt, path::PathBuf, str::FromStr};
use superposed_storage::{Address, AddressError, Bucket};

/// What a model of a hub begins with.
const HUB: &str = "hf:";

/// A place that a model or a tokenizer can be had from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A directory of this machine, or of a disk that every machine sees.
    Directory(PathBuf),
    /// A repository of Hugging Face's hub, or of a server that answers as it does.
    Hub(HubPlace),
    /// The objects below a prefix of a bucket.
    Bucket(Bucket),
}

/// A repository of a hub at a revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HubPlace {
    /// Who publishes it.
    pub owner: String,
    /// What it is called.
    pub name: String,
    /// A commit, a branch or a tag; none is the main branch.
    pub revision: Option<String>,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Not a repository, or not a revision.
    #[error("{0:?} is no model of a hub: write hf:owner/name or hf:owner/name@revision")]
    Hub(String),
    /// Not a bucket.
    #[error("{0:?} is no place in an object store: write s3://bucket/path, gs://bucket/path or az://container/path")]
    Bucket(String),
    /// A `file://` URL that does not say where its directory starts.
    #[error("{0:?} does not start at the root: a file:// URL is written like file:///data/model")]
    Relative(String),
    /// Another kind of URL.
    #[error(
        "{0:?} is a kind of URL that nothing is read from: name a directory, hf:owner/name, file:///path, \
         s3://bucket/path, gs://bucket/path or az://container/path"
    )]
    Unknown(String),
}

impl Place {
    /// Whether a text is a path, which may be relative, and not an address.
    #[must_use]
    pub fn is_path(text: &str) -> bool {
        !text.starts_with(HUB) && !text.contains("://")
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if let Some(place) = text.strip_prefix(HUB) {
            return hub(place).map(Self::Hub).ok_or_else(|| PlaceError::Hub(text.to_owned()));
        }
        match text.parse() {
            Ok(Address::Directory(path)) => Ok(Self::Directory(path)),
            Ok(Address::Bucket(bucket)) => Ok(Self::Bucket(bucket)),
            Err(AddressError::Bucket(_)) => Err(PlaceError::Bucket(text.to_owned())),
            Err(AddressError::Relative(_)) => Err(PlaceError::Relative(text.to_owned())),
            Err(AddressError::Unknown(_)) => Err(PlaceError::Unknown(text.to_owned())),
        }
    }
}

/// `owner/name`, perhaps with `@revision`. Names become directories of a cache and parts of URLs, so they are no others
/// than the hub gives.
fn hub(place: &str) -> Option<HubPlace> {
    let (repository, revision) = match place.split_once('@') {
        Some((repository, revision)) => (repository, Some(revision)),
        None => (place, None),
    };
    let (owner, name) = repository.split_once('/')?;
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let is_name =
        |text: &str| !text.is_empty() && text.len() <= 96 && !text.starts_with(['.', '-']) && text.bytes().all(legal);
    let is_part = |text: &str| !text.is_empty() && !text.starts_with('.') && text.bytes().all(legal);
    let is_revision = |text: &str| text.len() <= 200 && text.split('/').all(is_part);
    (is_name(owner) && is_name(name) && revision.is_none_or(is_revision)).then(|| HubPlace {
        owner: owner.to_owned(),
        name: name.to_owned(),
        revision: revision.map(str::to_owned),
    })
}

impl HubPlace {
    /// The repository, `owner/name`.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The revision that is meant.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or("main")
    }

    /// The same repository at another revision.
    #[must_use]
    pub fn at(&self, revision: &str) -> Self {
        Self { revision: Some(revision.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for HubPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HUB}{}/{}", self.owner, self.name)?;
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Hub(place) => place.fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<Place, String> {
        text.parse().map_err(|error: PlaceError| error.to_string())
    }

    #[test]
    fn a_directory_a_repository_and_a_bucket_are_told_apart() {
        assert_eq!(place("models/gpt2"), Ok(Place::Directory("models/gpt2".into())));
        assert_eq!(place("file:///data/gpt2"), Ok(Place::Directory("/data/gpt2".into())));
        let Ok(Place::Hub(hub)) = place("hf:openai-community/gpt2") else { panic!("no hub") };
        assert_eq!((hub.repository().as_str(), hub.revision()), ("openai-community/gpt2", "main"));
        let Ok(Place::Hub(hub)) = place("hf:Qwen/Qwen2.5-0.5B@refs/pr/1") else { panic!("no hub") };
        assert_eq!((hub.name.as_str(), hub.revision()), ("Qwen2.5-0.5B", "refs/pr/1"));
        let Ok(Place::Bucket(bucket)) = place("s3://b/models/gpt2/") else { panic!("no bucket") };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("b", "models/gpt2"));
    }

    #[test]
    fn a_place_is_written_as_it_is_read() {
        for text in ["hf:a/b", "hf:a/b@0123", "s3://b/models/gpt2", "models/gpt2"] {
            assert_eq!(place(text).expect("a place").to_string(), text);
        }
    }

    #[test]
    fn what_is_no_place_is_refused_with_how_to_write_one() {
        for text in ["hf:gpt2", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b@", "hf:a/b@../x", "hf:a/b@/x", "hf:a/b c"] {
            let line = place(text).expect_err(text);
            assert!(line.ends_with("is no model of a hub: write hf:owner/name or hf:owner/name@revision"), "{line}");
        }
        assert!(place("s3:///x").expect_err("no bucket").contains("s3://bucket/path"));
        assert!(place("file://x").expect_err("relative").contains("file:///data/model"));
        assert!(place("gopher://x/y").expect_err("unknown").contains("name a directory, hf:owner/name"));
    }
}
