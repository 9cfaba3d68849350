//! Hears of a campaign's changes until it ends.

use super::super::{
    campaigns::failed_job,
    server::{connection_broke, refused},
};
use crate::client::{CampaignClient, soon, watch};
use anyhow::Result;
use std::time::Duration;
use superposed_shared::proto::v1::{self, CampaignState};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tonic::{Status, Streaming};

/// A coordinator that does not answer is waited for as long as this.
const PATIENCE: Duration = Duration::from_secs(300);

/// Time between two attempts to reach it.
const ATTEMPTS_EVERY: Duration = Duration::from_secs(1);

/// How many failures are told.
const FAILURES: u32 = 5;

/// What is heard of a campaign.
#[derive(Debug)]
pub(super) enum News {
    /// The campaign as it is now.
    Now(Box<v1::Campaign>),
    /// The first jobs that failed, by their names, and why.
    Failures(Vec<(String, String)>),
    /// The coordinator does not answer, and is waited for; told once, with the reason.
    Away(String),
}

/// Hears of a campaign in a task of its own, so that no wait for it loses anything.
#[derive(Debug)]
pub(super) struct Follow(mpsc::Receiver<Result<News>>);

impl Follow {
    /// Follows a campaign, its failures too when these are wanted.
    ///
    /// # Errors
    /// When the coordinator does not know the campaign, or does not answer.
    pub(super) async fn start(mut client: CampaignClient, campaign: i64, failures: bool) -> Result<Self> {
        let changes = watch(&mut client, campaign).await.map_err(refused)?;
        let (tell, news) = mpsc::channel(16);
        tokio::spawn(Task { client, campaign, failures, known_failures: 0, tell }.run(changes));
        Ok(Self(news))
    }

    /// What is heard next; nothing more once the campaign has ended.
    pub(super) async fn next(&mut self) -> Option<Result<News>> {
        self.0.recv().await
    }
}

struct Task {
    client: CampaignClient,
    campaign: i64,
    failures: bool,
    known_failures: u64,
    tell: mpsc::Sender<Result<News>>,
}

impl Task {
    async fn run(mut self, mut changes: Streaming<v1::Campaign>) {
        loop {
            let broken = match self.hear(&mut changes).await {
                Ok(true) => return,
                Ok(false) => Status::unavailable("it ended the stream"),
                Err(status) => status,
            };
            match self.reach(broken).await {
                Ok(again) => changes = again,
                Err(status) => {
                    let _ = self.tell.send(Err(refused(status))).await;
                    return;
                }
            }
        }
    }

    /// Tells what a stream says; true once nothing more is to be told, because the campaign has ended or nobody listens.
    async fn hear(&mut self, changes: &mut Streaming<v1::Campaign>) -> Result<bool, Status> {
        while let Some(now) = changes.message().await? {
            let failed = now.jobs.map_or(0, |jobs| jobs.failed);
            let goes_on = matches!(now.state(), CampaignState::Running | CampaignState::Paused);
            if self.tell.send(Ok(News::Now(Box::new(now)))).await.is_err() {
                return Ok(true);
            }
            if self.failures && failed != self.known_failures {
                self.known_failures = failed;
                let failures = self.first_failures().await?;
                let _ = self.tell.send(Ok(News::Failures(failures))).await;
            }
            if !goes_on {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn first_failures(&mut self) -> Result<Vec<(String, String)>, Status> {
        let request = v1::FailuresRequest { campaign_id: self.campaign, limit: FAILURES };
        let failures = self.client.failures(soon(request)).await?.into_inner().failures;
        let named = failures.into_iter().map(|failure| {
            let job = failed_job(&failure).map_or_else(|error| error.to_string(), |job| job.to_string());
            (job, failure.error)
        });
        Ok(named.collect())
    }

    /// Reaches the coordinator again after the stream broke.
    async fn reach(&mut self, mut broken: Status) -> Result<Streaming<v1::Campaign>, Status> {
        let given_up = Instant::now() + PATIENCE;
        let mut told = false;
        while connection_broke(&broken) && Instant::now() < given_up && !self.tell.is_closed() {
            if !told {
                told = true;
                let reason = anyhow::Error::from(broken).root_cause().to_string();
                let _ = self.tell.send(Ok(News::Away(reason))).await;
            }
            sleep(ATTEMPTS_EVERY).await;
            match watch(&mut self.client, self.campaign).await {
                Ok(changes) => return Ok(changes),
                Err(status) => broken = status,
            }
        }
        Err(broken)
    }
}
