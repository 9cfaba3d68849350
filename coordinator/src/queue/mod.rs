//! The queue of jobs, in Postgres.
//!
//! A row of `spans` is a run of consecutive jobs of one (campaign, mode, layer) that share a state; the spans of a
//! layer partition its ordinals. Every operation is one short transaction with its SQL in `sql/`, and works the same
//! whichever coordinator runs it: nothing is kept in memory.
//!
//! - [`submit`]: a campaign and its spans
//! - [`sync`]: all that a worker says at once, in one transaction
//! - [`claim`]: hands out leases, splitting a span down to what was asked for
//! - [`report`]: what workers say of their leases: done, failed, returned, still held; [`lease`] is its fence
//! - `holdings`: what a worker holds, locked, and what becomes of it
//! - [`punish`]: what becomes of a span after an error: split, tried again, or given up
//! - [`deaths`]: what becomes of the leases of a worker that died, or does nothing any more
//! - [`wake`]: news of work, for those that wait for some
//! - [`life`]: pause, resume, cancel, retry, delete, and the priority
//! - [`progress`]: counts, failures, workers; [`condition`]: how these fare; [`at_work`]: who works on a campaign
//! - [`drain`]: asks workers to leave
//! - [`live`], [`counts`]: what monitoring asks for, of the database and of this process
//! - [`upkeep`]: merges done spans, bridges outages
//! - `place`: where the database is
//! - `transact`: what all of them run in, and the order in which they lock
//!
//! A lease is fenced by its epoch: a report whose epoch is no longer a row's changes nothing. Only database time is
//! used.

pub mod at_work;
pub mod claim;
pub mod condition;
pub mod counts;
pub mod deaths;
pub mod drain;
mod holdings;
pub mod lease;
pub mod life;
pub mod live;
mod place;
pub mod progress;
pub mod punish;
pub mod report;
pub mod submit;
pub mod sync;
mod transact;
pub mod upkeep;
pub mod wake;

pub use lease::Lease;

use counts::Counts;
use place::Place;
use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::PgPoolOptions,
    postgres::types::PgRange,
};
use std::{ops::Bound, ops::Range, time::Duration};
use superposed_identity::{LayerIndex, Mode};
use superposed_shared::description::CampaignId;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A connection that was used so long ago is taken to be there.
const TRUSTED: Duration = Duration::from_secs(1);

/// The queue's times and limits.
#[derive(Debug, Clone, Copy)]
pub struct QueueSettings {
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// The most jobs of one lease.
    pub max_lease_jobs: u32,
    /// About how long a failed job waits before it is tried again; doubled with every attempt.
    pub retry_delay: Duration,
    /// About the longest wait before a failed job is tried again.
    pub max_retry_delay: Duration,
    /// A worker that holds leases but reports no job, done or failed, for this long loses them.
    pub wedge_after: Duration,
    /// A worker is forgotten when it was not heard of for this long.
    pub forget_workers_after: Duration,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(20),
            max_lease_jobs: 256,
            retry_delay: Duration::from_secs(1),
            max_retry_delay: Duration::from_secs(60),
            wedge_after: Duration::from_secs(15 * 60),
            forget_workers_after: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// The queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    pool: PgPool,
    settings: QueueSettings,
    counts: Counts,
}

/// An operation of the queue that failed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The database cannot be reached or refused a statement.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The URL names no database.
    #[error(
        "this is no database ({0}): name it like postgresql://user@host/superposed, with --database or DATABASE_URL"
    )]
    NoDatabase(String),
    /// The database does not let this process in, or is not there.
    #[error(
        "cannot use the database {place}: {reason}; check that Postgres runs there, and what --database or DATABASE_URL says"
    )]
    Unreachable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// A newer version made the database's schema.
    #[error(
        "a newer version made the database's schema (migration {0} is not known here): \
         use that version, or one that is newer still"
    )]
    NewerSchema(i64),
    /// The database's schema cannot be brought up to date.
    #[error("the database's schema cannot be brought up to date: {0}")]
    Migrate(#[source] MigrateError),
    /// There is no such campaign.
    #[error("there is no campaign {0}")]
    NoSuchCampaign(CampaignId),
    /// The campaign's state does not allow it.
    #[error("campaign {campaign} is {state} and cannot be {action}")]
    WrongState {
        /// The campaign.
        campaign: CampaignId,
        /// Its state, in words.
        state: &'static str,
        /// What was asked for, like `paused`.
        action: &'static str,
    },
    /// Another process is alive under the worker's name.
    #[error(
        "another worker named {name:?} is at work: give each worker a name of its own. Should it have died, its name is \
         free in {} s", free_in.as_secs_f64().ceil()
    )]
    NameTaken {
        /// The name.
        name: String,
        /// When it is free, should nothing be heard of the other any more.
        free_in: Duration,
    },
    /// Nothing is known of the worker.
    #[error("there is no worker {0:?}; `superposed workers` lists those that were heard of")]
    NoSuchWorker(String),
    /// The worker is no longer there to be asked.
    #[error("worker {0:?} has left already, or is about to")]
    WorkerLeft(String),
    /// A row holds what this version does not know.
    #[error("the database holds {0}, which this version does not know")]
    Corrupt(String),
}

