//! Commands that name a campaign, change it, and tell what became of it.

use super::{
    CampaignName,
    facts::{json, line},
};
use crate::{
    cli::{
        block_on,
        output::OutputOption,
        server::{Server, refused},
    },
    client::soon,
};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;
use superposed_shared::proto::v1;

macro_rules! campaign_command {
    ($(#[$doc:meta])* $name:ident, $method:ident, $request:ident) => {
        $(#[$doc])*
        #[derive(Debug, Args)]
        pub(in crate::cli) struct $name {
            /// The campaign: its number, or its name
            campaign: CampaignName,
            #[command(flatten)]
            output: OutputOption,
            #[command(flatten)]
            server: Server,
        }

        impl $name {
            pub(in crate::cli) fn run(self) -> Result<ExitCode> {
                block_on(async {
                    let mut client = self.server.client().await?;
                    let request = v1::$request { campaign_id: self.campaign.number(&mut client).await? };
                    let changed = client.$method(soon(request)).await.map_err(refused)?.into_inner();
                    self.output.tell(|| json(&changed), || line(&changed));
                    Ok(ExitCode::SUCCESS)
                })
            }
        }
    };
}

campaign_command!(
    /// Hand out no more of a campaign's jobs
    ///
    /// Workers finish the leases that they have. `superposed resume` goes on.
    Pause, pause, PauseRequest
);
campaign_command!(
    /// Go on with a paused campaign
    Resume, resume, ResumeRequest
);
campaign_command!(
    /// End a campaign: running jobs are taken back, files that were written stay
    ///
    /// It cannot be resumed. To mine what is missing, delete it, and submit it again with --resume.
    Cancel, cancel, CancelRequest
);
campaign_command!(
    /// Queue the failed jobs of a campaign once more
    ///
    /// For a campaign that has ended with failures, once their cause is mended; `superposed failures` tells it.
    Retry, retry, RetryRequest
);

/// Change the order in which campaigns are served
///
/// Campaigns of a higher priority are served first, those of one priority in turns. It counts from the next lease on;
/// leases that are out are worked off.
#[derive(Debug, Args)]
pub(in crate::cli) struct Priority {
    /// The campaign: its number, or its name
    campaign: CampaignName,
    /// The priority; 0 is what campaigns have that name none
    #[arg(allow_negative_numbers = true)]
    priority: i32,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

impl Priority {
    pub(in crate::cli) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            let campaign_id = self.campaign.number(&mut client).await?;
            let request = v1::SetPriorityRequest { campaign_id, priority: self.priority };
            let changed = client.set_priority(soon(request)).await.map_err(refused)?.into_inner();
            self.output.tell(|| json(&changed), || format!("{}; its priority is {}", line(&changed), changed.priority));
            Ok(ExitCode::SUCCESS)
        })
    }
}
