//! The last stage: results as durable files, and then as events.

use super::{
    Event,
    lease::{Lease, Step},
    mine::Mined,
    stage::{Share, StageClock, StageShares},
};
use crate::{outcome::Outcome, upload::upload};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};
use superposed_shared::destination::DestinationError;
use tokio::{runtime::Handle, sync::mpsc};

/// How often the log says what the stages spent their time on, while there is work.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// The pipeline has rested when nothing came for so long.
const REST: Duration = Duration::from_secs(2);

/// Writes results and tells what happened.
#[derive(Debug)]
pub(super) struct Deliver {
    runtime: Handle,
    events: mpsc::UnboundedSender<Event>,
    shares: StageShares,
}

impl Deliver {
    pub(super) fn new(runtime: Handle, events: mpsc::UnboundedSender<Event>, shares: StageShares) -> Self {
        Self { runtime, events, shares }
    }

    /// Delivers batches until nobody can send one any more.
    pub(super) fn run(self, from: &Receiver<Step<Mined>>, clock: &StageClock) {
        let mut log = Log::new(self.shares.clone());
        loop {
            let step = match clock.wait(|| from.recv_timeout(REST)) {
                Ok(step) => step,
                Err(RecvTimeoutError::Timeout) => {
                    log.rest();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return log.rest(),
            };
            match step {
                // What could not be written a moment ago is not tried again with every batch that comes.
                Step::Batch(lease, _) if lease.given_up() => {}
                Step::Batch(lease, mined) => {
                    if let Err(error) = clock.work(|| self.deliver(&lease, mined)) {
                        self.trouble(&lease, error.to_string());
                    }
                }
                Step::Trouble(lease, error) => self.trouble(&lease, error),
                Step::End(lease) => self.tell(Event::Ended { epoch: lease.work.epoch }),
            }
            log.work();
        }
    }

    fn deliver(&self, lease: &Lease, Mined { campaign, results }: Mined) -> Result<(), DestinationError> {
        let epoch = lease.work.epoch;
        let description = &lease.work.description;
        let outcome = Outcome::of(results, description, &campaign.destination);
        let uploaded = upload(&campaign.destination, &description.size, outcome.files, outcome.beside);
        self.runtime.block_on(uploaded)?;
        if !outcome.done.is_empty() {
            self.tell(Event::Done { epoch, ordinals: outcome.done });
        }
        for failure in outcome.failed {
            tracing::warn!(error = failure.error, "job failed");
            self.tell(Event::Failed { epoch, failure });
        }
        Ok(())
    }

    /// Gives the lease up and says why, once.
    fn trouble(&self, lease: &Lease, error: String) {
        if lease.give_up() {
            let campaign = lease.work.campaign;
            tracing::error!(campaign, error, "trouble");
            self.tell(Event::Trouble { campaign, error });
        }
    }

    /// The agent may be gone already, when the process stops; then nobody needs to know.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }
}

/// Says now and then what the stages spent their time on, counting from the first batch after a rest to the last.
struct Log {
    shares: StageShares,
    first: [Share; 3],
    last: [Share; 3],
    /// When to say it next; not before there was work.
    due: Option<Instant>,
}

impl Log {
    fn new(shares: StageShares) -> Self {
        Self { shares, first: Default::default(), last: Default::default(), due: None }
    }

    fn work(&mut self) {
        let now = Instant::now();
        self.last = self.shares.so_far();
        match self.due {
            None => (self.first, self.due) = (self.last, Some(now + LOGGED_EVERY)),
            Some(due) if due <= now => {
                self.say();
                (self.first, self.due) = (self.last, Some(now + LOGGED_EVERY));
            }
            Some(_) => {}
        }
    }

    fn rest(&mut self) {
        if self.due.take().is_some() && self.first != self.last {
            self.say();
        }
    }

    fn say(&self) {
        let [prepare, mine, deliver] = [0, 1, 2].map(|stage| self.last[stage].since(self.first[stage]));
        tracing::info!(%prepare, %mine, %deliver, "what the stages spent their time on");
    }
}
