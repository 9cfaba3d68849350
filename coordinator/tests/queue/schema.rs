//! Databases of other versions.

use crate::support::{settings, start};
use superposed::queue::{Queue, QueueError};

#[tokio::test]
async fn a_newer_schema_is_refused_with_what_to_do() {
    let (database, queue) = start().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'from the future', true, '', 0)";
    sqlx::query(newer).execute(queue.pool()).await.expect("the table is there");
    let error = Queue::connect(&database.url(), settings()).await.expect_err("it was accepted");
    assert!(matches!(error, QueueError::NewerSchema(9999)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "a newer version made the database's schema (migration 9999 is not known here): use that version, or one that \
         is newer still"
    );
}

#[tokio::test]
async fn two_coordinators_may_start_at_once_on_an_empty_database() {
    let database = crate::support::Database::start().await;
    let url = database.url();
    let (one, two) = tokio::join!(Queue::connect(&url, settings()), Queue::connect(&url, settings()));
    one.expect("the first starts");
    two.expect("the second starts");
}

#[tokio::test]
async fn the_database_itself_refuses_overlapping_spans() {
    let (_database, queue) = start().await;
    let campaign = crate::support::Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let overlap = "INSERT INTO spans (campaign_id, mode, layer, ordinals) VALUES ($1, 1, 0, '[3,4)')";
    let error = sqlx::query(overlap).bind(campaign.0).execute(queue.pool()).await.expect_err("it was accepted");
    assert!(error.to_string().contains("spans_do_not_overlap"), "{error}");
}
