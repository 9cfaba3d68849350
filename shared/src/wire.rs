//! Between this project's types and the protocol's. A message from elsewhere may hold anything, so every conversion
//! from it can fail, with the field's name.

use crate::{
    description::{CampaignDescription, Input},
    extra_vocab::ExtraVocab,
    proto::v1,
    spec::{CampaignSpec, IndexSet, MAX_INDEX, ParameterChoices, Selection, Source},
};
use std::fmt::Display;
use superposed_identity::{
    AuditShare, MiningParameters, Mode, Polarities, Polarity, Precision, ResultLayout, SolverKind, TokenRule,
};

/// A message whose field holds what it must not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct WireError {
    field: &'static str,
    problem: String,
}

impl WireError {
    /// What is wrong with a field.
    #[must_use]
    pub fn new(field: &'static str, problem: &dyn Display) -> Self {
        Self { field, problem: problem.to_string() }
    }
}

fn unknown(field: &'static str) -> WireError {
    WireError::new(field, &"not a known value")
}

impl From<Mode> for v1::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::HighContextual => Self::I,
            Mode::HighIsolated => Self::Ii,
            Mode::LowContextual => Self::Iii,
            Mode::LowIsolated => Self::Iiii,
        }
    }
}

/// Reads a mode.
///
/// # Errors
/// When the number names none.
pub fn mode(number: i32) -> Result<Mode, WireError> {
    u8::try_from(number).ok().and_then(Mode::from_number).ok_or_else(|| unknown("mode"))
}

impl From<Polarity> for v1::Polarity {
    fn from(polarity: Polarity) -> Self {
        match polarity {
            Polarity::Neg => Self::Neg,
            Polarity::Pos => Self::Pos,
        }
    }
}

/// Reads a polarity.
///
/// # Errors
/// When the number names none.
pub fn polarity(number: i32) -> Result<Polarity, WireError> {
    match v1::Polarity::try_from(number) {
        Ok(v1::Polarity::Neg) => Ok(Polarity::Neg),
        Ok(v1::Polarity::Pos) => Ok(Polarity::Pos),
        _ => Err(unknown("polarity")),
    }
}

fn write_polarities(polarities: Polarities) -> Vec<i32> {
    polarities.as_slice().iter().map(|p| v1::Polarity::from(*p).into()).collect()
}

fn read_polarities(numbers: &[i32]) -> Result<Polarities, WireError> {
    let read = |number: &i32| match v1::Polarity::try_from(*number) {
        Ok(v1::Polarity::Neg) => Ok(Polarity::Neg),
        Ok(v1::Polarity::Pos) => Ok(Polarity::Pos),
        _ => Err(unknown("polarities")),
    };
    let list = numbers.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Polarities::try_from(list).map_err(|error| WireError::new("polarities", &error))
}

impl From<TokenRule> for v1::TokenRule {
    fn from(rule: TokenRule) -> Self {
        match rule {
            TokenRule::ByteLevel => Self::ByteLevel,
            TokenRule::SentencePiece => Self::SentencePiece,
            TokenRule::ByteLevelPieces => Self::ByteLevelPieces,
        }
    }
}

fn read_rule(number: i32) -> Result<TokenRule, WireError> {
    match v1::TokenRule::try_from(number) {
        Ok(v1::TokenRule::ByteLevel) => Ok(TokenRule::ByteLevel),
        Ok(v1::TokenRule::SentencePiece) => Ok(TokenRule::SentencePiece),
        Ok(v1::TokenRule::ByteLevelPieces) => Ok(TokenRule::ByteLevelPieces),
        _ => Err(unknown("rule")),
    }
}

impl From<SolverKind> for v1::Solver {
    fn from(solver: SolverKind) -> Self {
        match solver {
            SolverKind::BranchAndBound => Self::BranchAndBound,
            SolverKind::Scip => Self::Scip,
        }
    }
}

fn read_audit(share: f64) -> Result<AuditShare, WireError> {
    AuditShare::new(share).map_err(|error| WireError::new("audit", &error))
}

fn read_solver(number: i32) -> Result<SolverKind, WireError> {
    match v1::Solver::try_from(number) {
        Ok(v1::Solver::BranchAndBound) => Ok(SolverKind::BranchAndBound),
        Ok(v1::Solver::Scip) => Ok(SolverKind::Scip),
        _ => Err(unknown("solver")),
    }
}

impl From<Precision> for v1::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
            Precision::F16 => Self::F16,
        }
    }
}

impl From<ResultLayout> for v1::ResultLayout {
    fn from(layout: ResultLayout) -> Self {
        match layout {
            ResultLayout::Files => Self::Files,
            ResultLayout::Packs => Self::Packs,
        }
    }
}

