//! `superposed demo`

use super::{
    block_on,
    local::{MachineOptions, mine_and_tell},
};
use crate::local::Reservation;
use anyhow::{Context, Result};
use clap::Args;
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};
use superposed_corpus::Corpus;
use superposed_demo::{examples, generate, random_baseline, recovery, summary};
use superposed_identity::{AuditShare, Polarities, ResultLayout};
use superposed_mining::{Miner, TokenWords};
use superposed_model::Tokenizer;
use superposed_shared::proto::v1;
use superposed_shared::spec::{CampaignSpec, ParameterChoices, Source};

/// The demo's seed: the same corpus, model and topics everywhere.
const SEED: u64 = 1;

/// Random pools whose topics are counted beside the neurons'.
const RANDOM_POOLS: usize = 500;

/// Make a corpus of ten thousand words and a GPT-2-shaped model whose neurons superpose two to four planted topics, mine
/// the model, and count how many of them come back; beside that, the same for random pools.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where corpus, model, ground truth and results go
    #[arg(long, default_value = "demo-results")]
    directory: PathBuf,
    /// Ends of neurons that are printed in words
    #[arg(long, default_value_t = 4)]
    examples: usize,
    #[command(flatten)]
    machine: MachineOptions,
}

impl Demo {
    pub(super) fn run(self) -> Result<ExitCode> {
        let start = Instant::now();
        let directory = std::path::absolute(&self.directory)?;
        let reservation = Reservation::take(self.machine.settings()?)?;
        let demo = generate(&directory, SEED)?;
        eprintln!("made a corpus and a model in {} in {:.1} s", directory.display(), start.elapsed().as_secs_f64());

        let facts = demo.campaign();
        let destination = directory.join("results");
        let spec = CampaignSpec {
            name: "demo".to_owned(),
            size: "demo".parse().expect("the label is legal"),
            source: Source::Model(demo.model().display().to_string()),
            corpus: demo.corpus().display().to_string(),
            destination: destination.display().to_string(),
            modes: Some(facts.modes.clone()),
            polarities: Polarities::Both,
            select: Vec::new(),
            parameters: ParameterChoices {
                rule: Some(facts.parameters.rule),
                tau: Some(facts.parameters.tau),
                theta: Some([facts.parameters.theta_low, facts.parameters.theta_high]),
                kappa: Some([facts.parameters.kappa_low, facts.parameters.kappa_high]),
                clique: Some(facts.parameters.clique),
                min_freq: Some(facts.parameters.min_freq),
                solver: Some(facts.parameters.solver),
                extra_vocab: None,
            },
            priority: 0,
            batch: 64,
            precision: None,
            max_attempts: 3,
            audit: AuditShare::default(),
            layout: ResultLayout::Files,
            max_workers: None,
        };
        let (code, campaign) = block_on(mine_and_tell(&spec, v1::Adoption::Unspecified, reservation))?;
        let Some(campaign) = campaign else { return Ok(code) };
        let failed = campaign.jobs.unwrap_or_default().failed;
        anyhow::ensure!(failed == 0, "{failed} jobs of the demo failed, so nothing can be counted");

        let corpus = Corpus::open(&demo.corpus())?;
        let tree = destination.join("demo");
        let truth = demo.ground_truth();
        for example in examples(truth, &tree, corpus.vocabulary(), &facts.modes, self.examples)? {
            say!("{example}");
        }
        let recovered = recovery(truth, &tree, corpus.vocabulary(), &facts.modes)?;
        let tokenizer = Tokenizer::load(&demo.model())?;
        let words = Arc::new(TokenWords::build(&tokenizer, corpus.vocabulary(), facts.parameters.rule, None)?);
        let corpus = Arc::new(corpus);
        let miner = Miner::new(Arc::clone(&corpus), Arc::clone(&words), facts.parameters)?;
        let random = random_baseline(truth, &miner, &words, corpus.vocabulary(), RANDOM_POOLS, SEED)?;
        for line in summary(&recovered, &random, RANDOM_POOLS) {
            say!("{line}");
        }
        let written = directory.join("recovery.json");
        let content = serde_json::json!({ "mined": recovered, "random": random, "random_pools": RANDOM_POOLS });
        std::fs::write(&written, format!("{content:#}\n"))
            .with_context(|| format!("cannot write {}", written.display()))?;
        say!(
            "ground truth: {}; these counts: {}; took {:.0} s in all",
            demo.ground_truth_file().display(),
            written.display(),
            start.elapsed().as_secs_f64()
        );
        Ok(code)
    }
}
