//! The commands that ask a running coordinator.

use super::block_on;
use crate::{
    client::{CampaignClient, adopted, dialer, soon, submission, watch},
    local::display::{Display, Spell},
};
use anyhow::{Result, anyhow};
use clap::Args;
use std::{error::Error as _, path::PathBuf, pin::pin, process::ExitCode, time::Duration};
use superposed_shared::{
    credentials::Credentials,
    proto::v1::{self, CampaignState, campaign_service_client::CampaignServiceClient},
    shutdown,
    spec::file,
    wire,
};

#[derive(Debug, Args)]
struct Server {
    /// The coordinator's URL
    #[arg(long, env = "SUPERPOSED_COORDINATOR", default_value = "http://127.0.0.1:7117")]
    coordinator: String,
    #[command(flatten)]
    credentials: Credentials,
}

impl Server {
    async fn client(&self) -> Result<CampaignClient> {
        let url = &self.coordinator;
        let channel = dialer(url, &self.credentials)?.connect().await.map_err(|error| {
            let error = anyhow::Error::from(error);
            let reason = error.root_cause();
            anyhow!(
                "no coordinator answers at {url} ({reason}); start one with `superposed serve`, or name it with \
                 --coordinator"
            )
        })?;
        Ok(CampaignServiceClient::new(channel))
    }
}

/// What a coordinator refuses, in its own words; or what became of the connection.
fn refused(status: tonic::Status) -> anyhow::Error {
    // What a server says comes without a source.
    if status.source().is_some() {
        let error = anyhow::Error::from(status);
        let reason = error.root_cause();
        return anyhow!("the connection broke ({reason}); try again, or check that --coordinator names a coordinator");
    }
    let message = status.message();
    match status.code() {
        tonic::Code::Unimplemented => {
            anyhow!("what answers is no coordinator, or one of another version ({message}); check --coordinator")
        }
        code if message.is_empty() => anyhow!("{code}"),
        _ => anyhow!("{message}"),
    }
}

/// Commands that name a campaign and print what became of it.
macro_rules! campaign_command {
    ($(#[$doc:meta])* $name:ident, $method:ident, $request:ident) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub(super) struct $name {
            /// The campaign's number
            campaign: i64,
            #[command(flatten)]
            server: Server,
        }

        impl $name {
            pub(super) fn run(self) -> Result<ExitCode> {
                block_on(async {
                    let mut client = self.server.client().await?;
                    let request = v1::$request { campaign_id: self.campaign };
                    say!("{}", line(client.$method(soon(request)).await.map_err(refused)?.get_ref()));
                    Ok(ExitCode::SUCCESS)
                })
            }
        }
    };
}

campaign_command!(
    /// Hand out no more of a campaign's jobs
    Pause, pause, PauseRequest
);
campaign_command!(
    /// Go on with a paused campaign
    Resume, resume, ResumeRequest
);
campaign_command!(
    /// End a campaign
    Cancel, cancel, CancelRequest
);
campaign_command!(
    /// Queue the failed jobs of a campaign once more
    Retry, retry, RetryRequest
);

/// Forget a campaign that has ended
#[derive(Debug, Args)]
pub(super) struct Delete {
    /// The campaign's number
    campaign: i64,
    #[command(flatten)]
    server: Server,
}

