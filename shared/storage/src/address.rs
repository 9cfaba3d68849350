//! What a path or a URL names.

use std::{fmt, path::PathBuf, str::FromStr};

/// A place that files are in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A directory of this machine, or of a disk that every machine sees.
    Directory(PathBuf),
    /// The objects below a prefix of a bucket.
    Bucket(Bucket),
}

/// A prefix of a bucket, which Azure calls a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Whose it is.
    pub service: Service,
    /// What it is called.
    pub name: String,
    /// The storage account, where the URL names one: `abfss://container@account.dfs.core.windows.net/path`.
    pub account: Option<String>,
    /// Without slashes around it; empty for the whole bucket.
    pub prefix: String,
}

/// Who keeps a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Amazon's S3, and what answers as it does.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a bucket.
    #[error("{0:?} is no place in an object store: write s3://bucket/path, gs://bucket/path or az://container/path")]
    Bucket(String),
    /// A `file://` URL that does not say where its directory starts.
    #[error("{0:?} does not start at the root: a file:// URL is written like file:///data/results")]
    Relative(String),
    /// Another kind of URL.
    #[error(
        "{0:?} is a kind of URL that nothing is kept under: name a directory, file:///path, s3://bucket/path, \
         gs://bucket/path or az://container/path"
    )]
    Unknown(String),
}

impl Service {
    const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
        }
    }

    fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme {
            "s3" | "s3a" => Some(Self::S3),
            "gs" => Some(Self::Gcs),
            "az" | "azure" | "abfs" | "abfss" => Some(Self::Azure),
            _ => None,
        }
    }
}

impl Address {
    /// Whether a text is a path, which may be relative, and not an address.
    #[must_use]
    pub fn is_path(text: &str) -> bool {
        !text.contains("://")
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(Self::Directory(PathBuf::from(text))) };
        if scheme == "file" {
            return if rest.starts_with('/') {
                Ok(Self::Directory(PathBuf::from(rest)))
            } else {
                Err(AddressError::Relative(text.to_owned()))
            };
        }
        let service = Service::of_scheme(scheme).ok_or_else(|| AddressError::Unknown(without_secrets(text)))?;
        let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, account) = match host.split_once('@') {
            Some((name, host)) if service == Service::Azure => (name, Some(host.split('.').next().unwrap_or(host))),
            _ => (host, None),
        };
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'$');
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(legal);
        let is_part = |part: &str| !part.is_empty() && !matches!(part, "." | "..");
        let prefix = prefix.trim_matches('/');
        let is_prefix = prefix.is_empty() || prefix.split('/').all(is_part);
        if !is_name(name) || !account.is_none_or(is_name) || !is_prefix {
            return Err(AddressError::Bucket(without_secrets(text)));
        }
        Ok(Self::Bucket(Bucket {
            service,
            name: name.to_owned(),
            account: account.map(str::to_owned),
            prefix: prefix.to_owned(),
        }))
    }
}

/// An address without what may be a user and a password in it: people paste such.
fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let host = rest.split('/').next().unwrap_or(rest);
    match host.rfind('@') {
        Some(at) if host[..at].contains(':') => format!("{scheme}://…{}", &rest[at..]),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, name, account, prefix } = self;
        match account {
            Some(account) => write!(f, "abfss://{name}@{account}.dfs.core.windows.net/{prefix}"),
            None => write!(f, "{}://{name}/{prefix}", service.scheme()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Bucket(bucket) => bucket.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_directory_and_the_buckets_of_three_services_are_told_apart() {
        assert_eq!(address("results"), Address::Directory("results".into()));
        assert_eq!(address("file:///data/results"), Address::Directory("/data/results".into()));
        let bucket = |service, prefix: &str| {
            Address::Bucket(Bucket { service, name: "b".to_owned(), account: None, prefix: prefix.to_owned() })
        };
        assert_eq!(address("s3://b"), bucket(Service::S3, ""));
        assert_eq!(address("s3a://b//x/y/"), bucket(Service::S3, "x/y"));
        assert_eq!(address("gs://b/x"), bucket(Service::Gcs, "x"));
        assert_eq!(address("az://b/x"), bucket(Service::Azure, "x"));
        let Address::Bucket(azure) = address("abfss://box@lab.dfs.core.windows.net/x") else { panic!("no bucket") };
        assert_eq!((azure.name.as_str(), azure.account.as_deref()), ("box", Some("lab")));
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for text in ["results", "s3://b/x/y", "gs://b/", "az://b/x", "abfss://box@lab.dfs.core.windows.net/x"] {
            assert_eq!(address(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_how_to_write_one() {
        let refusal = |text: &str| text.parse::<Address>().expect_err("it was accepted").to_string();
        for text in ["s3://", "s3:///x", "s3://a b/x", "gs://b/../x", "s3://b/x//y", "az://a@/x", "s3://key:secret@b/x"]
        {
            assert!(refusal(text).ends_with("write s3://bucket/path, gs://bucket/path or az://container/path"));
        }
        assert!(refusal("file://x").contains("file:///data/results"));
        assert!(refusal("gopher://x/y").contains("name a directory"));
    }

    #[test]
    fn a_password_in_an_address_is_not_told() {
        for text in ["s3://key:secret@bucket/path", "https://key:secret@host/path"] {
            let line = text.parse::<Address>().expect_err("accepted").to_string();
            assert!(!line.contains("secret") && line.contains("://…@"), "{line}");
        }
    }
}
