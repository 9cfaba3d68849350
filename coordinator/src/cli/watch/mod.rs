//! `superposed watch`: a live view on a terminal, lines elsewhere.
//!
//! - `follow`: hears of a campaign's changes, also past a coordinator that is restarted
//! - `live`: the terminal: what is drawn when, keys, and how it is left
//! - `view`: what is drawn

mod follow;
mod live;
mod view;

use super::{
    block_on,
    campaigns::{
        CampaignName,
        facts::{json_in_full, line},
    },
    exit::{INTERRUPTED, of_campaign},
    output::OutputOption,
    server::Server,
};
use crate::local::display::Display;
use anyhow::Result;
use clap::Args;
use follow::{Follow, News};
use std::{
    env,
    future::Future,
    io::{self, IsTerminal},
    pin::{Pin, pin},
    process::ExitCode,
};
use superposed_shared::{proto::v1, shutdown};

/// Follow a campaign until it ends
///
/// On a terminal: a bar for every mode and layer, the rate, the time left, who works on it, and what fails. q or Ctrl-C
/// leaves it; the campaign goes on. Elsewhere: a line now and then on standard error, or with --output json a line on
/// standard output for every change. A coordinator that is restarted is waited for.
///
/// The exit code is 0 when all jobs are done, 3 when some failed or the campaign was cancelled, and 130 when watching ended
/// before the campaign did.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// The campaign: its number, or its name
    campaign: CampaignName,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

impl Watch {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let interrupt = pin!(shutdown::requested(false)?);
            let mut client = self.server.client().await?;
            let campaign_id = self.campaign.number(&mut client).await?;
            let live = !self.output.is_json() && is_for_people();
            let follow = Follow::start(client, campaign_id, live).await?;
            let last = if live {
                live::show(follow, interrupt).await?
            } else if self.output.is_json() {
                follow_in_lines(follow, interrupt, |now| {
                    say!("{}", json_in_full(now)?);
                    Ok(())
                })
                .await?
            } else {
                let mut display = Display::new();
                let last = follow_in_lines(follow, interrupt, |now| {
                    display.show(now);
                    Ok(())
                })
                .await?;
                display.finish();
                last
            };
            // Left before anything was heard of it.
            let Some(last) = last else { return Ok(ExitCode::from(INTERRUPTED)) };
            if !self.output.is_json() {
                say!("{}", line(&last));
            }
            Ok(ExitCode::from(of_campaign(&last)))
        })
    }
}

/// Whether somebody looks, who can press keys.
fn is_for_people() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Shows every change until the campaign ends; returns how it was last seen.
async fn follow_in_lines(
    mut follow: Follow,
    mut interrupt: Pin<&mut (impl Future<Output = ()> + Send)>,
    mut show: impl FnMut(&v1::Campaign) -> Result<()>,
) -> Result<Option<v1::Campaign>> {
    let mut last = None;
    loop {
        let news = tokio::select! {
            news = follow.next() => news,
            () = &mut interrupt => return Ok(last),
        };
        match news {
            Some(Ok(News::Now(now))) => {
                show(&now)?;
                last = Some(*now);
            }
            Some(Ok(News::Away(reason))) => eprintln!("the coordinator does not answer ({reason}); trying again"),
            Some(Ok(News::Failures(_))) => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(last),
        }
    }
}