impl Delete {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            client.delete(soon(v1::DeleteRequest { campaign_id: self.campaign })).await.map_err(refused)?;
            say!("campaign {} is forgotten; its files stay", self.campaign);
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Which jobs are taken as done because their files are there.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct AdoptionOptions {
    /// Mine only the jobs whose files are not at the destination yet. Its records must say that what is there was made as
    /// this campaign would make it
    #[arg(long)]
    resume: bool,
    /// Take files that no record tells the origin of as well, once all of them are checked
    #[arg(long, requires = "resume")]
    trust: bool,
}

impl From<AdoptionOptions> for v1::Adoption {
    fn from(options: AdoptionOptions) -> Self {
        match options {
            AdoptionOptions { resume: false, .. } => Self::Unspecified,
            AdoptionOptions { trust: false, .. } => Self::Recorded,
            AdoptionOptions { trust: true, .. } => Self::Trusted,
        }
    }
}

/// Submit a campaign to a coordinator
#[derive(Debug, Args)]
pub(super) struct Submit {
    /// The campaign file
    campaign: PathBuf,
    /// Two submissions with one key are one campaign [default: a digest of the campaign file]
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    adoption: AdoptionOptions,
    #[command(flatten)]
    server: Server,
}

impl Submit {
    pub(super) fn run(self) -> Result<ExitCode> {
        let spec = file::read(&self.campaign)?;
        let key = self.key.unwrap_or_else(|| format!("submit:{}", spec.digest()));
        block_on(async {
            let mut client = self.server.client().await?;
            let adoption = v1::Adoption::from(self.adoption);
            let request = v1::SubmitRequest { spec: Some((&spec).into()), client_key: key, adoption: adoption.into() };
            let submitted = client.submit(submission(request)).await.map_err(refused)?.into_inner();
            let campaign = submitted.campaign.unwrap_or_default();
            if submitted.created && self.adoption.resume {
                eprintln!("{}", adopted(&campaign, submitted.adopted_jobs));
            }
            if !submitted.created {
                eprintln!(
                    "this campaign was submitted before; nothing was queued. To mine it afresh, `superposed delete {}` \
                     once it has ended, and submit it again",
                    campaign.id
                );
            }
            say!("{}", line(&campaign));
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// List campaigns, or show one with its layers
#[derive(Debug, Args)]
pub(super) struct Status {
    /// The campaign's number; all campaigns when left out
    campaign: Option<i64>,
    #[command(flatten)]
    server: Server,
}

impl Status {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            let Some(campaign_id) = self.campaign else {
                let all = client.list(soon(v1::ListRequest {})).await.map_err(refused)?.into_inner().campaigns;
                all.iter().for_each(|campaign| say!("{}", line(campaign)));
                return Ok(ExitCode::SUCCESS);
            };
            let campaign = client.get(soon(v1::GetRequest { campaign_id })).await.map_err(refused)?.into_inner();
            say!("{}", line(&campaign));
            for layer in &campaign.layers {
                let jobs = layer.jobs.unwrap_or_default();
                let v1::JobCounts { pending, leased, done, failed, cancelled } = jobs;
                say!(
                    "  mode {:<4} layer {:<3} {done} done, {leased} leased, {pending} pending, {failed} failed, {cancelled} cancelled",
                    wire::mode(layer.mode)?,
                    layer.layer,
                );
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Follow a campaign until it ends
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// The campaign's number
    campaign: i64,
    #[command(flatten)]
    server: Server,
}

impl Watch {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut interrupt = pin!(shutdown::requested(false)?);
            let mut client = self.server.client().await?;
            let mut changes = watch(&mut client, self.campaign).await.map_err(refused)?;
            let mut display = Display::new();
            let mut last = None;
            loop {
                tokio::select! {
                    change = changes.message() => match change.map_err(refused)? {
                        Some(now) => {
                            display.show(&now);
                            last = Some(now);
                        }
                        None => break,
                    },
                    () = &mut interrupt => break,
                }
            }
            display.finish();
            if let Some(campaign) = last {
                say!("{}", line(&campaign));
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// List the failed jobs of a campaign
#[derive(Debug, Args)]
pub(super) struct Failures {
    /// The campaign's number
    campaign: i64,
    #[command(flatten)]
    server: Server,
}

impl Failures {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            let request = v1::FailuresRequest { campaign_id: self.campaign, limit: 0 };
            for failure in client.failures(soon(request)).await.map_err(refused)?.into_inner().failures {
                say!("{} attempts, last by {}: {}", failure.attempts, failure.worker, failure.error);
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// List workers
#[derive(Debug, Args)]
pub(super) struct Workers {
    #[command(flatten)]
    server: Server,
}

impl Workers {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            for worker in client.workers(soon(v1::WorkersRequest {})).await.map_err(refused)?.into_inner().workers {
                say!(
                    "{}  {}  {} cores  holds {} jobs  heard of {} s ago{}",
                    worker.id,
                    worker.backend,
                    worker.cores,
                    worker.leased_jobs,
                    worker.seconds_since_sync,
                    if worker.draining { "  draining" } else { "" },
                );
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// A campaign in a line.
fn line(campaign: &v1::Campaign) -> String {
    let jobs = campaign.jobs.unwrap_or_default();
    let total = jobs.pending + jobs.leased + jobs.done + jobs.failed + jobs.cancelled;
    let state = match campaign.state() {
        CampaignState::Running => "running",
        CampaignState::Paused => "paused",
        CampaignState::Cancelled => "cancelled",
        CampaignState::Completed => "completed",
        CampaignState::CompletedWithFailures => "completed with failures",
        CampaignState::Unspecified => "in an unknown state",
    };
    let mut line = format!(
        "campaign {} {} ({}) is {state}: {} of {total} jobs done, {} failed; results: {}",
        campaign.id, campaign.name, campaign.size, jobs.done, jobs.failed, campaign.destination
    );
    if campaign.jobs_per_second > 0.0 {
        line.push_str(&format!("; {:.1} jobs/s", campaign.jobs_per_second));
    }
    if let Some(seconds) = campaign.seconds_left {
        line.push_str(&format!(", {} left", Spell(Duration::from_secs(seconds))));
    }
    if !campaign.trouble.is_empty() {
        line.push_str("; held up: ");
        line.push_str(&campaign.trouble);
    }
    line
}
