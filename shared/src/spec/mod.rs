//! A campaign as its author writes it, and the jobs that follow from it.
//!
//! [`CampaignSpec`] is read from a TOML file by [`file::read`], sent to the coordinator, and there turned into a
//! [`plan`]: for each (mode, layer) the neurons to mine. Of a campaign that starts from what was kept of a model, the
//! plan is made by [`stored::plan`](crate::stored::plan). What a spec leaves out is filled in by
//! [`ParameterChoices::resolve`].

pub mod file;
mod index_set;
pub mod plan;
mod source;
mod written;

pub use index_set::{IndexSet, IndexSetError, MAX_INDEX};
pub use source::Source;

use crate::place::{Place, PlaceError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use superposed_identity::{
    AuditShare, MiningParameters, Mode, Polarities, Precision, ResultLayout, Size, SolverKind, TokenRule,
};

/// A campaign as its author wrote it, with absolute paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "written::Written", into = "written::Written")]
pub struct CampaignSpec {
    /// What people call it; also the name of its record beside the results.
    pub name: String,
    /// The label of the model in the results' paths.
    pub size: Size,
    /// What the campaign starts from.
    pub source: Source,
    /// The corpus store's directory.
    pub corpus: String,
    /// Where results go: a directory or a `file://` URL.
    pub destination: String,
    /// Which modes are mined; when absent all that the source has.
    pub modes: Option<Vec<Mode>>,
    /// Which ends of the logits are mined.
    pub polarities: Polarities,
    /// Which neurons are mined; all when empty.
    pub select: Vec<Selection>,
    /// What is said of the method.
    pub parameters: ParameterChoices,
    /// Campaigns of a higher priority are served first.
    pub priority: i32,
    /// Neurons in one forward pass, and in one piece of work.
    pub batch: u32,
    /// What a forward pass multiplies in; `f32` when absent.
    pub precision: Option<Precision>,
    /// How often a job that stands alone may be tried.
    pub max_attempts: u32,
    /// Which share of the solves the other solver checks; changes no result.
    pub audit: AuditShare,
    /// How many workers may work on it at a time; any number when absent.
    pub max_workers: Option<u32>,
    /// As what results are written.
    pub layout: ResultLayout,
}

/// Neurons to mine: every named neuron of every named layer in every named mode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// The modes; the campaign's when empty.
    #[serde(default)]
    pub modes: Vec<Mode>,
    /// The layers; all when absent.
    #[serde(default)]
    pub layers: Option<IndexSet>,
    /// The neurons; all when absent.
    #[serde(default)]
    pub neurons: Option<IndexSet>,
}

/// What a campaign says of the method. What is left out is taken from the published defaults of the token rule.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterChoices {
    /// How tokens become words; by default what the tokenizer calls for.
    #[serde(default)]
    pub rule: Option<TokenRule>,
    /// τ, in tokens.
    #[serde(default)]
    pub tau: Option<u32>,
    /// θl and θu, in NPMI.
    #[serde(default)]
    pub theta: Option<[f64; 2]>,
    /// κl and κu, in words.
    #[serde(default)]
    pub kappa: Option<[u32; 2]>,
    /// k, in words.
    #[serde(default)]
    pub clique: Option<u32>,
    /// The least count with a probability above 0.
    #[serde(default)]
    pub min_freq: Option<u64>,
    /// Which solver finds the cliques.
    #[serde(default)]
    pub solver: Option<SolverKind>,
    /// A file of words, one a line: pools have no others.
    #[serde(default)]
    pub extra_vocab: Option<String>,
}

impl ParameterChoices {
    /// The complete parameters for a tokenizer whose own rule is `rule`.
    #[must_use]
    pub fn resolve(&self, rule: TokenRule) -> MiningParameters {
        let published = MiningParameters::published(self.rule.unwrap_or(rule));
        let [theta_low, theta_high] = self.theta.unwrap_or([published.theta_low, published.theta_high]);
        let [kappa_low, kappa_high] = self.kappa.unwrap_or([published.kappa_low, published.kappa_high]);
        MiningParameters {
            rule: published.rule,
            tau: self.tau.unwrap_or(published.tau),
            theta_low,
            theta_high,
            kappa_low,
            kappa_high,
            clique: self.clique.unwrap_or(published.clique),
            min_freq: self.min_freq.unwrap_or(published.min_freq),
            solver: self.solver.unwrap_or(published.solver),
        }
    }
}

