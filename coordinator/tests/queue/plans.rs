//! What the frequent statements read, as Postgres counts it: no more with many finished jobs than with few.

use crate::support::{Campaign, Database};
use sqlx::{
    AssertSqlSafe, Postgres,
    query::QueryScalar,
    types::{Json, JsonValue},
};
use superposed::queue::Queue;
use superposed_shared::description::CampaignId;

/// A deeper index costs a few blocks; a scan of what is finished would cost thousands.
const SLACK: i64 = 24;

macro_rules! sql {
    ($name:literal) => {
        ($name, include_str!(concat!("../../src/queue/sql/", $name, ".sql")))
    };
}

/// A campaign whose first layer is done, in spans of `per_span` jobs, and whose second is not begun but for a lease.
async fn with_finished(queue: &Queue, jobs: i32, per_span: i32) -> CampaignId {
    let id = Campaign::new("one").layer(0, &format!("0-{}", jobs / 2 - 1)).layer(1, "0-999").submit(queue).await;
    for statement in [
        "DELETE FROM spans WHERE campaign_id = $1 AND layer = 0 AND $2 > 0 AND $3 > 0",
        "INSERT INTO spans (campaign_id, mode, layer, ordinals, state) \
         SELECT $1, 1, 0, int4range(lower, lower + $3), 'done' FROM generate_series(0, $2 - $3, $3) AS lower",
    ] {
        let statement = sqlx::query(statement).bind(id.0).bind(jobs).bind(per_span);
        statement.execute(queue.pool()).await.expect("the database is there");
    }
    sqlx::query("VACUUM ANALYZE").execute(queue.pool()).await.expect("the database is there");
    id
}

type Query<'a> = QueryScalar<'a, Postgres, Json<JsonValue>, sqlx::postgres::PgArguments>;

/// How many blocks a statement reads, of tables and indexes.
async fn blocks(queue: &Queue, sql: &str, bind: impl FnOnce(Query<'_>) -> Query<'_>) -> i64 {
    let explain = AssertSqlSafe(format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"));
    let Json(plan) = bind(sqlx::query_scalar(explain)).fetch_one(queue.pool()).await.expect("a plan");
    let count = |name: &str| plan[0]["Plan"][name].as_i64().expect("a count");
    count("Shared Hit Blocks") + count("Shared Read Blocks")
}

/// What each of the frequent statements reads.
async fn all_blocks(queue: &Queue, id: CampaignId) -> Vec<(&'static str, i64)> {
    let mut all = Vec::new();
    let (name, sql) = sql!("claim_candidate");
    all.push((
        name,
        blocks(queue, &format!("{sql} SKIP LOCKED"), |query| {
            query.bind(Some(id.0)).bind(Some(1_i16)).bind(Some(1_i32)).bind(Vec::<i64>::new())
        })
        .await,
    ));
    for (name, sql) in [sql!("progress"), sql!("ended"), sql!("unfinished")] {
        all.push((name, blocks(queue, sql, |query| query.bind(id.0)).await));
    }
    let (name, sql) = sql!("failures");
    all.push((name, blocks(queue, sql, |query| query.bind(id.0).bind(1000_i64)).await));
    let (name, sql) = sql!("totals");
    all.push((name, blocks(queue, sql, |query| query).await));
    let (name, sql) = sql!("campaign");
    all.push((name, blocks(queue, sql, |query| query.bind(Some(id.0)).bind(60.0)).await));
    let (name, sql) = sql!("next_due");
    all.push((name, blocks(queue, sql, |query| query.bind(5.0)).await));
    let (name, sql) = sql!("expired");
    all.push((name, blocks(queue, sql, |query| query.bind(16_i64).bind(5.0).bind(0.0)).await));
    let (name, sql) = sql!("wedged");
    all.push((name, blocks(queue, sql, |query| query.bind(900.0)).await));
    let (name, sql) = sql!("workers");
    all.push((name, blocks(queue, sql, |query| query).await));
    all
}

#[tokio::test]
async fn nothing_that_is_asked_often_reads_more_when_a_hundred_times_more_is_finished() {
    let mut table = Vec::new();
    // All finished jobs of the layer in one span, and in spans of ten that were not merged.
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
