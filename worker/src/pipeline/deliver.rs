//! The last stage: results as durable files, and then as events.

use super::{
    Event,
    lease::{Lease, Step},
    mine::Mined,
    stage::{Share, StageClock, StageShares},
};
use crate::{metrics::Measures, outcome::Outcome, upload::Batch};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};
use superposed_shared::destination::{Uploader, Uploads};
use tokio::{runtime::Handle, sync::mpsc, task::JoinHandle};
use tracing::{Instrument, debug_span};

/// How often the log says what the stages spent their time on, while there is work.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// The pipeline has rested when nothing came for so long.
const REST: Duration = Duration::from_secs(2);

/// Writes results and tells what happened. Batches are written side by side, as many as there is room for, so that a store
/// that answers late does not hold up mining.
#[derive(Debug)]
pub(super) struct Deliver {
    runtime: Handle,
    uploader: Uploader,
    events: mpsc::UnboundedSender<Event>,
    shares: StageShares,
    measures: Measures,
    /// Batches of a lease, by its epoch, that are being written.
    on_their_way: HashMap<u64, Vec<JoinHandle<()>>>,
}

impl Deliver {
    pub(super) fn new(
        runtime: Handle,
        uploads: Uploads,
        events: mpsc::UnboundedSender<Event>,
        shares: StageShares,
        measures: Measures,
    ) -> Self {
        Self { runtime, uploader: Uploader::new(uploads), events, shares, measures, on_their_way: HashMap::new() }
    }

    /// Delivers batches until nobody can send one any more.
    pub(super) fn run(mut self, from: &Receiver<Step<Mined>>, clock: &StageClock) {
        let mut log = Log::new(self.shares.clone());
        loop {
            let step = match clock.wait(|| from.recv_timeout(REST)) {
                Ok(step) => step,
                Err(RecvTimeoutError::Timeout) => {
                    log.look(false);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return log.look(false),
            };
            match step {
                // What could not be written a moment ago is not tried again with every batch that comes.
                Step::Batch(lease, _) if lease.given_up() => {}
                Step::Batch(lease, mined) => self.deliver(lease, mined, clock),
                Step::Trouble(lease, error) => trouble(&self.events, &lease, error),
                Step::End(lease) => self.end(lease.work.epoch),
            }
            log.look(true);
        }
    }

    /// Begins to write a batch, once there is room for it.
    fn deliver(&mut self, lease: Arc<Lease>, Mined { campaign, results }: Mined, clock: &StageClock) {
        let epoch = lease.work.epoch;
        let description = &lease.work.description;
        let (batch, done, failed) = clock.work(|| {
            let Outcome { files, beside, done, failed } = Outcome::of(results, description, &campaign.destination);
            (Batch::new(&description.size, files, beside), done, failed)
        });
        let room = clock.hold_up(|| self.runtime.block_on(self.uploader.room(batch.bytes())));
        let (uploader, events, measures) = (self.uploader.clone(), self.events.clone(), self.measures.clone());
        let (start, bytes) = (Instant::now(), batch.bytes());
        let span = debug_span!(parent: &lease.work.span, "upload", bytes);
        let delivery = async move {
            let uploaded = batch.upload(&uploader, &campaign.destination).await;
            drop(room);
            if let Err(error) = uploaded {
                measures.uploads_failed.inc();
                return trouble(&events, &lease, error.to_string());
            }
            measures.upload_seconds.observe(start.elapsed().as_secs_f64());
            measures.uploaded_bytes.inc_by(bytes as u64);
            tracing::debug!(failed = failed.len(), "batch durable");
            if !done.is_empty() {
                tell(&events, Event::Done { epoch, ordinals: done });
            }
            for failure in failed {
                tracing::warn!(parent: &lease.work.span, error = failure.error, "job failed");
                tell(&events, Event::Failed { epoch, failure });
            }
        };
        let delivery = self.runtime.spawn(delivery.instrument(span));
        let of_lease = self.on_their_way.entry(epoch).or_default();
        of_lease.retain(|delivery| !delivery.is_finished());
        of_lease.push(delivery);
    }

    /// Tells that a lease has ended, once all of it is written.
    fn end(&mut self, epoch: u64) {
        tell(&self.events, Event::Mined { epoch });
        let on_their_way = self.on_their_way.remove(&epoch).unwrap_or_default();
        let events = self.events.clone();
        self.runtime.spawn(async move {
            for delivery in on_their_way {
                // What panicked was not told, so it goes back with what is left of the lease.
                let _ = delivery.await;
            }
            tell(&events, Event::Ended { epoch });
        });
    }
}

/// Gives the lease up and says why, once.
fn trouble(events: &mpsc::UnboundedSender<Event>, lease: &Lease, error: String) {
    if lease.give_up() {
        let campaign = lease.work.campaign;
        tracing::error!(parent: &lease.work.span, error, "trouble");
        tell(events, Event::Trouble { campaign, error });
    }
}

/// The agent may be gone already, when the process stops; then nobody needs to know.
fn tell(events: &mpsc::UnboundedSender<Event>, event: Event) {
    let _ = events.send(event);
}

/// Says now and then what the stages spent their time on, from when one began to work until all rest.
struct Log {
    shares: StageShares,
    /// When what is to be said next begins.
    from: [Share; 3],
    /// When to say it; not while all rest.
    due: Option<Instant>,
}

impl Log {
    fn new(shares: StageShares) -> Self {
        Self { from: shares.so_far(), shares, due: None }
    }

    /// To be called every few seconds, and when something happened.
    fn look(&mut self, something_happened: bool) {
        let (now, so_far) = (Instant::now(), self.shares.so_far());
        let rests = !something_happened && !self.shares.any_at_work();
        match self.due {
            None if rests => self.from = so_far,
            None => self.due = Some(now + LOGGED_EVERY),
            Some(due) if rests || due <= now => {
                self.say(&so_far);
                self.from = so_far;
                self.due = (!rests).then(|| now + LOGGED_EVERY);
            }
            Some(_) => {}
        }
    }

    fn say(&self, so_far: &[Share; 3]) {
        let [prepare, mine, deliver] = [0, 1, 2].map(|stage| so_far[stage].since(self.from[stage]));
        tracing::info!(%prepare, %mine, %deliver, "what the stages spent their time on");
    }
}
