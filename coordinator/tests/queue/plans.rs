//! What the frequent statements read, as Postgres counts it: no more with many finished jobs than with few.

use crate::support::{Campaign, Database};
use sqlx::{
    AssertSqlSafe,
    types::{Json, JsonValue},
};
use superposed::queue::Queue;
use superposed_identity::Mode;
use superposed_shared::description::CampaignId;

/// A deeper index costs a few blocks; a scan of what is finished would cost thousands.
const SLACK: i64 = 24;

macro_rules! sql {
    ($name:literal) => {
        ($name, include_str!(concat!("../../src/queue/sql/", $name, ".sql")))
    };
}

/// A campaign whose first layer is done, in spans of `per_span` jobs that cannot be merged, the last few not looked at by
/// merging; whose second is not begun but for a lease; and in whose third one job failed for fifty that are done.
async fn with_finished(queue: &Queue, jobs: i32, per_span: i32) -> CampaignId {
    let campaign = Campaign::new("one").layer(0, &format!("0-{}", jobs / 2 - 1)).layer(1, "0-999");
    let id = campaign.layer(2, &format!("0-{}", jobs / 100 - 1)).submit(queue).await;
    for statement in [
        "DELETE FROM spans WHERE campaign_id = $1 AND layer <> 1 AND $2 > 0 AND $3 > 0",
        "INSERT INTO spans (campaign_id, mode, layer, ordinals, state, attempts, tidied) \
         SELECT $1, 1, 0, int4range(lower, lower + $3), 'done', lower / $3 % 2, $2 - lower > 5 * $3 \
         FROM generate_series(0, $2 - $3, $3) AS lower",
        "INSERT INTO spans (campaign_id, mode, layer, ordinals, state, attempts, error) \
         SELECT $1, 1, 2, int4range(n, n + 1), 'failed', 2, 'an error' FROM generate_series(0, $2 / 50 - 1) AS n \
         WHERE $3 > 0",
        "UPDATE layers SET failed = jobs WHERE campaign_id = $1 AND layer = 2 AND $2 > 0 AND $3 > 0",
    ] {
        let statement = sqlx::query(statement).bind(id.0).bind(jobs).bind(per_span);
        statement.execute(queue.pool()).await.expect("the database is there");
    }
    sqlx::query("VACUUM ANALYZE").execute(queue.pool()).await.expect("the database is there");
    id
}

