//! One file from a hub: resumed where it broke off, and checked before it gets its name.

use super::{
    cache::Cache,
    client::{Client, Fault, reason},
    listing::{About, File},
};
use crate::FetchError;
use reqwest::{StatusCode, Url, header::CONTENT_RANGE};
use std::{fs, io::SeekFrom, path::Path, time::Instant};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

/// A file that takes long enough for people to be told.
const LARGE: u64 = 16 << 20;

/// Sees to it that a file is in the cache, under its name in the commit.
pub(super) async fn fetch(client: &Client, cache: &Cache, commit: &str, file: &File) -> Result<(), FetchError> {
    let about = file.about(client, commit).await?;
    if !cache.has(about.digest, about.size) {
        let label = format!("{} of {}", file.name, client.place);
        let _lock = cache.lock(about.digest, &label).await?;
        // Another process may have fetched it meanwhile.
        if !cache.has(about.digest, about.size) {
            download(client, cache, commit, file, about).await?;
        }
    }
    cache.name(commit, &file.name, about.digest)
}

async fn download(client: &Client, cache: &Cache, commit: &str, file: &File, about: About) -> Result<(), FetchError> {
    let (blob, part) = (cache.blob(about.digest), cache.incomplete(about.digest));
    let disk = &cache.disk;
    if let Some(directory) = blob.parent() {
        disk.make(directory)?;
    }
    let length = || fs::metadata(&part).map_or(0, |part| part.len());
    disk.check_room(blob.parent().unwrap_or(&blob), &file.name, about.size.saturating_sub(length()))?;
    let start = Instant::now();
    let large = about.size >= LARGE;
    if large {
        tracing::info!(model = %client.place, file = file.name, bytes = about.size, "fetching");
    }
    let url = file.url(client, commit);
    for last in [false, true] {
        let mut tries = client.tries();
        loop {
            let before = length();
            match append(client, cache, &url, &part, about.size).await {
                Ok(()) => break,
                Err(fault) => {
                    if length() > before {
                        tries.progress();
                    }
                    tries.again(fault).await?;
                }
            }
        }
        let (path, expected) = (part.clone(), about.digest);
        let found = tokio::task::spawn_blocking(move || {
            fs::File::open(&path)?.sync_all()?;
            expected.of_same_kind(&path)
        });
        let found = found.await.expect("reading a file does not panic").map_err(disk.error(&part))?;
        if found == about.digest {
            fs::rename(&part, &blob).map_err(disk.error(&blob))?;
            if large {
                tracing::info!(file = file.name, seconds = start.elapsed().as_secs(), "fetched");
            }
            return Ok(());
        }
        // A part that an earlier process left may be at fault: once more from the start.
        fs::remove_file(&part).map_err(disk.error(&part))?;
        tracing::warn!(file = file.name, %found, expected = %about.digest, "what came is not what was announced");
        if last {
            return Err(FetchError::Digest {
                file: format!("{} of {}", file.name, client.place),
                endpoint: client.endpoint(),
                expected: about.digest.to_string(),
                found: found.to_string(),
            });
        }
    }
    unreachable!("the last round ends either way")
}

/// Fetches what a part lacks of its size.
async fn append(client: &Client, cache: &Cache, url: &Url, part: &Path, size: u64) -> Result<(), Fault> {
    let failed = |error| Fault::from(cache.disk.error(part)(error));
    let file = tokio::fs::File::options().create(true).truncate(false).write(true).open(part).await;
    let mut file = file.map_err(failed)?;
    let mut there = file.metadata().await.map_err(failed)?.len();
    if there == size {
        return Ok(());
    }
    if there > size {
        there = 0;
    }
    let mut response = client.get(url, there).await?;
    let resumes = response.status() == StatusCode::PARTIAL_CONTENT
        && response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|range| range.to_str().ok())
            .is_some_and(|range| range.starts_with(&format!("bytes {there}-")));
    if !resumes {
        if !matches!(response.status(), StatusCode::OK) {
            file.set_len(0).await.map_err(failed)?;
            return Err(Fault::Passing("it does not send the part that was asked for".to_owned(), None));
        }
        there = 0;
    }
    file.set_len(there).await.map_err(failed)?;
    file.seek(SeekFrom::Start(there)).await.map_err(failed)?;
    let received = async {
        while let Some(bytes) = response.chunk().await.map_err(|error| Fault::Passing(reason(&error), None))? {
            there += bytes.len() as u64;
            if there > size {
                return Err(client.strange(format!("more than the {size} bytes that were announced")).into());
            }
            file.write_all(&bytes).await.map_err(failed)?;
        }
        Ok(there)
    };
    let received: Result<u64, Fault> = received.await;
    // What came before a connection broke is kept.
    file.flush().await.map_err(failed)?;
    match received? {
        there if there == size => Ok(()),
        there => Err(Fault::Passing(format!("it ends after {there} of {size} bytes"), None)),
    }
}
