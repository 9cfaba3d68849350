//! The options that set the method's parameters; what is left out is the paper's choice for the token rule.

use clap::{Args, ValueEnum};
use std::{path::PathBuf, str::FromStr};
use superposed_identity::{AuditShare, MiningParameters, SolverKind, TokenRule};
use superposed_shared::{
    extra_vocab::{self, ExtraVocabError},
    spec::ParameterChoices,
};

/// How pools are made and mined.
#[derive(Debug, Args)]
pub(super) struct Method {
    /// How tokens become words [default: what the tokenizer calls for]
    #[arg(long, value_enum)]
    rule: Option<Rule>,
    /// Tokens of each end of the logits; plays no part for stored pools
    #[arg(long)]
    tau: Option<u32>,
    /// Least and greatest NPMI of an edge of the star heuristic, like 0.1,1
    #[arg(long, value_name = "LOW,HIGH", allow_hyphen_values = true)]
    theta: Option<Bounds<f64>>,
    /// Least and greatest size of a word set, its centre included, like 10,24
    #[arg(long, value_name = "LOW,HIGH")]
    kappa: Option<Bounds<u32>>,
    /// Words of a topic
    #[arg(long)]
    clique: Option<u32>,
    /// The least count at which a word or a pair has a probability above 0
    #[arg(long)]
    min_freq: Option<u64>,
    /// branch-and-bound or scip
    #[arg(long)]
    solver: Option<SolverKind>,
    /// A file of the only words that may be in a pool, one a line; not for stored pools, which are made already
    #[arg(long, value_name = "FILE", conflicts_with = "pools")]
    extra_vocab: Option<PathBuf>,
    /// The share of the solves that the other solver checks, from 0 to 1
    #[arg(long, default_value_t = AuditShare::NONE)]
    pub(super) audit: AuditShare,
}

/// A token rule as it is called on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rule {
    ByteLevel,
    SentencePiece,
    ByteLevelPieces,
}

impl From<Rule> for TokenRule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::ByteLevel => Self::ByteLevel,
            Rule::SentencePiece => Self::SentencePiece,
            Rule::ByteLevelPieces => Self::ByteLevelPieces,
        }
    }
}

/// Two numbers with a comma between them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds<T>([T; 2]);

impl<T: FromStr> FromStr for Bounds<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bounds = text.split_once(',').and_then(|(low, high)| {
            let number = |text: &str| text.trim().parse().ok();
            Some(Self([number(low)?, number(high)?]))
        });
        bounds.ok_or_else(|| format!("{text:?} is not two numbers like 0.1,1"))
    }
}

impl Method {
    /// The complete parameters, where `rule` is what the source calls for.
    pub(super) fn parameters(&self, rule: TokenRule) -> MiningParameters {
        let choices = ParameterChoices {
            rule: self.rule.map(TokenRule::from),
            tau: self.tau,
            theta: self.theta.map(|bounds| bounds.0),
            kappa: self.kappa.map(|bounds| bounds.0),
            clique: self.clique,
            min_freq: self.min_freq,
            solver: self.solver,
            // Not one of the numbers that are resolved: see `Method::extra_vocab`.
            extra_vocab: None,
        };
        choices.resolve(rule)
    }

    /// The only words that may be in a pool, where they are restricted.
    pub(super) fn extra_vocab(&self) -> Result<Option<Vec<String>>, ExtraVocabError> {
        self.extra_vocab.as_deref().map(|file| Ok(extra_vocab::read(file)?.0)).transpose()
    }
}