fn read_layout(number: Option<i32>) -> Result<ResultLayout, WireError> {
    match number.map(v1::ResultLayout::try_from) {
        None | Some(Ok(v1::ResultLayout::Files)) => Ok(ResultLayout::Files),
        Some(Ok(v1::ResultLayout::Packs)) => Ok(ResultLayout::Packs),
        Some(_) => Err(unknown("layout")),
    }
}

fn read_precision(number: i32) -> Result<Precision, WireError> {
    match v1::Precision::try_from(number) {
        Ok(v1::Precision::F32) => Ok(Precision::F32),
        Ok(v1::Precision::Bf16) => Ok(Precision::Bf16),
        Ok(v1::Precision::F16) => Ok(Precision::F16),
        _ => Err(unknown("precision")),
    }
}

impl From<&IndexSet> for v1::IndexSet {
    fn from(set: &IndexSet) -> Self {
        let write = |range: &std::ops::Range<u32>| v1::IndexRange { lower: range.start, upper: range.end };
        Self { ranges: set.ranges().iter().map(write).collect() }
    }
}

fn read_indices(set: &v1::IndexSet) -> Result<IndexSet, WireError> {
    match set.ranges.iter().find(|range| range.lower >= range.upper || range.upper > MAX_INDEX + 1) {
        Some(range) => Err(WireError::new("ranges", &format_args!("{} to {} is no range", range.lower, range.upper))),
        None => Ok(set.ranges.iter().map(|range| range.lower..range.upper).collect()),
    }
}

impl From<&Source> for v1::campaign_spec::Source {
    fn from(source: &Source) -> Self {
        match source.clone() {
            Source::Model(place) => Self::Model(place),
            Source::Pools(place) => Self::Pools(place),
            Source::Logits { logits, tokenizer } => Self::Logits(v1::LogitsSource { logits, tokenizer }),
        }
    }
}

fn read_source(source: Option<v1::campaign_spec::Source>) -> Result<Source, WireError> {
    use v1::campaign_spec::Source as Wire;
    match source.ok_or_else(|| WireError::new("source", &"missing"))? {
        Wire::Model(place) => Ok(Source::Model(place)),
        Wire::Pools(place) => Ok(Source::Pools(place)),
        Wire::Logits(v1::LogitsSource { logits, tokenizer }) => Ok(Source::Logits { logits, tokenizer }),
    }
}

impl From<&Input> for v1::campaign_description::Input {
    fn from(input: &Input) -> Self {
        match input.clone() {
            Input::Model { directory, digest } => Self::Model(v1::ModelInput { directory, digest }),
            Input::Pools { place, digest } => Self::Pools(v1::PoolsInput { place, digest }),
            Input::Logits { place, digest, tokenizer, tokenizer_digest } => {
                Self::Logits(v1::LogitsInput { place, digest, tokenizer, tokenizer_digest })
            }
        }
    }
}

fn read_input(input: Option<v1::campaign_description::Input>) -> Result<Input, WireError> {
    use v1::campaign_description::Input as Wire;
    Ok(match input.ok_or_else(|| WireError::new("input", &"missing"))? {
        Wire::Model(v1::ModelInput { directory, digest }) => Input::Model { directory, digest },
        Wire::Pools(v1::PoolsInput { place, digest }) => Input::Pools { place, digest },
        Wire::Logits(v1::LogitsInput { place, digest, tokenizer, tokenizer_digest }) => {
            Input::Logits { place, digest, tokenizer, tokenizer_digest }
        }
    })
}

impl From<&CampaignSpec> for v1::CampaignSpec {
    fn from(spec: &CampaignSpec) -> Self {
        let modes = |modes: &[Mode]| modes.iter().map(|m| v1::Mode::from(*m).into()).collect();
        let parameters = &spec.parameters;
        Self {
            name: spec.name.clone(),
            size: spec.size.to_string(),
            source: Some((&spec.source).into()),
            corpus: spec.corpus.clone(),
            destination: spec.destination.clone(),
            modes: modes(spec.modes.as_deref().unwrap_or_default()),
            polarities: write_polarities(spec.polarities),
            select: spec
                .select
                .iter()
                .map(|selection| v1::Selection {
                    modes: modes(&selection.modes),
                    layers: selection.layers.as_ref().map(Into::into),
                    neurons: selection.neurons.as_ref().map(Into::into),
                })
                .collect(),
            parameters: Some(v1::ParameterChoices {
                rule: parameters.rule.map(|rule| v1::TokenRule::from(rule).into()),
                tau: parameters.tau,
                theta_low: parameters.theta.map(|[low, _]| low),
                theta_high: parameters.theta.map(|[_, high]| high),
                kappa_low: parameters.kappa.map(|[low, _]| low),
                kappa_high: parameters.kappa.map(|[_, high]| high),
                clique: parameters.clique,
                min_freq: parameters.min_freq,
                solver: parameters.solver.map(|solver| v1::Solver::from(solver).into()),
                extra_vocab: parameters.extra_vocab.clone(),
            }),
            priority: spec.priority,
            batch: spec.batch,
            max_attempts: spec.max_attempts,
            audit: Some(spec.audit.get()),
            max_workers: spec.max_workers,
            precision: spec.precision.map(|precision| v1::Precision::from(precision).into()),
            layout: Some(v1::ResultLayout::from(spec.layout).into()),
        }
    }
}

