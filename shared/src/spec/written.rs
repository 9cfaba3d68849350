//! A spec field by field, as a campaign file and a record have it.

use super::{CampaignSpec, ParameterChoices, Selection, Source, SpecError};
use serde::{Deserialize, Serialize};
use superposed_identity::{AuditShare, Mode, Polarities, Precision, ResultLayout, Size};

/// The fields of a spec.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    size: Size,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pools: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logits: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokenizer: Option<String>,
    corpus: String,
    destination: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modes: Option<Vec<Mode>>,
    #[serde(default = "both_polarities")]
    polarities: Polarities,
    #[serde(default)]
    select: Vec<Selection>,
    #[serde(default)]
    parameters: ParameterChoices,
    #[serde(default)]
    priority: i32,
    #[serde(default = "default_batch")]
    batch: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<Precision>,
    #[serde(default = "default_max_attempts")]
    max_attempts: u32,
    #[serde(default)]
    audit: AuditShare,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_workers: Option<u32>,
    // Left out where it is the usual one, so that a spec of an earlier version keeps its digest.
    #[serde(default, skip_serializing_if = "ResultLayout::is_files")]
    layout: ResultLayout,
}

fn both_polarities() -> Polarities {
    Polarities::Both
}

fn default_batch() -> u32 {
    64
}

fn default_max_attempts() -> u32 {
    3
}

impl TryFrom<Written> for CampaignSpec {
    type Error = SpecError;

    fn try_from(written: Written) -> Result<Self, SpecError> {
        Ok(Self {
            name: written.name,
            size: written.size,
            source: Source::of_fields(written.model, written.pools, written.logits, written.tokenizer)?,
            corpus: written.corpus,
            destination: written.destination,
            modes: written.modes,
            polarities: written.polarities,
            select: written.select,
            parameters: written.parameters,
            priority: written.priority,
            batch: written.batch,
            precision: written.precision,
            max_attempts: written.max_attempts,
            audit: written.audit,
            max_workers: written.max_workers,
            layout: written.layout,
        })
    }
}

impl From<CampaignSpec> for Written {
    fn from(spec: CampaignSpec) -> Self {
        let (mut model, mut pools, mut logits, mut tokenizer) = (None, None, None, None);
        match spec.source {
            Source::Model(place) => model = Some(place),
            Source::Pools(place) => pools = Some(place),
            Source::Logits { logits: place, tokenizer: directory } => {
                logits = Some(place);
                tokenizer = Some(directory);
            }
        }
        Self {
            name: spec.name,
            size: spec.size,
            model,
            pools,
            logits,
            tokenizer,
            corpus: spec.corpus,
            destination: spec.destination,
            modes: spec.modes,
            polarities: spec.polarities,
            select: spec.select,
            parameters: spec.parameters,
            priority: spec.priority,
            batch: spec.batch,
            precision: spec.precision,
            max_attempts: spec.max_attempts,
            audit: spec.audit,
            max_workers: spec.max_workers,
            layout: spec.layout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "name = 'n'\nsize = '1M'\ncorpus = 'c'\ndestination = 'd'\n";

    fn source(text: &str) -> Result<Source, String> {
        let spec = toml::from_str::<CampaignSpec>(&format!("{REST}{text}"));
        spec.map(|spec| spec.source).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_campaign_starts_from_one_thing_and_says_so_in_a_record_as_in_its_file() {
        let logits = Source::Logits { logits: "l".to_owned(), tokenizer: "t".to_owned() };
        for (text, expected) in [
            ("model = 'm'", Source::Model("m".to_owned())),
            ("pools = 'p'", Source::Pools("p".to_owned())),
            ("logits = 'l'\ntokenizer = 't'", logits),
        ] {
            let spec: CampaignSpec = toml::from_str(&format!("{REST}{text}")).expect("a legal spec");
            assert_eq!(spec.source, expected);
            let record = serde_json::to_string(&spec).expect("plain data");
            assert_eq!(serde_json::from_str::<CampaignSpec>(&record).expect("the same"), spec);
        }
    }

    #[test]
    fn none_two_and_half_a_source_are_refused() {
        let none = source("").expect_err("it was taken");
        assert_eq!(none, "nothing to start from: name a model, a tree of pools, or logits and their tokenizer");
        assert_eq!(source("tokenizer = 't'"), Err(none));
        for two in
            ["model = 'm'\npools = 'p'", "pools = 'p'\nlogits = 'l'", "model = 'm'\nlogits = 'l'\ntokenizer = 't'"]
        {
            let refused = source(two).expect_err("it was taken");
            assert_eq!(refused, "a campaign starts from one thing: name one of model, pools and logits", "{two}");
        }
        let half = source("logits = 'l'").expect_err("it was taken");
        assert!(half.starts_with("logits need a tokenizer"), "{half}");
        let idle = source("model = 'm'\ntokenizer = 't'").expect_err("it was taken");
        assert_eq!(idle, "tokenizer belongs to logits, and a model has its own: leave it out");
    }
}
