//! Files and bytes a second of `Uploader`, beside a plain loop of `object_store` with as many requests at a time, to one S3
//! server on loopback and to a directory; the two take turns in one run.
//!
//! ```sh
//! cargo run --release -p superposed-shared --example uploads -- [JOBS] [ROUNDS] [AT A TIME]
//! ```

#![expect(clippy::print_stdout, reason = "what was measured is what this is for")]

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, local::LocalFileSystem, path::Path as ObjectPath,
};
use std::{env, sync::Arc, time::Instant};
use superposed_shared::destination::{Destination, Files, Uploader, Uploads};
use superposed_storage::test_server::{KEY, SECRET, TestServer};
use tokio::task::JoinSet;

/// Jobs of a batch, as a worker writes them.
const BATCH: usize = 128;

/// The three files of a job, about as long as those with three word sets and a pool of some hundred words.
const LENGTHS: [(&str, usize); 3] = [("_isets.csv", 450), ("_topics.csv", 240), (".pkl", 1_500)];

type Error = Box<dyn std::error::Error + Send + Sync>;

fn jobs(count: usize, round: usize) -> Vec<Files> {
    let job = |n: usize| {
        let file = |(ending, length): (&str, usize)| {
            // No two are the same.
            let content: Vec<u8> = (0..length).map(|at| (at.wrapping_mul(31) ^ (n + round * count)) as u8).collect();
            (format!("i/0_{n}_pos{ending}"), Bytes::from(content))
        };
        LENGTHS.map(file).to_vec()
    };
    (0..count).map(job).collect()
}

async fn plain(store: Arc<dyn ObjectStore>, to: Destination, jobs: Vec<Files>, at_a_time: usize) -> Result<f64, Error> {
    let start = Instant::now();
    stream::iter(jobs.into_iter().flatten())
        .map(async |(path, content)| store.put(&ObjectPath::from(path), content.into()).await)
        .buffer_unordered(at_a_time)
        .try_for_each(async |_| Ok(()))
        .await?;
    // Once for all, where the other does it for every batch; nothing to a bucket.
    to.sync().await?;
    Ok(start.elapsed().as_secs_f64())
}

async fn ours(destination: Destination, mut jobs: Vec<Files>, uploads: Uploads) -> Result<f64, Error> {
    let (start, uploader) = (Instant::now(), Uploader::new(uploads));
    let mut on_their_way = JoinSet::new();
    while !jobs.is_empty() {
        let batch = jobs.split_off(jobs.len().saturating_sub(BATCH));
        let room = uploader.room(batch.iter().flatten().map(|(_, content)| content.len()).sum()).await;
        let (uploader, destination) = (uploader.clone(), destination.clone());
        on_their_way.spawn(async move {
            uploader.upload(&destination, batch).await?;
            destination.sync().await?;
            drop(room);
            Ok::<_, Error>(())
        });
    }
    while let Some(done) = on_their_way.join_next().await {
        done??;
    }
    Ok(start.elapsed().as_secs_f64())
}

fn main() -> Result<(), Error> {
    superposed_storage::prepare_tls();
    let mut numbers = env::args().skip(1).map(|number| number.parse::<usize>());
    let mut number = |default| numbers.next().unwrap_or(Ok(default));
    let (count, rounds, at_a_time) = (number(2_000)?, number(5)?, number(128)?);
    let server = TestServer::start(&["bench"]);
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    for (to, at_a_time) in [("s3", at_a_time), ("directory", at_a_time.min(16))] {
        let uploads = Uploads { objects: at_a_time, ..Uploads::default() };
        let mut ratios = Vec::new();
        for round in 0..rounds {
            let prefix = |who: &str| format!("{who}-{round}");
            let place = |who: &str| match to {
                "s3" => format!("s3://bench/{}", prefix(who)),
                _ => directory.path().join(prefix(who)).display().to_string(),
            };
            let store: Arc<dyn ObjectStore> = if to == "s3" {
                let client = AmazonS3Builder::new()
                    .with_bucket_name("bench")
                    .with_endpoint(format!("http://{}/", server.address()))
                    .with_access_key_id(KEY)
                    .with_secret_access_key(SECRET)
                    .with_client_options(ClientOptions::new().with_allow_http(true))
                    .build()?;
                Arc::new(object_store::prefix::PrefixStore::new(client, prefix("plain")))
            } else {
                std::fs::create_dir_all(place("plain"))?;
                Arc::new(LocalFileSystem::new_with_prefix(place("plain"))?)
            };
            let settings = superposed_storage::Settings { uploads, ..server.settings() };
            let destination = Destination::open_with(&place("ours"), &settings)?;
            let synced = destination.clone();
            let plain = || runtime.block_on(plain(store, synced, jobs(count, round), at_a_time));
            let ours = || runtime.block_on(ours(destination, jobs(count, round), uploads));
            // In turns, which of the two is first.
            let (plain, ours) = if round % 2 == 0 {
                let plain = plain()?;
                (plain, ours()?)
            } else {
                let ours = ours()?;
                (plain()?, ours)
            };
            let files = (count * LENGTHS.len()) as f64;
            let mebibytes =
                (count * LENGTHS.iter().map(|(_, length)| length).sum::<usize>()) as f64 / f64::from(1 << 20);
            println!(
                "{to} {round}: plain {:.0} files/s {:.2} MiB/s, ours {:.0} files/s {:.2} MiB/s, ratio {:.3}",
                files / plain,
                mebibytes / plain,
                files / ours,
                mebibytes / ours,
                plain / ours
            );
            ratios.push(plain / ours);
        }
        ratios.sort_by(f64::total_cmp);
        println!("{to}: {at_a_time} at a time, median ratio {:.3}", ratios[ratios.len() / 2]);
    }
    Ok(())
}
