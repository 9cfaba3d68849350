//! What a hub says of a repository: the commit that a revision is, and the files with their digests.

use super::{
    client::{Client, Fault},
    digest::Digest,
};
use crate::FetchError;
use reqwest::header::{CONTENT_LENGTH, ETAG};
use serde::Deserialize;

/// More than any repository's list takes.
const LONGEST_LIST: usize = 64 << 20;

/// A repository at a commit.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) commit: String,
    /// The files beside each other at the top: those in folders are other things.
    pub(super) files: Vec<File>,
}

/// A file of a repository.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    /// Not every hub says so in its list.
    about: Option<About>,
}

/// What is to be known of a file before it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct About {
    pub(super) size: u64,
    pub(super) digest: Digest,
}

#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
    size: u64,
}

impl Listing {
    /// Asks what a revision has.
    pub(super) async fn ask(client: &Client) -> Result<Self, FetchError> {
        let place = &client.place;
        let mut url = client.url(&["api", "models", &place.owner, &place.name, "revision", place.revision()]);
        url.set_query(Some("blobs=true"));
        let mut tries = client.tries();
        let content = loop {
            let asked = async {
                let mut response = client.get(&url, 0).await?;
                let mut content = Vec::new();
                while let Some(part) = response.chunk().await.map_err(|e| Fault::Passing(e.to_string(), None))? {
                    content.extend_from_slice(&part);
                    if content.len() > LONGEST_LIST {
                        return Err(client.strange("an endless list of files").into());
                    }
                }
                Ok(content)
            };
            match asked.await {
                Ok(content) => break content,
                Err(fault) => tries.again(fault).await?,
            }
        };
        let info: Info = serde_json::from_slice(&content)
            .map_err(|error| client.strange(format!("what is no list of a model's files ({error})")))?;
        if !is_commit(&info.sha) {
            return Err(client.strange(format!("a commit {:?}", info.sha)));
        }
        let files = info.siblings.into_iter().filter(|file| is_name(&file.rfilename)).map(File::from).collect();
        Ok(Self { commit: info.sha, files })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.name.clone()).collect()
    }
}

impl From<Sibling> for File {
    fn from(sibling: Sibling) -> Self {
        let about = match (sibling.lfs, sibling.blob_id, sibling.size) {
            (Some(lfs), _, _) => Digest::sha256(&lfs.sha256).map(|digest| About { size: lfs.size, digest }),
            (None, Some(blob), Some(size)) => Digest::git(&blob).map(|digest| About { size, digest }),
            _ => None,
        };
        Self { name: sibling.rfilename, about }
    }
}

impl File {
    /// Size and digest: as the list has them, else as the hub says when it is asked for the file.
    pub(super) async fn about(&self, client: &Client, commit: &str) -> Result<About, FetchError> {
        if let Some(about) = self.about {
            return Ok(about);
        }
        let url = self.url(client, commit);
        let mut tries = client.tries();
        let headers = loop {
            match client.head(&url).await {
                Ok(headers) => break headers,
                Err(fault) => tries.again(fault).await?,
            }
        };
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let size = header("x-linked-size").or_else(|| header(CONTENT_LENGTH.as_str()));
        let tag = header("x-linked-etag").or_else(|| header(ETAG.as_str()));
        let digest = tag.and_then(|tag| Digest::of_tag(tag.trim_start_matches("W/").trim_matches('"')));
        match (size.and_then(|size| size.parse().ok()), digest) {
            (Some(size), Some(digest)) => Ok(About { size, digest }),
            _ => Err(client.strange(format!("neither size nor digest of {}", self.name))),
        }
    }

    /// Where the hub gives the file.
    pub(super) fn url(&self, client: &Client, commit: &str) -> reqwest::Url {
        client.url(&[&client.place.owner, &client.place.name, "resolve", commit, &self.name])
    }
}

/// Whether a name is one of a file at the top, and safe as one on this disk.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// Whether a revision is a commit, at which nothing changes any more.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
