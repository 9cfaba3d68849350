//! `graphile_worker`: a row for each job.

use crate::{cpu::CpuTime, drain::Drained, installation::Installation};
use anyhow::Result;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, WorkerContext, WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

const SCHEMA: &str = "graphile_worker";

/// Jobs in one call of its bulk insertion.
const CHUNK: u32 = 100_000;

/// How it is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tuning {
    /// As its guide has it under "Throughput-oriented worker".
    Guide,
    /// As its own benchmark `perf_test` has it.
    OwnBenchmark,
}

impl Tuning {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Guide => "graphile_worker 0.14.1, as its guide advises: concurrency 16, local queue of 100",
            Self::OwnBenchmark => {
                "graphile_worker 0.14.1, as its benchmark has it: concurrency 500, local queue of 5,000"
            }
        }
    }

    fn options(self) -> WorkerOptions {
        let batch = Duration::from_millis(5);
        let (concurrency, poll, queue) = match self {
            Self::Guide => (16, Duration::from_millis(500), 100),
            Self::OwnBenchmark => (500, Duration::from_millis(5), 5_000),
        };
        WorkerOptions::default()
            .concurrency(concurrency)
            .poll_interval(poll)
            .complete_job_batch_delay(batch)
            .fail_job_batch_delay(batch)
            .local_queue(LocalQueueConfig::default().with_size(queue).with_ttl(Duration::from_secs(300)))
    }
}

/// A job that does nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Nothing {
    id: u32,
}

#[derive(Debug, Clone)]
struct Counter(Arc<AtomicU32>);

impl TaskHandler for Nothing {
    const IDENTIFIER: &'static str = "nothing";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        if let Some(counter) = context.get_ext::<Counter>() {
            counter.0.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<(), String>(())
    }
}

/// The peer's queue, in a database of its own.
#[derive(Debug)]
pub(crate) struct Peer {
    pool: PgPool,
}

impl Peer {
    pub(crate) async fn start(url: &str) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(50).connect(url).await?;
        WorkerUtils::new(pool.clone(), SCHEMA).migrate().await?;
        Ok(Self { pool })
    }

    /// Queues jobs by its bulk insertion; returns how long that took.
    pub(crate) async fn insert(&self, jobs: u32) -> Result<Duration> {
        let utils = WorkerUtils::new(self.pool.clone(), SCHEMA);
        let spec = JobSpec::default();
        let start = Instant::now();
        for first in (0..jobs).step_by(CHUNK as usize) {
            let chunk: Vec<_> = (first..jobs.min(first + CHUNK)).map(|id| (Nothing { id }, &spec)).collect();
            utils.add_jobs::<Nothing>(&chunk).await?;
        }
        let took = start.elapsed();
        // So that it is planned for what is there.
        sqlx::query("ANALYZE graphile_worker._private_jobs").execute(&self.pool).await?;
        Ok(took)
    }

    /// Works off what is queued.
    pub(crate) async fn drain(&self, installation: &Installation, jobs: u32, tuning: Tuning) -> Result<Drained> {
        let done = Arc::new(AtomicU32::new(0));
        let options = tuning.options().schema(SCHEMA).pg_pool(self.pool.clone());
        let worker = options.add_extension(Counter(Arc::clone(&done))).define_job::<Nothing>().init().await?;
        let worker = Arc::new(worker);
        let measured = installation.measure()?;
        let running = tokio::spawn({
            let worker = Arc::clone(&worker);
            async move { worker.run().await.map_err(|error| error.to_string()) }
        });
        while done.load(Ordering::Relaxed) < jobs || self.any_left().await? {
            anyhow::ensure!(!running.is_finished(), "graphile_worker ended with jobs left");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (took, cpu): (Duration, CpuTime) = measured.stop()?;
        worker.request_shutdown();
        running.await?.map_err(anyhow::Error::msg)?;
        Ok(Drained { jobs, took, cpu, syncs: Vec::new(), repeated: 0 })
    }

    /// Completed jobs are deleted, some milliseconds after they ran.
    async fn any_left(&self) -> Result<bool> {
        let left = sqlx::query_scalar("SELECT EXISTS (SELECT FROM graphile_worker._private_jobs)");
        Ok(left.fetch_one(&self.pool).await?)
    }
}
