//! The first stage: leases as batches with their inputs.

use super::{
    lease::{Lease, Step, Work},
    stage::{Gone, StageClock},
};
use crate::{
    artefacts::{Artefacts, Campaign, Opened},
    assignment::{Assignment, Batch},
    input::{BatchInput, Input, InputError},
    metrics::Measures,
};
use rayon::ThreadPool;
use std::{
    sync::{Arc, mpsc::SyncSender},
    time::Instant,
};
use tokio::{runtime::Handle, sync::mpsc};
use tracing::{Span, debug_span};

/// A batch that can be mined.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) campaign: Arc<Campaign>,
    pub(super) batch: Batch,
    pub(super) input: BatchInput,
}

/// Opens artefacts and computes or reads inputs.
#[derive(Debug)]
pub(super) struct Prepare {
    artefacts: Artefacts,
    miners: Arc<ThreadPool>,
    runtime: Handle,
    measures: Measures,
}

type To = SyncSender<Step<Prepared>>;

impl Prepare {
    pub(super) fn new(artefacts: Artefacts, miners: Arc<ThreadPool>, runtime: Handle, measures: Measures) -> Self {
        Self { artefacts, miners, runtime, measures }
    }

    /// Works off leases until nobody can send one any more.
    pub(super) fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Work>, to: &To, clock: &StageClock) {
        while let Some(work) = clock.wait(|| inbox.blocking_recv()) {
            let lease = Lease::new(work);
            if self.lease(&lease, to, clock).and_then(|()| clock.send(to, Step::End(lease))).is_err() {
                return;
            }
        }
    }

    fn lease(&mut self, lease: &Arc<Lease>, to: &To, clock: &StageClock) -> Result<(), Gone> {
        if lease.stopped() {
            return Ok(());
        }
        let (Opened { campaign, input: from }, batches) = match clock.work(|| self.open(&lease.work)) {
            Ok(opened) => opened,
            Err(error) => return clock.send(to, Step::Trouble(Arc::clone(lease), error)),
        };
        for batch in batches {
            if lease.stopped() {
                break;
            }
            let assignment = &lease.work.assignment;
            match clock.work(|| self.input(&from, assignment, &batch, &lease.work.span)) {
                Ok(input) => {
                    let prepared = Prepared { campaign: Arc::clone(&campaign), batch, input };
                    clock.send(to, Step::Batch(Arc::clone(lease), prepared))?;
                }
                Err(error) => return clock.send(to, Step::Trouble(Arc::clone(lease), error.to_string())),
            }
        }
        Ok(())
    }

    fn open(&mut self, work: &Work) -> Result<(Opened, Vec<Batch>), String> {
        let Work { description, assignment, span, .. } = work;
        let _open = debug_span!(parent: span, "open").entered();
        let opened = self.artefacts.campaign(description).map_err(|error| error.to_string())?;
        let batches =
            assignment.batches(description.batch, description.polarities).map_err(|error| error.to_string())?;
        Ok((opened, batches))
    }

    fn input(
        &self,
        from: &Input,
        assignment: &Assignment,
        batch: &Batch,
        lease: &Span,
    ) -> Result<BatchInput, InputError> {
        let input = || from.of_batch(assignment, batch, &self.runtime);
        let (start, neurons) = (Instant::now(), batch.neurons.len());
        match from {
            // A forward pass on the cores is shared out among the threads that mine: they are as many as were asked for.
            Input::Model(_) => {
                let _forward = debug_span!(parent: lease, "forward", neurons).entered();
                let logits = self.miners.install(input);
                self.measures.forward_seconds.observe(start.elapsed().as_secs_f64());
                tracing::debug!("forward pass computed");
                logits
            }
            Input::Logits { .. } | Input::Pools(_) => {
                let _read = debug_span!(parent: lease, "read", neurons).entered();
                input()
            }
        }
    }
}
