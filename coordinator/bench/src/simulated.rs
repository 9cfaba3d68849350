//! A worker that speaks the protocol and mines nothing.

use anyhow::{Result, ensure};
use superposed_shared::{
    description::CampaignId,
    proto::{
        PROTOCOL_VERSION,
        v1::{self, worker_service_client::WorkerServiceClient},
    },
};
use tonic::transport::Channel;

/// How jobs are told to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// One completion a lease, which names every job by itself: the coordinator could take any of them and refuse others.
    EachJob,
    /// A completion for every job, each acknowledged under a number of its own and in a transaction of its own.
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
    known: Vec<i64>,
    held: Vec<v1::Grant>,
}

/// What a Sync brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Synced {
    /// Jobs that were reported and acknowledged.
    pub(crate) done: u32,
    /// Jobs that were handed out.
    pub(crate) granted: u32,
}

impl SimulatedWorker {
    pub(crate) fn new(channel: Channel, name: String, capacity: u32, acknowledge: Acknowledge) -> Self {
        let client = WorkerServiceClient::new(channel);
        Self { client, name, capacity, acknowledge, sequence: 0, reports: 0, known: Vec::new(), held: Vec::new() }
    }

    /// A worker that knows a campaign's description already.
    pub(crate) fn knowing(mut self, campaign: CampaignId) -> Self {
        self.known.push(campaign.0);
        self
    }

    /// Reports all it holds as done and asks for more, waiting `wait_ms` for it.
    pub(crate) async fn sync(&mut self, wait_ms: u32) -> Result<Synced> {
        self.sequence += 1;
        let completions: Vec<v1::Completion> = self.completions();
        let affinity = self.held.last().map(|grant| v1::Affinity {
            campaign_id: grant.campaign_id,
            mode: grant.mode,
            layer: grant.layer,
        });
        let done = jobs(&self.held);
        let reported = completions.len();
        let request = v1::SyncRequest {
            worker_id: self.name.clone(),
            boot_epoch: 1,
            sequence: self.sequence,
            protocol_version: PROTOCOL_VERSION,
            capabilities: Some(v1::Capabilities { backend: "simulated".to_owned(), device_memory_bytes: 0, cores: 1 }),
            free_jobs: self.capacity,
            completions,
            wait_ms,
            known_campaigns: self.known.clone(),
            affinity,
            ..Default::default()
        };
        let response = self.client.sync(request).await?.into_inner();
        ensure!(response.revoked.is_empty(), "a lease was lost: leases last longer than this takes");
        ensure!(response.acknowledged.len() == reported, "a report was not acknowledged");
        self.held = response.grants;
        Ok(Synced { done, granted: jobs(&self.held) })
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