/// A spec that makes no sense by itself, before any model is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// The name would not do as a file name.
    #[error("name {0:?} must be 1 to 100 letters, digits, '.', '_' or '-', and not start with a dot")]
    Name(String),
    /// Nothing to start from.
    #[error("nothing to start from: name a model, a tree of pools, or logits and their tokenizer")]
    NoSource,
    /// Several things to start from.
    #[error("a campaign starts from one thing: name one of model, pools and logits")]
    Sources,
    /// Logits without a tokenizer.
    #[error("logits need a tokenizer: name the directory of the tokenizer whose tokens they are of")]
    NoTokenizer,
    /// A tokenizer where none is looked at.
    #[error("tokenizer belongs to logits, and {0}: leave it out")]
    IdleTokenizer(&'static str),
    /// A place that is none.
    #[error("{field}: {error}")]
    Place {
        /// `model` or `tokenizer`.
        field: &'static str,
        /// What is wrong with it.
        error: PlaceError,
    },
    /// A precision where nothing is computed.
    #[error("precision belongs to the forward pass of a model, and {0} are given: leave it out")]
    IdlePrecision(&'static str),
    /// A parameter that stored pools were made with, not this campaign's jobs.
    #[error("{0} plays no part when pools are given, which are made already: leave it out")]
    PoolParameter(&'static str),
    /// No mode, or one twice.
    #[error("modes must name at least one of i, ii, iii, iiii, each once")]
    Modes,
    /// A selection names a mode the campaign does not mine.
    #[error("select[{index}] names mode {mode}, which is not among the campaign's modes")]
    SelectedMode {
        /// Which selection, from 0.
        index: usize,
        /// The mode.
        mode: Mode,
    },
    /// The batch is empty or absurd.
    #[error("batch is {0}, but must lie between 1 and 1024 neurons")]
    Batch(u32),
    /// No attempt is allowed, or endlessly many.
    #[error("max_attempts is {0}, but must lie between 1 and 100")]
    MaxAttempts(u32),
    /// No worker is allowed, or absurdly many.
    #[error("max_workers is {0}, but must lie between 1 and 100000; leave it out for any number")]
    MaxWorkers(u32),
}

impl CampaignSpec {
    /// A digest of all that the spec says, as hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let spec = serde_json::to_vec(self).expect("a spec is plain data");
        Sha256::digest(spec).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether the campaign mines a mode that its source has.
    #[must_use]
    pub fn mines(&self, mode: Mode) -> bool {
        self.modes.as_ref().is_none_or(|modes| modes.contains(&mode))
    }

    /// Checks what can be checked without looking at anything that it names.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn check(&self) -> Result<(), SpecError> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if self.name.is_empty() || self.name.len() > 100 || self.name.starts_with('.') || !self.name.bytes().all(legal)
        {
            return Err(SpecError::Name(self.name.clone()));
        }
        let twice = |modes: &[Mode]| modes.iter().enumerate().any(|(i, mode)| modes[..i].contains(mode));
        if let Some(modes) = &self.modes {
            if modes.is_empty() || twice(modes) {
                return Err(SpecError::Modes);
            }
            for (index, selection) in self.select.iter().enumerate() {
                if let Some(&mode) = selection.modes.iter().find(|mode| !modes.contains(mode)) {
                    return Err(SpecError::SelectedMode { index, mode });
                }
            }
        }
        match &self.source {
            Source::Model(place) => check_place("model", place)?,
            Source::Logits { tokenizer, .. } => check_place("tokenizer", tokenizer)?,
            Source::Pools(_) => {}
        }
        if let Source::Pools(_) = self.source {
            if self.parameters.tau.is_some() {
                return Err(SpecError::PoolParameter("tau"));
            }
            if self.parameters.extra_vocab.is_some() {
                return Err(SpecError::PoolParameter("extra_vocab"));
            }
        }
        if self.precision.is_some() {
            match self.source {
                Source::Model(_) => {}
                Source::Pools(_) => return Err(SpecError::IdlePrecision("pools")),
                Source::Logits { .. } => return Err(SpecError::IdlePrecision("logits")),
            }
        }
        if !(1..=1024).contains(&self.batch) {
            return Err(SpecError::Batch(self.batch));
        }
        if !(1..=100).contains(&self.max_attempts) {
            return Err(SpecError::MaxAttempts(self.max_attempts));
        }
        if let Some(workers) = self.max_workers.filter(|workers| !(1..=100_000).contains(workers)) {
            return Err(SpecError::MaxWorkers(workers));
        }
        Ok(())
    }
}

fn check_place(field: &'static str, place: &str) -> Result<(), SpecError> {
    place.parse::<Place>().map(|_| ()).map_err(|error| SpecError::Place { field, error })
}
