//! The check of a whole tree: every job that a campaign selects is there, says what it should, and nothing else is there.
//!
//! - [`fault`]: what may be wrong with a tree
//! - [`plan`]: which jobs should be there, and what they are checked against

pub mod fault;
pub mod plan;

pub use fault::{Fault, TreeFault};

use crate::{Held, JobFile, Rules, Tree, TreeError, Words, check::JobFault, check_job, check_job_files, pack::Columns};
use futures::{StreamExt, pin_mut};
use plan::SizePlan;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use superposed_corpus::{Corpus, Npmi};
use superposed_identity::{JobId, LayerIndex, Mode, Size};
use superposed_shared::layout;

/// How a tree is checked.
#[derive(Default)]
pub struct Options<'o> {
    /// The corpus of each size, that scores are recomputed from; of a size without one they are not.
    pub corpora: BTreeMap<Size, Arc<Corpus>>,
    /// The least count with a probability above 0, for trees without a campaign's record: theirs says it.
    pub min_freq: u64,
    /// Told how many jobs were looked at, now and then.
    pub progress: Option<&'o (dyn Fn(u64) + Sync)>,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("corpora", &self.corpora).field("min_freq", &self.min_freq).finish()
    }
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Jobs that are there or should be.
    pub jobs: u64,
    /// Topics that were looked at.
    pub topics: u64,
    /// Topics whose scores were recomputed.
    pub scored: u64,
    /// Jobs that should be there, and of which nothing is.
    pub missing: u64,
    /// Faults that were told.
    pub faults: u64,
    /// Sizes of which no campaign says which jobs they should have.
    pub unplanned: u64,
}

/// Checks a tree that was looked through as a whole, and tells each fault as it is found.
///
/// # Errors
/// When the tree cannot be read. What it holds is told as a fault instead.
pub async fn verify(
    tree: &Arc<Tree>,
    options: &Options<'_>,
    mut tell: impl FnMut(Fault),
) -> Result<Verified, TreeError> {
    let mut verified = Verified::default();
    for size in tree.inventory.sizes.keys() {
        let mut check = Check { tree, size, options, tell: &mut tell, verified: &mut verified };
        check.size().await?;
    }
    Ok(verified)
}

/// The check of a size.
struct Check<'c, 'o> {
    tree: &'c Arc<Tree>,
    size: &'c Size,
    options: &'c Options<'o>,
    tell: &'c mut dyn FnMut(Fault),
    verified: &'c mut Verified,
}

/// What the check of a job found.
struct Checked {
    faults: Vec<Fault>,
    topics: u64,
    scored: u64,
}

impl<'c> Check<'c, '_> {
    fn corpus(&self) -> Option<&'c Arc<Corpus>> {
        let options: &'c Options<'_> = self.options;
        options.corpora.get(self.size)
    }

    fn tell(&mut self, fault: Fault) {
        self.verified.faults += 1;
        (self.tell)(fault);
    }

    fn tell_of(&mut self, path: &str, fault: TreeFault) {
        let path = format!("{}/{path}", self.size);
        self.tell(Fault::Tree { path, fault });
    }

    async fn size(&mut self) -> Result<(), TreeError> {
        let of_size = &self.tree.inventory.sizes[self.size];
        for path in &of_size.leftovers {
            self.tell_of(path, TreeFault::Leftover);
        }
        for path in &of_size.foreign {
            self.tell_of(path, TreeFault::Foreign);
        }
        let (plan, faults) = SizePlan::read(self.tree, self.size).await?;
        for (path, fault) in faults {
            self.tell_of(&path, fault);
        }
        self.verified.unplanned += u64::from(!plan.is_complete());
        for campaign in of_size.solves.keys().filter(|campaign| !of_size.records.contains(*campaign)) {
            // Without any record the tree is from elsewhere, and nobody knows whose solver records these are.
            if !of_size.records.is_empty() {
                self.tell_of(&format!("solves/{campaign}"), TreeFault::NoRecord(campaign.clone()));
            }
        }
        let words = self.words().await?;
        let npmi = self.corpus().map(|corpus| {
            let min_freq = plan.parameters.as_ref().map_or(self.options.min_freq, |parameters| parameters.min_freq);
            Arc::new(Npmi::new(Arc::clone(corpus), min_freq))
        });
        let against = Arc::new(Against { plan, words, npmi });
        let layers: BTreeSet<_> = of_size.layers.keys().copied().chain(against.plan.layers()).collect();
        for layer in layers {
            self.layer(layer, &against).await?;
        }
        Ok(())
    }

    /// How many words there are, by the map beside the results or by the corpus.
    async fn words(&mut self) -> Result<Option<usize>, TreeError> {
        let corpus = self.corpus().map(|corpus| Words::of_vocabulary(corpus.vocabulary()));
        let path = layout::words_file(self.size);
        let of_corpus = corpus.as_ref().map(Words::len);
        let words = match self.tree.words(self.size).await {
            Ok(words) => words,
            Err(TreeError::Words { source, .. }) => {
                self.tell(Fault::Tree { path, fault: TreeFault::Words(source.to_string()) });
                return Ok(of_corpus);
            }
            Err(error) => return Err(error),
        };
        let Some(words) = words else {
            if !self.tree.inventory.sizes[self.size].records.is_empty() {
                self.tell(Fault::Tree { path, fault: TreeFault::NoWords });
            }
            return Ok(of_corpus);
        };
        let other = corpus.as_ref().and_then(|corpus| words.difference(corpus));
        if let Err(error) = words.check_order() {
            self.tell(Fault::Tree { path, fault: TreeFault::Words(error.to_string()) });
        } else if let Some(line) = other {
            self.tell(Fault::Tree { path, fault: TreeFault::OtherWords(line) });
        }
        Ok(Some(of_corpus.unwrap_or(words.len())))
    }

    async fn layer(&mut self, (mode, layer): (Mode, LayerIndex), against: &Arc<Against>) -> Result<(), TreeError> {
        let layer = Arc::new(self.tree.layer(self.size, (mode, layer), Columns::All).await?);
        for (path, error) in &layer.unreadable {
            let fault = TreeFault::Pack(error.to_string());
            self.tell(Fault::Tree { path: path.clone(), fault });
        }
        for (job, first, second) in &layer.contradictions {
            let fault = TreeFault::Contradiction { job: *job, other: first.clone() };
            self.tell(Fault::Tree { path: second.clone(), fault });
        }
        let expected = against.plan.jobs(mode, layer.layer);
        let mut missing: Option<(JobId, JobId, u64)> = None;
        for job in expected {
            let there = layer.has(job);
            if !there {
                missing = Some(missing.map_or((job, job, 1), |(first, _, count)| (first, job, count + 1)));
                self.verified.missing += 1;
                self.verified.jobs += 1;
            }
            if there && let Some(run) = missing.take() {
                self.tell_missing(run);
            }
        }
        if let Some(run) = missing {
            self.tell_missing(run);
        }
        let work = {
            let (against, size) = (Arc::clone(against), self.size.clone());
            move |held: Held| against.check(&size, held)
        };
        let looked_at = layer.jobs();
        let checked = layer.each(looked_at, work);
        pin_mut!(checked);
        while let Some(checked) = checked.next().await {
            let Checked { faults, topics, scored } = checked?;
            faults.into_iter().for_each(|fault| self.tell(fault));
            self.verified.jobs += 1;
            self.verified.topics += topics;
            self.verified.scored += scored;
            if self.verified.jobs.is_multiple_of(1000) {
                self.options.progress.iter().for_each(|progress| progress(self.verified.jobs));
            }
        }
        Ok(())
    }

    fn tell_missing(&mut self, (first, last, count): (JobId, JobId, u64)) {
        self.tell(Fault::Missing { size: self.size.clone(), first, last, count });
    }
}

