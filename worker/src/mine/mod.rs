//! `superposed-worker mine`: one neuron or a list of pools straight to topics in words, in one process and without a
//! server, for people and for benchmarks.
//!
//! - `source`: where pools come from: neurons of a model, or stored pools
//! - `method`: the options that set the method's parameters
//! - `report`: what is printed of a job

mod method;
mod report;
mod source;

use anyhow::Result;
use bytesize::ByteSize;
use clap::Args;
use method::Method;
use rayon::ThreadPoolBuilder;
use report::Totals;
use source::{Neuron, Source};
use std::{
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Instant,
};
use superposed_corpus::Corpus;
use superposed_forward::DeviceChoice;
use superposed_identity::Precision;
use superposed_mining::{Miner, TokenWords};

/// Mine neurons of a model, or stored pools, and print their topics in words; no server is needed
#[derive(Debug, Args)]
pub(crate) struct Mine {
    /// The model: its directory, hf:owner/name@revision, or s3://bucket/path
    #[arg(long, required_unless_present = "pools", conflicts_with = "pools")]
    model: Option<String>,
    /// Pools to mine instead of a model's neurons: .pkl files as results trees hold them, or directories of such
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pools: Vec<PathBuf>,
    /// The corpus store
    #[arg(long)]
    corpus: PathBuf,
    /// Neurons of the model as <mode>/<layer>_<id>, both ends of the logits, or one as <mode>/<layer>_<id>_<polarity>
    #[arg(value_name = "NEURON", required_unless_present = "pools", conflicts_with = "pools")]
    neurons: Vec<Neuron>,
    #[command(flatten)]
    method: Method,
    /// Print a JSON object a job, with its pool, word sets and solves, instead of text
    #[arg(long)]
    json: bool,
    /// Where forward passes are computed: cpu, cuda, cuda:<number>, or auto, the first GPU if there is one
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The most memory to take on that device, like 12GiB; models that need more are read block by block, slower
    /// [default: what is free there]
    #[arg(long, value_name = "SIZE", conflicts_with = "pools")]
    memory: Option<ByteSize>,
    /// What forward passes multiply in: f32, bf16 or f16
    #[arg(long, default_value_t, conflicts_with = "pools")]
    precision: Precision,
    /// Threads that mine [default: as many as there are cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    cores: Option<u16>,
}

impl Mine {
    /// Mines and prints. What was mined is on standard output, how long it took on standard error.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let corpus = Arc::new(Corpus::open(&self.corpus)?);
        let source = match &self.model {
            Some(model) => {
                let (device, why_not_gpu) = self.device.device()?;
                if let Some(reason) = why_not_gpu {
                    tracing::warn!("{reason}");
                }
                let memory = self.memory.map(|size| size.as_u64());
                Source::neurons(model, &self.neurons, device, memory, self.precision)?
            }
            None => Source::pools(&self.pools)?,
        };
        let parameters = self.method.parameters(source.rule());
        let miner = match source.tokenizer() {
            Some(tokenizer) => {
                let extra = self.method.extra_vocab()?;
                let words = TokenWords::build(tokenizer, corpus.vocabulary(), parameters.rule, extra.as_deref())?;
                Miner::new(Arc::clone(&corpus), Arc::new(words), parameters)?
            }
            None => Miner::of_pools(Arc::clone(&corpus), parameters)?,
        };
        let miner = miner.with_audit(self.method.audit)?;

        let cores = self.cores.map_or(0, usize::from);
        let threads = ThreadPoolBuilder::new().num_threads(cores).thread_name(|i| format!("miner-{i}")).build()?;
        let mut out = BufWriter::new(io::stdout().lock());
        let mut totals = Totals::default();
        for piece in source.pieces() {
            let start = Instant::now();
            let reports = threads.install(|| source.mine(&miner, piece))?;
            totals.add(&reports, start.elapsed());
            for report in &reports {
                let written = if self.json {
                    report.write_json(&mut out, corpus.vocabulary())
                } else {
                    report.write_text(&mut out, corpus.vocabulary())
                };
                match written.and_then(|()| out.flush()) {
                    // Nobody reads on (`… | head`): nothing more is owed.
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                    written => written?,
                }
            }
        }
        eprintln!("{totals}, {} threads", threads.current_num_threads());
        Ok(if totals.any_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
