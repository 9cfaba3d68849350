//! What one job found: its files, or else its row in a pack.

use std::sync::Arc;
use superposed_identity::{JobId, Size};
use superposed_results::{
    Entry, JobFile, Scope, Selector, StoredResult, Tree, TreeError, Words,
    pack::{Columns, PackError},
};

/// A result that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum JobResultError {
    /// It cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A pack cannot be read.
    #[error("{path}: {source}; `superposed verify` tells all that is wrong")]
    Pack {
        /// The pack.
        path: String,
        /// What is wrong with it.
        source: PackError,
    },
    /// One of its files is damaged.
    #[error("{path} is damaged: {reason}; `superposed verify` tells all that is wrong")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Looks up what a job found, and what its ids mean; `None` while it is not there as a whole.
///
/// Reads three files by their names; only where they are not there, the packs of the job's layer.
///
/// # Errors
/// When it cannot be read.
pub async fn job_result(
    place: &str,
    size: &Size,
    job: JobId,
) -> Result<Option<(Arc<StoredResult>, Option<Words>)>, JobResultError> {
    let nothing = Scope { directories: Vec::new(), wanted: &|_, _| true };
    let tree = Tree::open(place, &nothing).await?;
    let mut files = [const { None }; 3];
    for file in JobFile::ALL {
        files[file as usize] = tree.get(size, &file.path(job)).await?;
    }
    let stored = match files {
        [Some(word_sets), Some(topics), Some(pool)] => {
            let read = StoredResult::read(&[word_sets, topics, pool]).map_err(|mut unreadable| {
                let first = unreadable.swap_remove(0);
                JobResultError::Damaged { path: format!("{size}/{}", first.file.path(job)), reason: first.reason }
            });
            Some(Arc::new(read?))
        }
        [None, None, None] => packed(place, size, job).await?,
        // It is being written.
        _ => None,
    };
    let Some(stored) = stored else { return Ok(None) };
    Ok(Some((stored, tree.words(size).await?)))
}

async fn packed(place: &str, size: &Size, job: JobId) -> Result<Option<Arc<StoredResult>>, JobResultError> {
    let layer = Selector { size: Some(size.clone()), mode: Some(job.mode), ..Selector::default() };
    let of_layer = |own: &Size, entry: Entry<'_>| match entry {
        Entry::Pack(mode, layer) | Entry::Part(mode, layer) => own == size && (mode, layer) == (job.mode, job.layer),
        _ => false,
    };
    let tree = Arc::new(Tree::open(place, &Scope { directories: layer.directories(), wanted: &of_layer }).await?);
    let mut layer = tree.layer(size, (job.mode, job.layer), Columns::All).await?;
    if layer.has(job) {
        return Ok(Some(layer.read(job).await?.result(size, Columns::All)?));
    }
    match layer.unreadable.is_empty() {
        true => Ok(None),
        false => {
            let (path, source) = layer.unreadable.swap_remove(0);
            Err(JobResultError::Pack { path, source })
        }
    }
}