/// What the jobs of a size are checked against.
struct Against {
    plan: SizePlan,
    words: Option<usize>,
    npmi: Option<Arc<Npmi>>,
}

impl Against {
    /// Checks a job.
    fn check(&self, size: &Size, held: Held) -> Checked {
        let rules = Rules { parameters: self.plan.parameters.as_ref(), words: self.words, npmi: self.npmi.as_deref() };
        let Held { job, files, unreadable, packed } = held;
        let mut faults = Vec::new();
        let mut topics = 0;
        if !self.plan.selects(job) {
            let path = match (&files, &packed) {
                (None, Some(packed)) => packed.path.to_string(),
                _ => format!("{size}/{job}"),
            };
            faults.push(Fault::Tree { path, fault: TreeFault::ForeignJob(job) });
        }
        let in_file = |fault: JobFault| Fault::Job { path: format!("{size}/{}", fault.file.path(job)), job, fault };
        if let Some(packed) = &packed {
            topics = packed.stored.result.topics.len() as u64;
            let in_pack = |fault| Fault::Job { path: packed.path.to_string(), job, fault };
            faults.extend(check_job(&packed.stored.result, &rules).into_iter().map(in_pack));
        }
        if let Some(files) = files {
            let there = JobFile::ALL.map(|file| files[file as usize].is_some());
            for (file, reason) in &unreadable {
                let kind = crate::JobFaultKind::Unreadable(reason.clone());
                faults.push(in_file(JobFault { file: *file, row: None, kind }));
            }
            for file in JobFile::ALL {
                if !there[file as usize] && unreadable.iter().all(|(unreadable, _)| *unreadable != file) {
                    let path = format!("{size}/{}", file.path(job));
                    faults.push(Fault::Tree { path, fault: TreeFault::MissingFile(job) });
                }
            }
            // What is missing is empty here; its faults are those of the file that is not there.
            let contents = files.map(Option::unwrap_or_default);
            match check_job_files(&contents, &rules) {
                Ok(result) => {
                    topics = result.topics.len() as u64;
                    if packed.is_some_and(|packed| packed.stored.contents() != contents) {
                        let path = format!("{size}/{job}");
                        let fault = TreeFault::Contradiction { job, other: "its pack".to_owned() };
                        faults.push(Fault::Tree { path, fault });
                    }
                }
                Err(all) if there == [true; 3] => faults.extend(all.into_iter().map(in_file)),
                Err(all) => {
                    // Of the files that are there, only what is wrong with them alone.
                    let alone = |fault: &JobFault| {
                        there[fault.file as usize] && matches!(fault.kind, crate::JobFaultKind::Unreadable(_))
                    };
                    faults.extend(all.into_iter().filter(alone).map(in_file));
                }
            }
        }
        let scored = if self.npmi.is_some() { topics } else { 0 };
        Checked { faults, topics, scored }
    }
}