impl From<MigrateError> for QueueError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::NewerSchema(version),
            other => Self::Migrate(other),
        }
    }
}

/// The fence of a lease: new with every lease, over all campaigns and coordinators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseEpoch(pub(crate) i64);

impl LeaseEpoch {
    /// The epoch a worker names. A number no lease ever had fences everything off.
    #[must_use]
    pub fn from_wire(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(-1))
    }

    /// The epoch as workers are told.
    #[must_use]
    pub const fn to_wire(self) -> u64 {
        self.0.cast_unsigned()
    }
}

/// Consecutive ordinals, half-open.
pub type Ordinals = Range<u32>;

/// One (campaign, mode, layer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LayerKey {
    /// The campaign.
    pub campaign: CampaignId,
    /// The mode.
    pub mode: Mode,
    /// The block.
    pub layer: LayerIndex,
}

/// Which process of which worker is speaking, and in which of its Syncs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncIdentity {
    /// The worker's name.
    pub worker: String,
    /// Different after every start of it.
    pub boot: i64,
    /// From 1, one more with every Sync.
    pub sequence: i64,
}

impl Queue {
    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn is_there(&self) -> Result<(), QueueError> {
        Ok(self.pool.acquire().await?.ping().await?)
    }

    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached, or a newer version made its schema.
    pub async fn connect(url: &str, settings: QueueSettings) -> Result<Self, QueueError> {
        let place: Place = url.parse()?;
        Self::transact(|| async {
            // Past the pool, whose statements must not take long.
            let mut connection =
                PgConnection::connect_with(&place.0).await.map_err(|error| place.unreachable(&error))?;
            MIGRATIONS.run(&mut connection).await?;
            Ok(connection.close().await?)
        })
        .await?;
        let options = PgPoolOptions::new()
            // One of them listens.
            .max_connections(17)
            .acquire_timeout(Duration::from_secs(10))
            .test_before_acquire(false)
            .before_acquire(|connection, known| {
                Box::pin(async move {
                    // Whether one that was used just now is still there shows when it is used.
                    if known.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(include_str!("sql/session.sql")).execute(connection).await?;
                    Ok(())
                })
            });
        Ok(Self { pool: options.connect_with(place.0).await?, settings, counts: Counts::default() })
    }

    /// The queue's times and limits.
    #[must_use]
    pub const fn settings(&self) -> &QueueSettings {
        &self.settings
    }

    /// What this process counted so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The connections, for tests that look at the rows.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    fn lease_ms(&self) -> f64 {
        self.settings.lease.as_secs_f64() * 1e3
    }
}

fn read_mode(number: i16) -> Result<Mode, QueueError> {
    let mode = u8::try_from(number).ok().and_then(Mode::from_number);
    mode.ok_or_else(|| QueueError::Corrupt(format!("mode {number}")))
}

fn read_ordinals(range: &PgRange<i32>) -> Result<Ordinals, QueueError> {
    // Postgres gives integer ranges back in the canonical form [lower, upper).
    match (range.start, range.end) {
        (Bound::Included(lower), Bound::Excluded(upper)) if 0 <= lower && lower < upper => {
            Ok(lower.cast_unsigned()..upper.cast_unsigned())
        }
        _ => Err(QueueError::Corrupt(format!("the ordinals {range:?}"))),
    }
}

fn write_mode(mode: Mode) -> i16 {
    i16::from(mode.number())
}
