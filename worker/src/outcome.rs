//! What became of a batch: what is to be written, and what is then told.

use crate::solves;
use bytes::Bytes;
use std::ops::Range;
use superposed_identity::{JobId, Ordinal, ResultLayout, Size, SolverKind};
use superposed_mining::{Instance, JobFiles, MineError, Mined};
use superposed_results::{PackWriter, StoredResult};
use superposed_shared::{description::CampaignDescription, destination::Destination, layout};

/// A mined job, as it is written.
#[derive(Debug)]
pub struct Finished {
    /// Its three files.
    pub files: JobFiles,
    /// The same, for a pack.
    pub stored: StoredResult,
    /// Its line in the solver records.
    pub line: String,
}

impl Finished {
    /// A job whose logits or pool came from `backend`.
    #[must_use]
    pub fn new(job: JobId, backend: &str, solver: SolverKind, mined: &Mined) -> Self {
        let stored = superposed_results::JobResult::from(mined).into();
        Self { files: mined.files(), stored, line: solves::line(job, backend, solver, mined) }
    }
}

/// Why a job failed.
#[derive(Debug, Clone)]
pub enum JobError {
    /// Nothing but the reason is left. The same input fails the same way.
    Reason(String),
    /// Something that should not happen, as a panic.
    Accident(String),
    /// Not the job's fault: the corpus store is damaged.
    Store(String),
    /// Two solvers contradict each other: the instance is kept.
    Disagreement(Box<Instance>),
}

impl From<MineError> for JobError {
    fn from(error: MineError) -> Self {
        match error {
            MineError::Disagreement(instance) => Self::Disagreement(instance),
            MineError::Store(damage) => Self::Store(damage),
            error => Self::Reason(error.to_string()),
        }
    }
}

/// What became of a job.
pub type JobResult = (Ordinal, JobId, Result<Finished, JobError>);

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files of the jobs that are done.
    pub files: Vec<(JobId, JobFiles)>,
    /// Other files, by their paths: parts of packs, solver records and disagreements.
    pub beside: Vec<(String, Bytes)>,
    /// The jobs that are done, when all of these files are durable.
    pub done: Vec<Range<u32>>,
    /// The jobs that failed.
    pub failed: Vec<Failure>,
}

/// A job that failed by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub ordinal: Ordinal,
    /// Why.
    pub error: String,
    /// Whether another attempt would fail the same way.
    pub lasting: bool,
}

impl Outcome {
    /// Sorts the results of a batch, which are in the order of their ordinals.
    #[must_use]
    pub fn of(
        results: impl IntoIterator<Item = JobResult>,
        description: &CampaignDescription,
        destination: &Destination,
    ) -> Self {
        let size = &description.size;
        let mut outcome = Self::default();
        // Jobs whose ordinals follow each other share a file of records, and its name says which they are.
        let mut records: Vec<(JobId, JobId, String)> = Vec::new();
        // Likewise a part of a pack, where results are packed.
        let mut parts: Vec<Vec<(JobId, StoredResult)>> = Vec::new();
        for (ordinal, job, result) in results {
            match result {
                Ok(Finished { files, stored, line }) => {
                    match description.layout {
                        ResultLayout::Files => outcome.files.push((job, files)),
                        ResultLayout::Packs => match (outcome.done.last(), parts.last_mut()) {
                            (Some(run), Some(part)) if run.end == ordinal.0 => part.push((job, stored)),
                            _ => parts.push(vec![(job, stored)]),
                        },
                    }
                    match (outcome.done.last_mut(), records.last_mut()) {
                        (Some(run), Some((_, last, lines))) if run.end == ordinal.0 => {
                            run.end += 1;
                            *last = job;
                            lines.push_str(&line);
                        }
                        _ => {
                            outcome.done.push(ordinal.0..ordinal.0 + 1);
                            records.push((job, job, line));
                        }
                    }
                }
                Err(JobError::Reason(reason)) => {
                    outcome.failed.push(Failure { ordinal, error: format!("{job}: {reason}"), lasting: true });
                }
                Err(JobError::Accident(reason) | JobError::Store(reason)) => {
                    outcome.failed.push(Failure { ordinal, error: format!("{job}: {reason}"), lasting: false });
                }
                Err(JobError::Disagreement(instance)) => {
                    let path = layout::disagreement_file(size, job);
                    let error = format!("{job}: {instance}, which is {destination}/{path}");
                    outcome.failed.push(Failure { ordinal, error, lasting: true });
                    outcome.beside.push((path, (instance.to_json() + "\n").into()));
                }
            }
        }
        outcome.beside.extend(parts.iter().map(|jobs| part(size, &description.name, jobs)));
        let path =
            |(first, last, lines)| (layout::solves_file(size, &description.name, first, last), Bytes::from(lines));
        outcome.beside.extend(records.into_iter().map(path));
        outcome
    }
}

