//! `superposed verify`

use super::{Output, block_on};
use anyhow::{Context, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use superposed_corpus::Corpus;
use superposed_identity::Size;
use superposed_results::{
    Scope, Tree,
    verify::{Options, Verified, plan::SizePlan, verify},
};

/// Check a whole tree of results
///
/// Every job that its campaigns select must be there with all three files, or in a pack; files must parse and belong together;
/// scores must be what the corpus gives, to 1e-9; and nothing else may lie there. Each fault is one line; with faults the
/// exit code is 1.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The results: a destination, or an archive like the published ones
    destination: String,
    /// The corpus store that scores are recomputed from [default: where the campaign's record says it was]
    #[arg(long, value_name = "STORE")]
    corpus: Option<PathBuf>,
    /// The least count with a probability above 0, for results without a campaign's record, which would say it
    #[arg(long, default_value_t = 100)]
    min_freq: u64,
    /// How faults are told
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Verify {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let tree = Arc::new(Tree::open(&self.destination, &Scope::all()).await?);
            ensure!(
                !tree.inventory.sizes.is_empty(),
                "{} holds no results: name the destination of a campaign, the directory above a size like 124M",
                self.destination
            );
            let Corpora { by_size, notes } = Corpora::open(&tree, self.corpus.as_deref()).await?;
            let jobs = tree.inventory.sizes.values().flat_map(|of_size| of_size.layers.values());
            let bar = bar(jobs.map(|layer| layer.files.len()).sum());
            let progress = |done| bar.set_position(done);
            let options = Options { corpora: by_size, min_freq: self.min_freq, progress: Some(&progress) };
            let told = verify(&tree, &options, |fault| {
                bar.suspend(|| match self.output {
                    Output::Table => say!("{fault}"),
                    Output::Json => say!("{}", json!(fault.line())),
                });
            });
            let verified = told.await?;
            bar.finish_and_clear();
            match self.output {
                Output::Table => {
                    notes.iter().for_each(|note| eprintln!("{note}"));
                    say!("{}", summary(&verified));
                    if verified.unplanned > 0 {
                        eprintln!(
                            "no campaign's record says which jobs there should be: that none is missing is not known"
                        );
                    }
                    if verified.faults > 0 {
                        eprintln!(
                            "what to do: remove the files told above, and submit the campaign again with --resume: what is \
                             sound is kept, what is missing is mined"
                        );
                    }
                }
                Output::Json => {
                    let Verified { jobs, topics, scored, missing, faults, unplanned } = verified;
                    let summary = json!({ "jobs": jobs, "missing": missing, "topics": topics, "scores_recomputed": scored,
                        "faults": faults, "sizes_without_a_record": unplanned, "notes": notes });
                    say!("{}", json!({ "summary": summary }));
                }
            }
            Ok(if verified.faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        })
    }
}

fn summary(verified: &Verified) -> String {
    let Verified { jobs, topics, scored, missing, faults, .. } = verified;
    let looked = format!("{jobs} jobs, {topics} topics, {scored} scores recomputed");
    let counted = |count: &u64, what: &str| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
    match (faults, missing) {
        (0, _) => format!("{looked}: no fault"),
        (_, 0) => format!("{looked}: {}", counted(faults, "fault")),
        _ => format!("{looked}: {}, {} missing", counted(faults, "fault"), counted(missing, "job")),
    }
}

/// The corpora of a tree, and what people should know about those that are not there.
struct Corpora {
    by_size: BTreeMap<Size, Arc<Corpus>>,
    notes: Vec<String>,
}

impl Corpora {
    async fn open(tree: &Tree, named: Option<&Path>) -> Result<Self> {
        let named = named.map(|path| Corpus::open(path).map(Arc::new)).transpose()?;
        let mut corpora = Self { by_size: BTreeMap::new(), notes: Vec::new() };
        for size in tree.inventory.sizes.keys() {
            let (plan, _) = SizePlan::read(tree, size).await?;
            match (&named, plan.corpus) {
                (Some(corpus), Some((digest, _))) => {
                    ensure!(
                        corpus.digest() == digest,
                        "{size} was mined with another corpus than {}: with {digest}, and this one is {}; name that corpus",
                        corpus.directory().display(),
                        corpus.digest()
                    );
                    corpora.by_size.insert(size.clone(), Arc::clone(corpus));
                }
                (Some(corpus), None) => {
                    corpora.by_size.insert(size.clone(), Arc::clone(corpus));
                }
                (None, Some((digest, place))) => match found(&place, &digest) {
                    Ok(corpus) => {
                        corpora.by_size.insert(size.clone(), Arc::new(corpus));
                    }
                    Err(reason) => corpora.note(size, &format!("{reason:#}")),
                },
                (None, None) => corpora.note(size, "no campaign's record says with which corpus it was mined"),
            }
        }
        Ok(corpora)
    }

    fn note(&mut self, size: &Size, reason: &str) {
        self.notes.push(format!("{size}: scores were not recomputed: {reason}; name the corpus store with --corpus"));
    }
}

/// The corpus of a campaign, if it is still where it was.
fn found(place: &str, digest: &str) -> Result<Corpus> {
    let corpus = Corpus::open(Path::new(place)).context("its corpus is not where it was")?;
    ensure!(corpus.digest() == digest, "{place} is another corpus by now");
    Ok(corpus)
}

/// How far the check is; nothing, where nobody watches.
fn bar(jobs: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(jobs), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} jobs {per_sec}").expect("a legal template");
    bar.set_style(style);
    bar
}
