//! Names of workers: whose they are, and for how long.

use crate::support::{Campaign, Worker, start};
use superposed::queue::QueueError;

#[tokio::test]
async fn a_name_belongs_to_the_process_that_is_alive_under_it() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut first = Worker::new(&queue, "a");
    let lease = first.lease(16).await;
    let mut second = Worker::new(&queue, "a");
    second.identity.boot = 2;
    second.identity.sequence = 1;
    let refused = second.register(false).await.expect_err("it was accepted");
    assert!(matches!(&refused, QueueError::NameTaken { name, .. } if name == "a"), "{refused}");
    assert!(refused.to_string().ends_with("Should it have died, its name is free in 20 s"), "{refused}");
    // The first keeps what it has, and goes on.
    assert_eq!(first.renew(&[lease.epoch]).await, []);
    first.sync().await;
    // Killed, it is silent for the time of a lease; then its successor has the name, and its leases end.
    first.fall_silent().await;
    assert!(second.register(false).await.expect("the name is free"));
    assert_eq!(second.claim(16).await.len(), 2);
    assert_eq!(first.renew(&[lease.epoch]).await, [lease.epoch]);
    // It was only asleep: now it is the one that is refused.
    first.identity.sequence += 1;
    assert!(matches!(first.register(false).await, Err(QueueError::NameTaken { .. })));
}

#[tokio::test]
async fn workers_that_are_gone_for_long_are_forgotten_unless_they_hold_something() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    Worker::new(&queue, "holds").lease(16).await;
    Worker::new(&queue, "gone").sync().await;
    let gone = "UPDATE workers SET last_sync = now() - interval '25 hours'";
    sqlx::query(gone).execute(queue.pool()).await.expect("the database is there");
    Worker::new(&queue, "new").sync().await;
    queue.forget().await.expect("the database is there");
    let known = queue.workers().await.expect("the database is there");
    assert_eq!(known.iter().map(|worker| worker.id.as_str()).collect::<Vec<_>>(), ["holds", "new"]);
    // A name that comes back is a new worker's, whatever its numbers.
    Worker::new(&queue, "gone").sync().await;
}
