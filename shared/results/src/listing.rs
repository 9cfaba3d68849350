//! The paths of a place's files, one after the other.

use futures::TryStreamExt;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use superposed_shared::destination::{Destination, DestinationError};

/// Deeper than any file of a tree lies; links may go in circles.
const DEEPEST: usize = 8;

/// The directory that a place is, if it is one.
pub(crate) fn directory(place: &str) -> Option<PathBuf> {
    match place.strip_prefix("file://") {
        Some(path) => Some(PathBuf::from(path)),
        None => (!place.contains("://")).then(|| PathBuf::from(place)),
    }
}

/// Visits the path of each file below a directory of a place, in no order. A local directory is walked by itself: a
/// listing through `object_store` asks for the length and age of every file, and passes over what killed processes left.
pub(crate) async fn each_path(
    destination: &Destination,
    place: &str,
    below: &str,
    mut visit: impl FnMut(&str) + Send + 'static,
) -> Result<(), DestinationError> {
    let Some(root) = directory(place) else {
        let mut files = destination.files(below);
        while let Some(file) = files.try_next().await? {
            visit(&file.path);
        }
        return Ok(());
    };
    let below = below.to_owned();
    let walked = tokio::task::spawn_blocking(move || {
        let walked = walk(&root.join(&below), &mut below.clone(), DEEPEST, &mut visit);
        walked.map_err(|(path, error)| DestinationError::Access {
            what: "cannot list",
            path: path.display().to_string(),
            reason: error.to_string(),
        })
    });
    walked.await.expect("listing does not panic")
}

/// Visits the files of a directory whose path below the root is `name`.
fn walk(
    directory: &Path,
    name: &mut String,
    deeper: usize,
    visit: &mut impl FnMut(&str),
) -> Result<(), (PathBuf, io::Error)> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err((directory.to_owned(), error)),
    };
    let length = name.len();
    for entry in entries {
        let at = |error| (directory.to_owned(), error);
        let entry = entry.map_err(at)?;
        let kind = entry.file_type().map_err(at)?;
        if length > 0 {
            name.push('/');
        }
        name.push_str(&entry.file_name().to_string_lossy());
        // Through a link, the kind is that of what it names; where it names nothing, it is a file that cannot be read.
        let is_directory = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
        if !is_directory {
            visit(name);
        } else if deeper > 0 {
            walk(&entry.path(), name, deeper - 1, visit)?;
        }
        name.truncate(length);
    }
    Ok(())
}