fn pair<T>(field: &'static str, low: Option<T>, high: Option<T>) -> Result<Option<[T; 2]>, WireError> {
    match (low, high) {
        (Some(low), Some(high)) => Ok(Some([low, high])),
        (None, None) => Ok(None),
        _ => Err(WireError::new(field, &"one of its two bounds is missing")),
    }
}

impl TryFrom<v1::CampaignSpec> for CampaignSpec {
    type Error = WireError;

    fn try_from(spec: v1::CampaignSpec) -> Result<Self, WireError> {
        let modes = |numbers: &[i32]| numbers.iter().map(|number| mode(*number)).collect::<Result<Vec<_>, _>>();
        let parameters = spec.parameters.unwrap_or_default();
        Ok(Self {
            name: spec.name,
            size: spec.size.parse().map_err(|error| WireError::new("size", &error))?,
            source: read_source(spec.source)?,
            corpus: spec.corpus,
            destination: spec.destination,
            modes: Some(modes(&spec.modes)?).filter(|modes| !modes.is_empty()),
            polarities: read_polarities(&spec.polarities)?,
            select: spec
                .select
                .iter()
                .map(|selection| {
                    Ok(Selection {
                        modes: modes(&selection.modes)?,
                        layers: selection.layers.as_ref().map(read_indices).transpose()?,
                        neurons: selection.neurons.as_ref().map(read_indices).transpose()?,
                    })
                })
                .collect::<Result<_, WireError>>()?,
            parameters: ParameterChoices {
                rule: parameters.rule.map(read_rule).transpose()?,
                tau: parameters.tau,
                theta: pair("theta", parameters.theta_low, parameters.theta_high)?,
                kappa: pair("kappa", parameters.kappa_low, parameters.kappa_high)?,
                clique: parameters.clique,
                min_freq: parameters.min_freq,
                solver: parameters.solver.map(read_solver).transpose()?,
                extra_vocab: parameters.extra_vocab,
            },
            priority: spec.priority,
            batch: spec.batch,
            precision: spec.precision.map(read_precision).transpose()?,
            max_attempts: spec.max_attempts,
            audit: spec.audit.map(read_audit).transpose()?.unwrap_or_default(),
            max_workers: spec.max_workers,
            layout: read_layout(spec.layout)?,
        })
    }
}

impl From<&MiningParameters> for v1::MiningParameters {
    fn from(parameters: &MiningParameters) -> Self {
        Self {
            rule: v1::TokenRule::from(parameters.rule).into(),
            tau: parameters.tau,
            theta_low: parameters.theta_low,
            theta_high: parameters.theta_high,
            kappa_low: parameters.kappa_low,
            kappa_high: parameters.kappa_high,
            clique: parameters.clique,
            min_freq: parameters.min_freq,
            solver: v1::Solver::from(parameters.solver).into(),
        }
    }
}

impl TryFrom<v1::MiningParameters> for MiningParameters {
    type Error = WireError;

    fn try_from(parameters: v1::MiningParameters) -> Result<Self, WireError> {
        Ok(Self {
            rule: read_rule(parameters.rule)?,
            tau: parameters.tau,
            theta_low: parameters.theta_low,
            theta_high: parameters.theta_high,
            kappa_low: parameters.kappa_low,
            kappa_high: parameters.kappa_high,
            clique: parameters.clique,
            min_freq: parameters.min_freq,
            solver: read_solver(parameters.solver)?,
        })
    }
}

impl CampaignDescription {
    /// The description as a message.
    #[must_use]
    pub fn to_wire(&self, campaign_id: i64, identity: Vec<u8>) -> v1::CampaignDescription {
        v1::CampaignDescription {
            campaign_id,
            identity,
            size: self.size.to_string(),
            input: Some((&self.input).into()),
            corpus: self.corpus.clone(),
            corpus_digest: self.corpus_digest.clone(),
            extra_vocab: self
                .extra_vocab
                .as_ref()
                .map(|words| v1::ExtraVocab { file: words.file.clone(), digest: words.digest.clone() }),
            destination: self.destination.clone(),
            polarities: write_polarities(self.polarities),
            parameters: Some((&self.parameters).into()),
            batch: self.batch,
            name: self.name.clone(),
            audit: self.audit.get(),
            precision: v1::Precision::from(self.precision).into(),
            layout: Some(v1::ResultLayout::from(self.layout).into()),
        }
    }
}

