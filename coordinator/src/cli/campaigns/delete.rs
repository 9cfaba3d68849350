//! `superposed delete`

use super::CampaignName;
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
use serde_json::json;
use std::process::ExitCode;
use superposed_shared::proto::v1;

/// Forget a campaign that has ended; files that were written stay
#[derive(Debug, Args)]
pub(in crate::cli) struct Delete {
    /// The campaign: its number, or its name
    campaign: CampaignName,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

impl Delete {
    pub(in crate::cli) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            let campaign_id = self.campaign.number(&mut client).await?;
            client.delete(soon(v1::DeleteRequest { campaign_id })).await.map_err(refused)?;
            self.output.tell(
                || json!({ "id": campaign_id, "deleted": true }),
                || format!("campaign {campaign_id} is forgotten; its files stay"),
            );
            Ok(ExitCode::SUCCESS)
        })
    }
}
