//! `superposed local`

use super::{
    block_on,
    campaigns::{AdoptionOptions, facts, failed_job},
    exit::{INCOMPLETE, INTERRUPTED},
    output::OutputOption,
    pack,
    show::json_line,
};
use crate::{
    admission,
    audits::Audits,
    local::{LocalError, LocalOutcome, Machine, MachineSettings, Reservation, machine::default_state, mine},
    topics::{self, Results},
};
use anyhow::{Result, anyhow};
use bytesize::ByteSize;
use clap::Args;
use serde_json::json;
use std::{path::PathBuf, pin::pin, process::ExitCode, thread};
use superposed_identity::{ResultLayout, SolverKind};
use superposed_results::Selector;
use superposed_shared::{
    destination::Destination,
    proto::v1,
    shutdown,
    spec::{CampaignSpec, file, plan::jobs},
};

/// The best topics are looked for in at most this many jobs: reading all files of a whole model takes minutes.
const BEST_OF_JOBS: usize = 20_000;

/// Failures that are printed.
const FAILURES_SHOWN: usize = 10;

/// Run a campaign on this machine. Starts a private Postgres, a coordinator and workers, shows how far it is, prints
/// the best topics, and stops everything. Interrupted, it goes on where it stopped when run again.
#[derive(Debug, Args)]
pub(super) struct Local {
    /// The campaign file
    campaign: PathBuf,
    #[command(flatten)]
    machine: MachineOptions,
    #[command(flatten)]
    adoption: AdoptionOptions,
    /// Which solver finds the cliques, whatever the campaign file says: branch-and-bound or scip
    #[arg(long)]
    solver: Option<SolverKind>,
    #[command(flatten)]
    output: OutputOption,
    /// How many of the best topics are printed
    #[arg(long, default_value_t = 20)]
    topics: usize,
}

/// How a local installation is set up.
#[derive(Debug, Args)]
pub(super) struct MachineOptions {
    /// How many workers
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,
    /// Threads of each worker [default: the machine's cores shared among the workers]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    cores: Option<u16>,
    /// Where workers compute forward passes, as `superposed-worker --device` has it; several are dealt out in turn, like
    /// cuda:0,cuda:1 [default: auto]
    #[arg(long, value_delimiter = ',', value_name = "DEVICE")]
    device: Vec<String>,
    /// The most memory that each worker takes on its device, like 12GiB [default: what is free there]
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,
    /// Where Postgres keeps its data and the processes their logs [default: /var/lib/superposed for root, else
    /// $XDG_STATE_HOME/superposed]
    #[arg(long)]
    state: Option<PathBuf>,
    /// How long a lease lasts without being renewed, in seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    lease_seconds: u32,
}

impl MachineOptions {
    pub(super) fn settings(&self) -> Result<MachineSettings> {
        let workers = usize::from(self.workers);
        let all = thread::available_parallelism().map_or(1, usize::from);
        let state = match &self.state {
            Some(state) => std::path::absolute(state)?,
            None => default_state()?,
        };
        Ok(MachineSettings {
            state,
            workers,
            cores: self.cores.map_or((all / workers).max(1), usize::from),
            devices: self.device.clone(),
            memory: self.memory.map(|size| size.as_u64()),
            lease_seconds: self.lease_seconds,
        })
    }
}

impl Local {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut spec = file::read(&self.campaign)?;
        spec.parameters.solver = self.solver.or(spec.parameters.solver);
        let settings = self.machine.settings()?;
        block_on(async {
            // The coordinator will look at it too; here it costs nothing to be wrong.
            admission::check(spec.clone()).await?;
            let (code, campaign) = mine_and_tell(&spec, self.adoption.into(), Reservation::take(settings)?).await?;
            if spec.layout == ResultLayout::Packs && campaign.is_some() {
                eprintln!("{}", pack::told(pack::packed(&spec.destination).await?));
            }
            if let Some(campaign) = campaign {
                tell_audits(&spec).await?;
                if self.output.is_json() {
                    say!("{}", json!({ "campaign": facts::json(&campaign) }));
                }
                print_best(&spec, self.topics, campaign.jobs.unwrap_or_default().done, self.output).await?;
            }
            Ok(code)
        })
    }
}

