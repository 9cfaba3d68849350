//! The files of a batch: written side by side, then made durable together, and only then reported.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use superposed_identity::{JobId, Size};
use superposed_mining::JobFiles;
use superposed_shared::{
    destination::{Destination, DestinationError},
    layout,
};

/// Jobs whose files are written at the same time.
const CONCURRENCY: usize = 16;

/// Writes the files of jobs, and those beside them by their paths, and makes all durable. A job's files are written in
/// the layout's order, the pool last.
///
/// # Errors
/// When a file cannot be written; some others may have been, which is harmless: they are written again, the same.
pub async fn upload(
    destination: &Destination,
    size: &Size,
    jobs: impl IntoIterator<Item = (JobId, JobFiles)>,
    beside: impl IntoIterator<Item = (String, Bytes)>,
) -> Result<(), DestinationError> {
    stream::iter(jobs)
        .map(async |(job, files)| {
            let JobFiles { pool, isets, topics } = files;
            let paths = layout::job_files(size, job);
            // The job's last holder may have been killed while it wrote.
            destination.sweep(paths.iter().map(String::as_str)).await?;
            for (path, content) in paths.iter().zip([isets, topics, pool]) {
                destination.put(path, Bytes::from(content)).await?;
            }
            Ok::<_, DestinationError>(())
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect::<()>()
        .await?;
    for (path, content) in beside {
        destination.sweep([path.as_str()]).await?;
        destination.put(&path, content).await?;
    }
    destination.sync().await
}
