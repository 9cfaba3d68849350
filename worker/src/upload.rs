//! The files of a batch: written side by side, then made durable together, and only then reported.

use bytes::Bytes;
use std::iter;
use superposed_identity::{JobId, Size};
use superposed_mining::JobFiles;
use superposed_shared::{
    destination::{Destination, DestinationError, Files, Uploader},
    layout,
};

/// What is written for a batch, and how much it is.
#[derive(Debug)]
pub struct Batch {
    jobs: Vec<Files>,
    beside: Vec<Files>,
    bytes: usize,
}

impl Batch {
    /// The files of jobs, and those beside them by their paths.
    #[must_use]
    pub fn new(
        size: &Size,
        jobs: impl IntoIterator<Item = (JobId, JobFiles)>,
        beside: impl IntoIterator<Item = (String, Bytes)>,
    ) -> Self {
        let of_job = |(job, JobFiles { pool, isets, topics }): (JobId, JobFiles)| {
            // In the layout's order, the pool last.
            let contents = [isets, topics, pool].map(Bytes::from);
            layout::job_files(size, job).into_iter().zip(contents).collect()
        };
        let jobs: Vec<Files> = jobs.into_iter().map(of_job).collect();
        let beside: Vec<Files> = beside.into_iter().map(|(path, content)| vec![(path, content)]).collect();
        let bytes = jobs.iter().chain(&beside).flatten().map(|(path, content)| path.len() + content.len()).sum();
        Self { jobs, beside, bytes }
    }

    /// How many bytes it holds.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes all and makes it durable.
    ///
    /// # Errors
    /// When a file cannot be written; some others may have been, which is harmless: they are written again, the same.
    pub async fn upload(self, uploader: &Uploader, destination: &Destination) -> Result<(), DestinationError> {
        // What lies beside jobs tells of them.
        for groups in iter::once(self.jobs).chain(iter::once(self.beside)) {
            uploader.upload(destination, groups).await?;
        }
        destination.sync().await
    }
}
