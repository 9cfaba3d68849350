//! `superposed submit`

use super::facts::{json, line};
use crate::{
    cli::{
        block_on,
        output::OutputOption,
        server::{Server, refused},
    },
    client::{adopted, submission},
};
use anyhow::Result;
use clap::Args;
use std::{path::PathBuf, process::ExitCode};
use superposed_shared::{proto::v1, spec::file};

/// Which jobs are taken as done because their files are there.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct AdoptionOptions {
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
///
/// The coordinator checks it against its model, corpus and destination, and queues its jobs. docs/campaign-file.md has the
/// fields of the file. `superposed watch` follows it.
#[derive(Debug, Args)]
pub(in crate::cli) struct Submit {
    /// The campaign file
    campaign: PathBuf,
    /// Two submissions with one key are one campaign [default: a digest of the campaign file]
    #[arg(long)]
    submission_key: Option<String>,
    #[command(flatten)]
    adoption: AdoptionOptions,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

impl Submit {
    pub(in crate::cli) fn run(self) -> Result<ExitCode> {
        let spec = file::read(&self.campaign)?;
        let key = self.submission_key.unwrap_or_else(|| format!("submit:{}", spec.digest()));
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
            let with_outcome = || {
                let mut fields = json(&campaign);
                fields["created"] = submitted.created.into();
                fields["adopted_jobs"] = submitted.adopted_jobs.into();
                fields
            };
            self.output.tell(with_outcome, || line(&campaign));
            Ok(ExitCode::SUCCESS)
        })
    }
}
