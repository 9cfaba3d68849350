//! Running a transaction until it is over: the one place where a conflict is tried again.
//!
//! All that wait for locks take them in one order: a worker, its spans by id, campaigns by id, layers by key, and last the
//! spans of an ended campaign and those of a layer that are done. Claims, cancellation and expiry pass over the spans that
//! somebody is busy with. Postgres may still end a transaction in favour of another, when an operator or a migration locks
//! otherwise, say. Then nothing of it has happened, and it is begun anew; who asked does not hear of it.

use super::{Queue, QueueError};
use sqlx::{migrate::MigrateError, postgres::PgDatabaseError};
use std::{
    future::Future,
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};
use tokio::time::sleep;

/// How often a transaction is begun at most.
const MOST_TRIES: u32 = 6;

/// About how long to wait before it is begun for the second time; doubled each time.
const PAUSE: Duration = Duration::from_millis(10);

/// What Postgres calls a transaction that waited in a circle with others, and one that others overtook.
const CONFLICTS: [&str; 2] = ["40P01", "40001"];

impl Queue {
    /// Runs `transaction`, which begins and commits one, and once more when Postgres ended it in favour of another.
    pub(super) async fn transact<T, F>(transaction: impl Fn() -> F) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, QueueError>>,
    {
        let mut tries = 1;
        loop {
            let ended = transaction().await;
            let Some(conflict) = ended.as_ref().err().and_then(conflict).filter(|_| tries < MOST_TRIES) else {
                return ended;
            };
            let detail = conflict.detail().unwrap_or_default();
            tracing::warn!(tries, error = conflict.message(), detail, "a transaction is begun anew");
            sleep(PAUSE.mul_f64(f64::from(1 << (tries - 1)) * jitter())).await;
            tries += 1;
        }
    }
}

/// What Postgres says of a transaction that it ended in favour of another.
fn conflict(error: &QueueError) -> Option<&PgDatabaseError> {
    let (QueueError::Database(error)
    | QueueError::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))) = error
    else {
        return None;
    };
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    CONFLICTS.contains(&error.code()).then_some(error)
}

/// Between a half and one and a half, different each time: those that met do not meet again.
pub(super) fn jitter() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    #[expect(clippy::cast_precision_loss, reason = "any number will do")]
    let share = random as f64 / u64::MAX as f64;
    0.5 + share
}
