//! The hub's own cache: `models--owner--name/{refs,blobs,snapshots}`, as Hugging Face's tools lay it out, so that what
//! they have fetched is used here and the other way round.

use super::{digest::Digest, listing::is_commit};
use crate::{
    FetchError,
    disk::{Disk, Lock},
    selection::What,
};
use std::{
    fs,
    path::{Path, PathBuf},
};
use superposed_shared::place::HubPlace;

/// The part of a cache that one repository has.
#[derive(Debug)]
pub(super) struct Cache {
    pub(super) disk: Disk,
    folder: String,
}

impl Cache {
    pub(super) fn new(root: &Path, place: &HubPlace) -> Self {
        let disk = Disk { root: root.to_owned(), variable: "HF_HUB_CACHE" };
        Self { disk, folder: format!("models--{}--{}", place.owner, place.name) }
    }

    fn at(&self, part: &str) -> PathBuf {
        self.disk.root.join(&self.folder).join(part)
    }

    /// The directory of a commit's files.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.at("snapshots").join(commit)
    }

    /// A file by its digest.
    pub(super) fn blob(&self, digest: Digest) -> PathBuf {
        self.at("blobs").join(digest.to_string())
    }

    /// Where a file grows before it has its name.
    pub(super) fn incomplete(&self, digest: Digest) -> PathBuf {
        self.at("blobs").join(format!("{digest}.incomplete"))
    }

    /// Waits for the right to fetch a file.
    pub(super) async fn lock(&self, digest: Digest, file: &str) -> Result<Lock, FetchError> {
        let path = self.disk.root.join(".locks").join(&self.folder).join(format!("{digest}.lock"));
        self.disk.lock(path, file.to_owned()).await
    }

    /// Whether a file is there, whole.
    pub(super) fn has(&self, digest: Digest, size: u64) -> bool {
        fs::metadata(self.blob(digest)).is_ok_and(|blob| blob.is_file() && blob.len() == size)
    }

    /// Gives a file its name in a commit.
    pub(super) fn name(&self, commit: &str, name: &str, digest: Digest) -> Result<(), FetchError> {
        let (path, target) = (self.snapshot(commit).join(name), Path::new("../../blobs").join(digest.to_string()));
        if fs::read_link(&path).is_ok_and(|there| there == target) {
            return Ok(());
        }
        self.disk.link(&path, &target)
    }

    /// The commit that a revision was when it was asked for the last time.
    pub(super) fn commit_of(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let commit = fs::read_to_string(self.at("refs").join(revision)).ok()?.trim().to_owned();
        is_commit(&commit).then_some(commit)
    }

    /// Remembers which commit a revision is.
    pub(super) fn remember(&self, revision: &str, commit: &str) -> Result<(), FetchError> {
        if self.commit_of(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        self.disk.put(&self.at("refs").join(revision), commit.as_bytes())
    }

    /// The directory of a revision, if all that is wanted of it is there.
    pub(super) fn whole(&self, revision: &str, what: What, unless_meta: bool) -> Option<(String, PathBuf)> {
        let commit = self.commit_of(revision)?;
        let directory = self.snapshot(&commit);
        what.is_whole(&directory, unless_meta).then_some((commit, directory))
    }
}