/// Mines a campaign on this machine and says how it ended; the campaign is given back when it has ended.
pub(super) async fn mine_and_tell(
    spec: &CampaignSpec,
    adoption: v1::Adoption,
    reservation: Reservation,
) -> Result<(ExitCode, Option<v1::Campaign>)> {
    let mut interrupt = pin!(shutdown::requested(false)?);
    let settings = reservation.settings();
    eprintln!(
        "starting Postgres, a coordinator and {} workers of {} threads; state and logs: {}",
        settings.workers,
        settings.cores,
        settings.state.display()
    );
    let started = tokio::select! {
        machine = Machine::start(reservation) => Some(machine?),
        () = &mut interrupt => None,
    };
    let Some(mut machine) = started else {
        eprintln!("interrupted before anything was begun");
        return Ok((ExitCode::from(INTERRUPTED), None));
    };
    let outcome = mine(&mut machine, spec, adoption, interrupt.as_mut()).await;
    if matches!(outcome, Ok(LocalOutcome::Interrupted(_))) {
        eprintln!("stopping: what is finished is kept, the rest goes back to the queue");
    }
    machine.stop().await;
    let outcome = outcome.map_err(|error| match error {
        LocalError::Refused(_) => anyhow!(error),
        broken => anyhow!("{broken}; the same command goes on from what is finished"),
    })?;
    match outcome {
        LocalOutcome::Interrupted(_) => {
            eprintln!("stopped; the same command goes on from here");
            Ok((ExitCode::from(INTERRUPTED), None))
        }
        LocalOutcome::Ended { campaign, failures } => {
            let jobs = campaign.jobs.unwrap_or_default();
            eprintln!("{} jobs done, {} failed; results: {}", jobs.done, jobs.failed, spec.destination);
            for failure in failures.iter().take(FAILURES_SHOWN) {
                let job = failed_job(failure)?;
                eprintln!("  {job} failed after {} attempts: {}", failure.attempts, failure.error);
            }
            if failures.len() > FAILURES_SHOWN {
                eprintln!("  and {} more", failures.len() - FAILURES_SHOWN);
            }
            let code = if jobs.failed > 0 { ExitCode::from(INCOMPLETE) } else { ExitCode::SUCCESS };
            Ok((code, Some(campaign)))
        }
    }
}

/// Says how many solves were audited, and at what cost. With many campaigns' worth of records that takes seconds, so it is
/// left out where nothing was to be audited.
async fn tell_audits(spec: &CampaignSpec) -> Result<()> {
    if !spec.audit.is_none() {
        let destination = Destination::open(&spec.destination)?;
        eprintln!("{}", Audits::of_campaign(&destination, &spec.size, &spec.name).await?);
    }
    Ok(())
}

async fn print_best(spec: &CampaignSpec, count: usize, done: u64, output: OutputOption) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let layers = admission::layers(spec.clone()).await?;
    let selector = Selector { size: Some(spec.size.clone()), ..Selector::default() };
    let results = Results::open(&spec.destination, &[selector], None).await?;
    let all: usize = layers.iter().map(|layer| (layer.neurons.len() * spec.polarities.count()) as usize).sum();
    let looked_at = all.min(BEST_OF_JOBS);
    let best = results.best(&spec.size, jobs(spec, &layers).take(looked_at), count).await?;
    let words = results.words(&spec.size).await?;
    if output.is_json() {
        best.iter().for_each(|topic| say!("{}", json_line(topic, words.as_ref())));
        return Ok(());
    }
    if best.is_empty() && done == 0 {
        return Ok(());
    }
    if best.is_empty() {
        say!(
            "no topic was found: no word set reached kappa; docs/campaign-file.md tells about min_freq, theta and kappa"
        );
        return Ok(());
    }
    let of = if looked_at < all { format!("the first {looked_at} of {all} jobs") } else { format!("{all} jobs") };
    say!("best {} topics of {of} (mean NPMI, job, words):", best.len());
    for topic in best {
        say!("{}", topics::line(&topic, words.as_ref(), &topic.job.to_string(), 16));
    }
    Ok(())
}