impl TryFrom<v1::CampaignDescription> for CampaignDescription {
    type Error = WireError;

    fn try_from(description: v1::CampaignDescription) -> Result<Self, WireError> {
        Ok(Self {
            size: description.size.parse().map_err(|error| WireError::new("size", &error))?,
            input: read_input(description.input)?,
            corpus: description.corpus,
            corpus_digest: description.corpus_digest,
            extra_vocab: description.extra_vocab.map(|words| ExtraVocab { file: words.file, digest: words.digest }),
            destination: description.destination,
            polarities: read_polarities(&description.polarities)?,
            parameters: description.parameters.ok_or_else(|| WireError::new("parameters", &"missing"))?.try_into()?,
            batch: description.batch,
            precision: read_precision(description.precision)?,
            name: description.name,
            audit: read_audit(description.audit)?,
            layout: read_layout(description.layout)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_survives_the_wire() {
        let text = "name = 'n'\nsize = '1M'\nmodel = '/m'\ncorpus = '/c'\ndestination = '/d'\nmodes = ['iii', 'i']\n\
                    polarities = ['pos']\npriority = -2\naudit = 1\nmax_workers = 3\nprecision = 'f16'\nlayout = 'packs'\n[[select]]\nmodes = ['i']\nlayers = '0-1'\nneurons = [3, '5-9']\n\
                    [parameters]\ntheta = [0.2, 0.9]\nsolver = 'scip'\nrule = 'sentence-piece'\nextra_vocab = '/w'\n";
        let spec: CampaignSpec = toml::from_str(text).expect("a legal spec");
        assert_eq!(CampaignSpec::try_from(v1::CampaignSpec::from(&spec)), Ok(spec.clone()));
        for source in
            [Source::Pools("/p".to_owned()), Source::Logits { logits: "/l".to_owned(), tokenizer: "/t".to_owned() }]
        {
            let spec = CampaignSpec { source, modes: None, ..spec.clone() };
            assert_eq!(CampaignSpec::try_from(v1::CampaignSpec::from(&spec)), Ok(spec));
        }
    }

    #[test]
    fn a_description_survives_the_wire() {
        let text = |text: &str| text.to_owned();
        for input in [
            Input::Model { directory: text("/m"), digest: text("sha256:1") },
            Input::Pools { place: text("/p"), digest: text("sha256:2") },
            Input::Logits {
                place: text("/l"),
                digest: text("sha256:3"),
                tokenizer: text("/t"),
                tokenizer_digest: text("sha256:4"),
            },
        ] {
            let description = CampaignDescription {
                size: "1M".parse().expect("a legal size"),
                input,
                corpus: text("/c"),
                corpus_digest: text("sha256:5"),
                extra_vocab: Some(ExtraVocab { file: text("/w"), digest: text("sha256:6") }),
                destination: text("/d"),
                polarities: Polarities::One(Polarity::Pos),
                parameters: MiningParameters::published(TokenRule::SentencePiece),
                batch: 7,
                precision: Precision::Bf16,
                name: text("n"),
                audit: AuditShare::new(0.25).expect("a share"),
                layout: ResultLayout::Packs,
            };
            assert_eq!(CampaignDescription::try_from(description.to_wire(1, Vec::new())), Ok(description));
        }
    }

    #[test]
    fn a_message_with_half_a_pair_or_a_backward_range_is_refused() {
        let spec: CampaignSpec =
            toml::from_str("name = 'n'\nsize = '1M'\nmodel = '/m'\ncorpus = '/c'\ndestination = '/d'").expect("legal");
        let mut half = v1::CampaignSpec::from(&spec);
        half.parameters.get_or_insert_default().theta_low = Some(0.1);
        let error = CampaignSpec::try_from(half).expect_err("it was accepted");
        assert_eq!(error.to_string(), "theta: one of its two bounds is missing");
        let mut backward = v1::CampaignSpec::from(&spec);
        let ranges = vec![v1::IndexRange { lower: 3, upper: 3 }];
        backward.select.push(v1::Selection { neurons: Some(v1::IndexSet { ranges }), ..Default::default() });
        let error = CampaignSpec::try_from(backward).expect_err("it was accepted");
        assert_eq!(error.to_string(), "ranges: 3 to 3 is no range");
    }
}
