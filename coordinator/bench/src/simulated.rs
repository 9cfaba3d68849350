//! A worker that speaks the protocol and mines nothing.

use anyhow::{Result, ensure};
use std::time::Duration;
use superposed_shared::proto::{
    PROTOCOL_VERSION,
    v1::{self, worker_service_client::WorkerServiceClient},
};
use tonic::{Code, transport::Channel};

/// How long a worker waits before it repeats a Sync that failed: the least that real ones wait.
const BACK_OFF: Duration = Duration::from_millis(50);

/// How jobs are told to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// One completion a lease, which names every job by itself: the coordinator could take any of them and refuse others.
    EachJob,
    /// A completion for every job, each acknowledged under a number of its own.
    EachJobApart,
}

/// A worker with a connection of its own. Jobs take no time: what one Sync grants, the next reports.
#[derive(Debug)]
pub(crate) struct SimulatedWorker {
    client: WorkerServiceClient<Channel>,
    name: String,
    /// The most jobs it asks for.
    capacity: u32,
    acknowledge: Acknowledge,
    sequence: u64,
    reports: u64,
    known: Vec<Vec<u8>>,
    held: Vec<v1::Grant>,
}

/// What a Sync brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Synced {
    /// Jobs that were reported and acknowledged.
    pub(crate) done: u32,
    /// Jobs that were handed out.
    pub(crate) granted: u32,
    /// How often it was repeated because the coordinator could not serve it.
    pub(crate) repeated: u32,
}

impl SimulatedWorker {
    pub(crate) fn new(channel: Channel, name: String, capacity: u32, acknowledge: Acknowledge) -> Self {
        let client = WorkerServiceClient::new(channel);
        Self { client, name, capacity, acknowledge, sequence: 0, reports: 0, known: Vec::new(), held: Vec::new() }
    }

    /// Reports all it holds as done and asks for more, waiting `wait_ms` for it. A Sync that the coordinator could not
    /// serve just then is repeated, as real workers do.
    pub(crate) async fn sync(&mut self, wait_ms: u32) -> Result<Synced> {
        let mut request = self.request(wait_ms);
        let mut repeated = 0;
        let response = loop {
            self.sequence += 1;
            request.sequence = self.sequence;
            match self.client.sync(request.clone()).await {
                Ok(response) => break response.into_inner(),
                Err(status) if status.code() == Code::Unavailable => {
                    repeated += 1;
                    tokio::time::sleep(BACK_OFF).await;
                }
                Err(status) => return Err(status.into()),
            }
        };
        // What was taken in before a Sync failed is stale when it is said once more.
        ensure!(repeated > 0 || response.revoked.is_empty(), "a lease was lost: leases last longer than this takes");
        ensure!(response.acknowledged.len() == request.completions.len(), "a report was not acknowledged");
        let done = jobs(&self.held);
        self.held = response.grants;
        self.known.extend(response.campaigns.into_iter().map(|campaign| campaign.identity));
        Ok(Synced { done, granted: jobs(&self.held), repeated })
    }

    fn request(&mut self, wait_ms: u32) -> v1::SyncRequest {
        let affinity = self.held.last().map(|grant| v1::Affinity {
            campaign_id: grant.campaign_id,
            mode: grant.mode,
            layer: grant.layer,
            stays: false,
        });
        v1::SyncRequest {
            worker_id: self.name.clone(),
            boot_epoch: 1,
            protocol_version: PROTOCOL_VERSION,
            capabilities: Some(v1::Capabilities { backend: "simulated".to_owned(), device_memory_bytes: 0, cores: 1 }),
            free_jobs: self.capacity,
            completions: self.completions(),
            wait_ms,
            known_campaigns: self.known.clone(),
            affinity,
            ..Default::default()
        }
    }

    fn completions(&mut self) -> Vec<v1::Completion> {
        let mut completions = Vec::new();
        for grant in &self.held {
            let range = grant.ordinals.unwrap_or_default();
            let single = |ordinal| v1::IndexRange { lower: ordinal, upper: ordinal + 1 };
            let each = (range.lower..range.upper).map(single);
            let mut complete = |ordinals| {
                self.reports += 1;
                completions.push(v1::Completion { report_id: self.reports, epoch: grant.epoch, ordinals });
            };
            match self.acknowledge {
                Acknowledge::EachJob => complete(each.collect()),
                Acknowledge::EachJobApart => each.for_each(|range| complete(vec![range])),
            }
        }
        completions
    }
}

fn jobs(grants: &[v1::Grant]) -> u32 {
    grants.iter().filter_map(|grant| grant.ordinals).map(|range| range.upper - range.lower).sum()
}
