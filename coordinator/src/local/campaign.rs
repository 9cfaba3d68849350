//! A campaign on a local installation, from its submission to its end.

use super::{LocalError, Machine, display::Display};
use crate::{
    admission,
    client::{CampaignClient, adopted, soon, submission, watch},
};
use std::{future::Future, pin::Pin, slice, sync::Arc};
use superposed_results::{Scope, Tree, pack::Columns};
use superposed_shared::{
    destination::Destination,
    layout,
    proto::v1::{self, CampaignState},
    spec::{CampaignSpec, plan::jobs},
};

/// How a campaign on this machine ended.
#[derive(Debug)]
pub enum LocalOutcome {
    /// Nothing is left to do; some jobs may have failed.
    Ended {
        /// The campaign.
        campaign: v1::Campaign,
        /// The jobs that failed.
        failures: Vec<v1::Failure>,
    },
    /// It was interrupted, and goes on when it is run again.
    Interrupted(v1::Campaign),
}

/// Mines a campaign on a machine, until it ends or `interrupt` comes. A campaign that was begun before goes on where it
/// stopped; of one that is new, `adoption` says which jobs are not mined because their files are there.
///
/// # Errors
/// When the campaign is refused, or a process that is needed ends.
pub async fn mine(
    machine: &mut Machine,
    spec: &CampaignSpec,
    adoption: v1::Adoption,
    interrupt: Pin<&mut (impl Future<Output = ()> + Send)>,
) -> Result<LocalOutcome, LocalError> {
    mine_until(machine, spec, adoption, interrupt).await.map_err(|error| machine.explain(error))
}

async fn mine_until(
    machine: &mut Machine,
    spec: &CampaignSpec,
    adoption: v1::Adoption,
    mut interrupt: Pin<&mut (impl Future<Output = ()> + Send)>,
) -> Result<LocalOutcome, LocalError> {
    let mut client = machine.client();
    let campaign = tokio::select! {
        submitted = submit(&mut client, spec, adoption) => submitted?,
        broken = machine.broken() => return Err(broken),
    };
    let id = campaign.id;
    let mut display = Display::new();
    display.show(&campaign);
    if goes_on(&campaign) {
        machine.start_workers()?;
    }
    let mut last = campaign;
    let mut changes = watch(&mut client, id).await?;
    while goes_on(&last) {
        tokio::select! {
            change = changes.message() => match change? {
                Some(now) => last = now,
                None => break,
            },
            broken = machine.broken() => {
                display.finish();
                return Err(broken);
            }
            () = &mut interrupt => {
                display.finish();
                return Ok(LocalOutcome::Interrupted(last));
            }
        }
        display.show(&last);
    }
    display.finish();
    let failures =
        client.failures(soon(v1::FailuresRequest { campaign_id: id, limit: 0 })).await?.into_inner().failures;
    Ok(LocalOutcome::Ended { campaign: last, failures })
}

/// Submits, resumes or retries: running the same command again always goes on.
async fn submit(
    client: &mut CampaignClient,
    spec: &CampaignSpec,
    adoption: v1::Adoption,
) -> Result<v1::Campaign, LocalError> {
    let (campaign, created) = submit_once(client, spec, adoption).await?;
    let campaign_id = campaign.id;
    if created {
        return Ok(campaign);
    }
    let lacking = lacking(spec, &campaign).await?;
    if let Some(lacking) = lacking {
        eprintln!("{lacking}: the campaign is mined again");
        if goes_on(&campaign) {
            client.cancel(soon(v1::CancelRequest { campaign_id })).await?;
        }
        client.delete(soon(v1::DeleteRequest { campaign_id })).await?;
        return Ok(submit_once(client, spec, adoption).await?.0);
    }
    match campaign.state() {
        CampaignState::Paused => Ok(client.resume(soon(v1::ResumeRequest { campaign_id })).await?.into_inner()),
        CampaignState::CompletedWithFailures => {
            Ok(client.retry(soon(v1::RetryRequest { campaign_id })).await?.into_inner())
        }
        CampaignState::Cancelled => {
            client.delete(soon(v1::DeleteRequest { campaign_id })).await?;
            Ok(submit_once(client, spec, adoption).await?.0)
        }
        _ => Ok(campaign),
    }
}

/// The campaign, and whether it is new.
async fn submit_once(
    client: &mut CampaignClient,
    spec: &CampaignSpec,
    adoption: v1::Adoption,
) -> Result<(v1::Campaign, bool), LocalError> {
    let (spec, client_key) = (Some(spec.into()), client_key(spec));
    let request = v1::SubmitRequest { spec, client_key, adoption: adoption.into() };
    let v1::SubmitResponse { campaign, created, adopted_jobs } = client.submit(submission(request)).await?.into_inner();
    let campaign = campaign.unwrap_or_default();
    if created && adoption != v1::Adoption::Unspecified {
        eprintln!("{}", adopted(&campaign, adopted_jobs));
    }
    Ok((campaign, created))
}

/// What of a known campaign's files is not there any more, in words: those beside the results, and of one that is
/// completed the results themselves.
async fn lacking(spec: &CampaignSpec, campaign: &v1::Campaign) -> Result<Option<String>, LocalError> {
    let refused = |error: &dyn std::error::Error| LocalError::Refused(error.to_string());
    Destination::open(&spec.destination).map_err(|error| refused(&error))?;
    let scope = Scope { directories: vec![spec.size.to_string()], wanted: &|_, _| true };
    let tree = Arc::new(Tree::open(&spec.destination, &scope).await.map_err(|error| refused(&error))?);
    let there = tree.inventory.sizes.get(&spec.size);
    for (file, is_there) in [
        (layout::record_file(&spec.size, &spec.name), there.is_some_and(|there| there.records.contains(&spec.name))),
        (layout::words_file(&spec.size), there.is_some_and(|there| there.words)),
    ] {
        if !is_there {
            return Ok(Some(format!("{file} was removed")));
        }
    }
    if campaign.state() != CampaignState::Completed {
        return Ok(None);
    }
    let layers = admission::layers(spec.clone()).await.map_err(|error| refused(&error))?;
    let mut without = 0;
    for plan in &layers {
        let layer = tree.layer(&spec.size, (plan.mode, plan.layer), Columns::Topics).await;
        let layer = layer.map_err(|error| refused(&error))?;
        without += jobs(spec, slice::from_ref(plan)).filter(|job| !layer.has_all(*job)).count();
    }
    Ok((without > 0).then(|| format!("files of {without} finished jobs were removed")))
}

fn goes_on(campaign: &v1::Campaign) -> bool {
    matches!(campaign.state(), CampaignState::Running | CampaignState::Paused)
}

/// Two runs of the same spec are one campaign.
fn client_key(spec: &CampaignSpec) -> String {
    format!("local:{}", spec.digest())
}
