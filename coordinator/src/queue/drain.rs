//! Asking workers to leave.
//!
//! The request is a column of the worker's row: it outlives coordinators, and workers that have not heard of it. A worker
//! that was asked is handed nothing more; it is told with its next Sync, which an idle one begins within ten seconds.

use super::{Queue, QueueError, progress::WorkerRow};

impl Queue {
    /// Asks a worker to leave, or takes an earlier request back, as `leave` says. Returns the worker. What it was told
    /// already, it does.
    ///
    /// # Errors
    /// When no such worker is known, it has left already, or the database fails.
    pub async fn drain(&self, worker: &str, leave: bool) -> Result<WorkerRow, QueueError> {
        let changed = Self::transact(|| async {
            let query = sqlx::query(include_str!("sql/drain.sql")).bind(worker).bind(leave);
            Ok(query.execute(&self.pool).await?.rows_affected())
        });
        let changed = changed.await?;
        let known = self.workers().await?.into_iter().find(|known| known.id == worker);
        match known {
            Some(known) if changed > 0 => Ok(known),
            Some(_) => Err(QueueError::WorkerLeft(worker.to_owned())),
            None => Err(QueueError::NoSuchWorker(worker.to_owned())),
        }
    }
}