/// A part of a pack, which has at least one job: its path and its bytes. It holds ids alone; words come in when parts are
/// put together.
fn part(size: &Size, campaign: &str, jobs: &[(JobId, StoredResult)]) -> (String, Bytes) {
    let (first, last) = (jobs[0].0, jobs[jobs.len() - 1].0);
    let write = || {
        let mut writer = PackWriter::new(None)?;
        jobs.iter().try_for_each(|(job, stored)| writer.push(*job, stored))?;
        writer.finish()
    };
    let bytes = write().expect("jobs of ascending ordinals can be written to memory");
    (layout::part_file(size, campaign, first, last), bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::Batch;
    use superposed_identity::{
        AuditShare, LayerIndex, MiningParameters, Mode, NeuronId, Polarities, Polarity, Precision, ResultLayout,
        TokenRule, WordId,
    };
    use superposed_mining::{
        Pool, PoolForm, Status,
        audit::compare,
        solve::{Problem, Solution},
    };
    use superposed_results::pack::{Columns, read};
    use superposed_shared::{description::Input, destination::Uploader};

    fn description() -> CampaignDescription {
        CampaignDescription {
            name: "small".to_owned(),
            size: "1M".parse().expect("a legal size"),
            input: Input::Pools { place: "pools".to_owned(), digest: "sha256:0".to_owned() },
            corpus: "corpus".to_owned(),
            corpus_digest: "sha256:1".to_owned(),
            extra_vocab: None,
            destination: "results".to_owned(),
            polarities: Polarities::Both,
            parameters: MiningParameters::published(TokenRule::ByteLevel),
            batch: 64,
            precision: Precision::F32,
            audit: AuditShare::ALL,
            layout: ResultLayout::Files,
        }
    }

    fn job(ordinal: u32) -> JobId {
        let polarity = Ordinal(ordinal).polarity(Polarities::Both);
        JobId { mode: Mode::HighIsolated, layer: LayerIndex(3), neuron: NeuronId(ordinal / 2), polarity }
    }

    /// A job with an empty pool.
    fn done(ordinal: u32) -> JobResult {
        let mined = Mined { pool: Pool { words: vec![], form: PoolForm::Set }, word_sets: vec![], topics: vec![] };
        let finished = Finished::new(job(ordinal), "stored pools", SolverKind::BranchAndBound, &mined);
        (Ordinal(ordinal), job(ordinal), Ok(finished))
    }

    /// Two solvers that both swear on another clique of four words.
    fn disagreement() -> MineError {
        let weights =
            (0..16).map(|cell| if cell / 4 == cell % 4 { 0.0 } else { f64::from(cell / 4 * (cell % 4)) / 9.0 });
        let problem = Problem::new((0..4).map(WordId).collect(), weights.collect(), 2).expect("a legal problem");
        let swears = |a: u32, b: u32| Solution {
            words: vec![WordId(a), WordId(b)],
            score: problem.score(&[a as usize, b as usize]),
            status: Status::Optimal,
            gap: 0.0,
            nodes: 1,
        };
        let (right, wrong) = (swears(2, 3), swears(0, 1));
        let instance = compare(&problem, (SolverKind::BranchAndBound, &wrong), (SolverKind::Scip, &right));
        MineError::Disagreement(instance.expect_err("they agree"))
    }

    #[test]
    fn jobs_that_follow_each_other_share_a_file_of_records_that_is_named_after_them() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a directory");
        let failed = (Ordinal(8), job(8), Err(JobError::Reason("it broke".to_owned())));
        let results = [done(5), done(6), done(7), failed, done(9)];
        let outcome = Outcome::of(results, &description(), &destination);
        assert_eq!(outcome.done, [5..8, 9..10]);
        let failure = Failure { ordinal: Ordinal(8), error: "ii/3_4_neg: it broke".to_owned(), lasting: true };
        assert_eq!(outcome.failed, [failure]);
        let records: Vec<_> = outcome
            .beside
            .iter()
            .map(|(path, lines)| (path.as_str(), lines.iter().filter(|b| **b == b'\n').count()))
            .collect();
        assert_eq!(
            records,
            [("1M/solves/small/ii/3_2_pos-3_pos.jsonl", 3), ("1M/solves/small/ii/3_4_pos-4_pos.jsonl", 1)]
        );
        let line = str::from_utf8(&outcome.beside[1].1).expect("text");
        assert_eq!(
            line,
            "{\"job\":\"ii/3_4_pos\",\"mode\":\"ii\",\"layer\":3,\"neuron\":4,\"polarity\":\"pos\",\
             \"backend\":\"stored pools\",\"solver\":\"branch-and-bound\",\"pool\":0,\"solves\":[]}\n"
        );
    }

    #[test]
    fn jobs_that_follow_each_other_share_a_part_of_a_pack_and_make_the_same_bytes_again() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a directory");
        let description = CampaignDescription { layout: ResultLayout::Packs, ..description() };
        let outcome = || {
            let failed = (Ordinal(8), job(8), Err(JobError::Reason("it broke".to_owned())));
            Outcome::of([done(6), done(7), failed, done(9)], &description, &destination)
        };
        let Outcome { files, beside, done, .. } = outcome();
        assert!(files.is_empty(), "files were written beside the parts");
        assert_eq!(done, [6..8, 9..10]);
        let paths: Vec<_> =
            beside.iter().map(|(path, _)| path.as_str()).filter(|path| path.contains(".parts/")).collect();
        assert_eq!(paths, ["1M/ii/3.parts/small/3_neg-3_pos.parquet", "1M/ii/3.parts/small/4_pos-4_pos.parquet"]);
        let part = read(beside[0].1.clone(), Columns::All).expect("a pack");
        let jobs: Vec<_> = part.map(|row| row.expect("a row").0).collect();
        assert_eq!(jobs, [job(6), job(7)]);
        assert_eq!(outcome().beside[..2], beside[..2]);
    }

    #[tokio::test]
    async fn a_disagreement_fails_its_job_alone_and_leaves_its_instance_as_a_file() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a directory");
        let results = [done(0), (Ordinal(1), job(1), Err(disagreement().into()))];
        let Outcome { files, beside, done, failed } = Outcome::of(results, &description(), &destination);
        assert!(matches!(&done[..], [run] if *run == (0..1)), "{done:?}");
        let path = format!("{}/1M/disagreements/ii_3_0_pos.json", directory.path().display());
        let [Failure { ordinal: Ordinal(1), error: reason, lasting: true }] = &failed[..] else { panic!("{failed:?}") };
        assert!(
            reason.starts_with("ii/3_0_pos: two solvers contradict each other on the best 2 of 4 words"),
            "{reason}"
        );
        assert!(reason.ends_with(&format!("please report it with the instance, which is {path}")), "{reason}");

        let uploader = Uploader::new(destination.uploads());
        let batch = Batch::new(&description().size, files, beside);
        batch.upload(&uploader, &destination).await.expect("a writable directory");
        let instance = std::fs::read_to_string(path).expect("the instance");
        let instance = Instance::from_json(&instance).expect("an instance");
        assert_eq!(instance.problem().expect("a problem").len(), 4);
        assert!(directory.path().join("1M/ii/3_0_neg.pkl").is_file());
        assert!(!directory.path().join("1M/ii/3_0_pos.pkl").exists());
    }

    #[test]
    fn the_polarity_of_a_record_is_written_as_its_files_have_it() {
        assert_eq!(serde_json::to_string(&Polarity::Neg).expect("plain data"), "\"neg\"");
    }
}