/// How many blocks a statement reads, of tables and indexes, with its arguments in SQL; planned as coordinators have it
/// planned, for any arguments.
async fn blocks(queue: &Queue, (name, sql): (&'static str, &str), arguments: &str) -> (&'static str, i64) {
    let mut connection = queue.pool().acquire().await.expect("the database is there");
    let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
    let prepare = AssertSqlSafe(format!("PREPARE measured AS {sql}"));
    sqlx::raw_sql(prepare).execute(&mut *connection).await.expect("a legal statement");
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE measured{arguments}"));
    let explained = sqlx::query_scalar(explain).fetch_one(&mut *connection).await;
    let Json::<JsonValue>(plan) = explained.unwrap_or_else(|error| panic!("{name}: {error}"));
    sqlx::raw_sql("DEALLOCATE measured").execute(&mut *connection).await.expect("it was prepared");
    let count = |name: &str| plan[0]["Plan"][name].as_i64().expect("a count");
    (name, count("Shared Hit Blocks") + count("Shared Read Blocks"))
}

/// What each of the frequent statements reads.
async fn all_blocks(queue: &Queue, id: CampaignId) -> Vec<(&'static str, i64)> {
    let id = id.0.to_string();
    let statements = [
        (sql!("claim_candidate"), format!("{id}, 1, 1, '{{}}', true")),
        (sql!("claimable"), "'{}'".to_owned()),
        (sql!("held_rows"), "'a'".to_owned()),
        (sql!("progress"), id.clone()),
        (sql!("ended"), id.clone()),
        (sql!("unfinished"), id.clone()),
        (sql!("failures"), format!("{id}, 10")),
        (sql!("totals"), String::new()),
        (sql!("campaign"), format!("{id}, 60")),
        (sql!("next_due"), "5".to_owned()),
        (sql!("expired"), "16, 5, 0".to_owned()),
        (sql!("wedged"), "900".to_owned()),
        (sql!("workers"), String::new()),
        (sql!("live"), "60, 1000".to_owned()),
        (sql!("live_workers"), "20".to_owned()),
        (sql!("assignments"), "NULL".to_owned()),
        (sql!("rates"), format!("{id}, 7200, 60")),
        (sql!("untidied"), String::new()),
        (sql!("merge_done"), format!("{id}, 1, 0, 1000")),
    ];
    let mut all = Vec::new();
    for (statement, arguments) in &statements {
        all.push(blocks(queue, *statement, arguments).await);
    }
    all
}

#[tokio::test]
async fn nothing_that_is_asked_often_reads_more_when_a_hundred_times_more_is_finished() {
    let mut table = Vec::new();
    // All finished jobs of the layer in one span, and in spans of ten.
    for (jobs, per_span) in [(10_000, 10_000), (1_000_000, 1_000_000), (10_000, 10), (1_000_000, 10)] {
        let database = Database::start().await;
        let queue = database.queue().await;
        let id = with_finished(&queue, jobs, per_span).await;
        crate::support::Worker::new(&queue, "a").lease(16).await;
        table.push(all_blocks(&queue, id).await);
    }
    let [few, many, few_fragments, many_fragments] = <[_; 4]>::try_from(table).expect("four cases");
    for (index, (name, blocks)) in few.iter().enumerate() {
        let [many, few_fragments, many_fragments] = [&many, &few_fragments, &many_fragments].map(|case| case[index].1);
        eprintln!("{name:<16} {blocks:>4} {many:>4} {few_fragments:>4} {many_fragments:>4} blocks");
        assert!(many <= blocks + SLACK, "{name} reads {many} blocks with 1M finished jobs, {blocks} with 10k");
        assert!(
            many_fragments <= few_fragments + SLACK,
            "{name} reads {many_fragments} blocks with 100k finished spans, {few_fragments} with 1k"
        );
    }
}

/// Four modes of 96 layers, so wide that there are about so many jobs, with a thousand workers that hold some.
async fn with_a_thousand_workers(queue: &Queue, jobs: u32) -> CampaignId {
    let neurons = jobs / (2 * 96 * 4);
    let mut campaign = Campaign::new("wide");
    for mode in Mode::ALL {
        for layer in 0..96 {
            campaign = campaign.layer_of(mode, layer, &format!("0-{}", neurons - 1));
        }
    }
    let id = campaign.submit(queue).await;
    for index in 0..1000 {
        let mut worker = crate::support::Worker::new(queue, &format!("worker-{index}"));
        for lease in worker.claim(16).await {
            let start = lease.ordinals.start;
            worker.complete(lease.epoch, std::slice::from_ref(&(start..start + 2))).await;
        }
    }
    sqlx::query("VACUUM ANALYZE").execute(queue.pool()).await.expect("the database is there");
    id
}

#[tokio::test]
async fn what_people_look_at_reads_at_most_twice_as_much_with_a_hundred_times_the_jobs() {
    let mut table = Vec::new();
    for jobs in [120_000, 12_000_000] {
        let database = Database::start().await;
        let queue = database.queue().await;
        let id = with_a_thousand_workers(&queue, jobs).await.0.to_string();
        let statements = [
            (sql!("progress"), id.clone()),
            (sql!("failures"), format!("{id}, 10")),
            (sql!("totals"), String::new()),
            (sql!("campaign"), format!("{id}, 60")),
            (sql!("workers"), String::new()),
            (sql!("assignments"), "NULL".to_owned()),
            (sql!("assignments"), id.clone()),
            (sql!("rates"), format!("{id}, 7200, 60")),
        ];
        let mut all = Vec::new();
        for (statement, arguments) in &statements {
            all.push(blocks(&queue, *statement, arguments).await);
        }
        table.push(all);
    }
    let [few, many] = <[_; 2]>::try_from(table).expect("two cases");
    for ((name, few), (_, many)) in few.into_iter().zip(many) {
        eprintln!("{name:<16} {few:>5} {many:>5} blocks");
        assert!(many <= 2 * few, "{name} reads {many} blocks with 12M jobs, {few} with 120k");
    }
}
