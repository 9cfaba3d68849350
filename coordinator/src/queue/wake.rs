//! News of work, for those that wait for some.
//!
//! Whatever makes work available says so in its own transaction, and Postgres tells all coordinators once that is
//! committed. What comes back by itself (a wait that ends, a lease that runs out) is known by its time. Claims,
//! completions and renewals, the many, say nothing: a `NOTIFY` makes commits take turns.

use super::{Queue, QueueError};
use sqlx::{PgConnection, postgres::PgListener};
use std::time::Duration;

/// The channel that [`ring`] notifies.
const CHANNEL: &str = "superposed_work";

/// Somebody looks for work about this often, whatever is heard: nothing that was forgotten here waits longer.
const FALLBACK: Duration = Duration::from_secs(5);

/// A connection that hears of work.
#[derive(Debug)]
pub struct WorkNews(PgListener);

impl WorkNews {
    /// Waits until work may be there. Also returns when the connection was lost and is there again, since what was said
    /// meanwhile is not known.
    ///
    /// # Errors
    /// When the connection is lost and there is no other.
    pub async fn next(&mut self) -> Result<(), QueueError> {
        self.0.try_recv().await?;
        // What else was said by now is answered by the same look.
        while self.0.next_buffered().is_some() {}
        Ok(())
    }
}

impl Queue {
    /// A connection of its own that hears of work from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn listen(&self) -> Result<WorkNews, QueueError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(WorkNews(listener))
    }

    /// The time until work comes back by itself, or until it is time to look anyway.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due(&self) -> Result<Duration, QueueError> {
        let query = sqlx::query_scalar(include_str!("sql/next_due.sql")).bind(FALLBACK.as_secs_f64());
        let seconds: f64 = query.fetch_one(&self.pool).await?;
        Ok(Duration::from_secs_f64(seconds.max(0.0)))
    }
}

/// Says that work may be there once the transaction is committed.
pub(super) async fn ring(connection: &mut PgConnection) -> Result<(), QueueError> {
    sqlx::query(include_str!("sql/ring.sql")).execute(connection).await?;
    Ok(())
}
