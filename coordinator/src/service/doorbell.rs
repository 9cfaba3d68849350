//! Wakes Syncs that wait for work, one at a time as long as there is some.
//!
//! A thousand idle workers must not all ask the database whenever a span is queued. So the bell wakes one of them. Who
//! finds work wakes two more, who finds none wakes nobody: what there is reaches as many as it is enough for, soon, and
//! about as many look in vain as one ring woke.

use crate::queue::{Queue, QueueError};
use futures::{StreamExt, stream};
use std::{pin::pin, time::Duration};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

/// How long to wait before a database that is away is tried again.
const AWAY: Duration = Duration::from_secs(1);

/// Where those that wait for work are woken.
#[derive(Debug, Default)]
pub struct Doorbell {
    waiting: Notify,
}

impl Doorbell {
    /// Work may be there: the one that waited longest looks. When nobody waits, the next to wait does.
    pub fn ring(&self) {
        self.waiting.notify_one();
    }

    /// Waits for a turn to look for work, at most for `patience`.
    pub(super) async fn turn(&self, patience: Duration) -> Option<Turn<'_>> {
        timeout(patience, self.waiting.notified()).await.ok()?;
        Some(Turn(self))
    }

    /// Rings when work becomes available, whichever coordinator or worker made it so, and when some is due.
    pub async fn listen(&self, queue: &Queue) {
        loop {
            if let Err(error) = self.listen_once(queue).await {
                tracing::warn!(error = %error, "cannot hear of work, will try again");
            }
            sleep(AWAY).await;
            // Those that wait find out whether the database is there.
            self.ring();
        }
    }

    /// Listens on one connection until it is lost for good.
    async fn listen_once(&self, queue: &Queue) -> Result<(), QueueError> {
        // A stream, because it goes on where it was when waiting for it was given up.
        let news = stream::unfold(queue.listen().await?, async |mut news| Some((news.next().await, news)));
        let mut news = pin!(news);
        // Work may have come while nobody listened.
        self.ring();
        loop {
            let due = queue.next_due().await?;
            if let Ok(heard) = timeout(due, news.next()).await {
                heard.unwrap_or(Ok(()))?;
            }
            self.ring();
        }
    }
}

/// A turn to look for work. Given up before it is known whether there is any, it passes to the next that waits.
#[derive(Debug)]
#[must_use]
pub(super) struct Turn<'a>(&'a Doorbell);

impl Turn<'_> {
    /// There was work, and there may be more.
    pub(super) fn found_work(self) {
        self.0.ring();
        // Dropped, it rings once more.
    }

    /// There was none: nobody else needs to look.
    pub(super) fn found_nothing(self) {
        std::mem::forget(self);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };
    use tokio::task::{JoinSet, yield_now};

    const LONG: Duration = Duration::from_secs(3600);

    /// How many of `waiting` look when `work` is there for so many of them, and how many of these find some.
    async fn looks(waiting: u32, work: u32) -> (u32, u32) {
        let bell = Arc::new(Doorbell::default());
        let (left, looked, found) =
            (Arc::new(AtomicU32::new(work)), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..waiting {
            let (bell, left, looked, found) =
                (Arc::clone(&bell), Arc::clone(&left), Arc::clone(&looked), Arc::clone(&found));
            tasks.spawn(async move {
                loop {
                    let turn = bell.turn(LONG).await.expect("nobody waits for an hour");
                    looked.fetch_add(1, Ordering::Relaxed);
                    let some = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
                    if some.is_ok() {
                        found.fetch_add(1, Ordering::Relaxed);
                        return turn.found_work();
                    }
                    turn.found_nothing();
                }
            });
        }
        settle().await;
        bell.ring();
        settle().await;
        (looked.load(Ordering::Relaxed), found.load(Ordering::Relaxed))
    }

    /// Until everybody waits: on one thread, all others had their turns many times over.
    async fn settle() {
        for _ in 0..10_000 {
            yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_there_is_reaches_as_many_as_it_is_enough_for_and_few_others_look() {
        assert_eq!(looks(1000, 0).await, (1, 0));
        let (looked, found) = looks(1000, 100).await;
        assert_eq!(found, 100);
        assert!(looked <= 202, "{looked} looked for 100 pieces of work");
        assert_eq!(looks(50, 100).await, (50, 50));
    }

    #[tokio::test]
    async fn a_ring_that_nobody_hears_is_kept_for_the_next() {
        let bell = Doorbell::default();
        bell.ring();
        bell.ring();
        bell.turn(LONG).await.expect("it was rung").found_nothing();
        assert!(bell.turn(Duration::ZERO).await.is_none());
    }

    #[tokio::test]
    async fn a_turn_that_is_given_up_passes_to_the_next() {
        let bell = Doorbell::default();
        bell.ring();
        drop(bell.turn(LONG).await);
        assert!(bell.turn(Duration::ZERO).await.is_some());
    }
}
