//! The jobs of a campaign: for each (mode, layer) the neurons to mine.

use super::{CampaignSpec, IndexSet};
use serde::{Deserialize, Serialize};
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId};

/// The neurons of one (mode, layer).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerPlan {
    /// The mode.
    pub mode: Mode,
    /// The block.
    pub layer: LayerIndex,
    /// The neurons, not empty.
    pub neurons: IndexSet,
}

/// A selection that the model cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A layer the model does not have.
    #[error("layer {layer} is out of range: the model has layers 0 to {last}")]
    Layer {
        /// The layer.
        layer: u32,
        /// The model's last.
        last: u32,
    },
    /// A neuron the layers do not have.
    #[error("neuron {neuron} is out of range: in mode {mode} a layer has neurons 0 to {last}")]
    Neuron {
        /// The neuron.
        neuron: u32,
        /// The mode.
        mode: Mode,
        /// The layer's last neuron.
        last: u32,
    },
    /// Nothing is selected.
    #[error("the campaign selects no neuron")]
    Empty,
    /// More jobs in a layer than the queue can number.
    #[error("mode {mode} layer {layer} has more jobs than the queue can number")]
    TooMany {
        /// The mode.
        mode: Mode,
        /// The layer.
        layer: u32,
    },
}

/// The layers of a campaign on a model with `layers` blocks, whose layers are `width(mode)` neurons wide.
///
/// Ordered by mode, then layer. Selections that overlap count once.
///
/// # Errors
/// When a layer or neuron is out of range, or nothing is selected.
pub fn plan(spec: &CampaignSpec, layers: u32, width: impl Fn(Mode) -> u32) -> Result<Vec<LayerPlan>, PlanError> {
    let all = [super::Selection::default()];
    let selections = if spec.select.is_empty() { &all[..] } else { &spec.select };
    let mut plans = Vec::new();
    for mode in Mode::ALL.into_iter().filter(|mode| spec.mines(*mode)) {
        let mut by_layer = vec![IndexSet::default(); layers as usize];
        for selection in selections {
            if !selection.modes.is_empty() && !selection.modes.contains(&mode) {
                continue;
            }
            let chosen_layers = selection.layers.clone().unwrap_or_else(|| IndexSet::below(layers));
            let neurons = selection.neurons.clone().unwrap_or_else(|| IndexSet::below(width(mode)));
            if let Some(layer) = chosen_layers.last().filter(|layer| *layer >= layers) {
                return Err(PlanError::Layer { layer, last: layers.saturating_sub(1) });
            }
            if let Some(neuron) = neurons.last().filter(|neuron| *neuron >= width(mode)) {
                return Err(PlanError::Neuron { neuron, mode, last: width(mode).saturating_sub(1) });
            }
            for layer in chosen_layers.iter() {
                by_layer[layer as usize] = by_layer[layer as usize].union(&neurons);
            }
        }
        for (layer, neurons) in (0..layers).zip(by_layer).filter(|(_, neurons)| !neurons.is_empty()) {
            if u64::from(neurons.len()) * u64::from(spec.polarities.count()) > u64::from(super::MAX_INDEX) {
                return Err(PlanError::TooMany { mode, layer });
            }
            plans.push(LayerPlan { mode, layer: LayerIndex(layer), neurons });
        }
    }
    if plans.is_empty() { Err(PlanError::Empty) } else { Ok(plans) }
}

/// All jobs of a campaign, in the order of their ordinals.
pub fn jobs<'a>(spec: &'a CampaignSpec, layers: &'a [LayerPlan]) -> impl Iterator<Item = JobId> + 'a {
    layers.iter().flat_map(move |plan| {
        plan.neurons.iter().flat_map(move |neuron| {
            spec.polarities.as_slice().iter().map(move |&polarity| JobId {
                mode: plan.mode,
                layer: plan.layer,
                neuron: NeuronId(neuron),
                polarity,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Selection;

    fn spec(select: Vec<Selection>) -> CampaignSpec {
        let text = "name = 'n'\nsize = '1M'\nmodel = 'm'\ncorpus = 'c'\ndestination = 'd'\nmodes = ['iii', 'i']";
        let mut spec: CampaignSpec = toml::from_str(text).expect("a legal spec");
        spec.select = select;
        spec
    }

    fn width(mode: Mode) -> u32 {
        if mode.is_high() { 40 } else { 10 }
    }

    fn set(text: &str) -> Option<IndexSet> {
        Some(text.parse().expect("a legal set"))
    }

    #[test]
    fn without_a_selection_every_neuron_of_every_layer_is_mined() {
        let plans = plan(&spec(vec![]), 2, width).expect("a plan");
        let written: Vec<_> = plans.iter().map(|p| format!("{}/{} {}", p.mode, p.layer, p.neurons)).collect();
        assert_eq!(written, ["i/0 0-39", "i/1 0-39", "iii/0 0-9", "iii/1 0-9"]);
    }

    #[test]
    fn overlapping_selections_count_once() {
        let select = vec![
            Selection { modes: vec![Mode::HighContextual], layers: set("1"), neurons: set("3-5") },
            Selection { modes: vec![], layers: set("1"), neurons: set("5-6") },
        ];
        let plans = plan(&spec(select), 2, width).expect("a plan");
        let written: Vec<_> = plans.iter().map(|p| format!("{}/{} {}", p.mode, p.layer, p.neurons)).collect();
        assert_eq!(written, ["i/1 3-6", "iii/1 5-6"]);
    }

    #[test]
    fn what_the_model_does_not_have_is_named() {
        let refused = |selection| plan(&spec(vec![selection]), 2, width).expect_err("it was planned").to_string();
        let layer = Selection { modes: vec![], layers: set("1-2"), neurons: None };
        assert_eq!(refused(layer), "layer 2 is out of range: the model has layers 0 to 1");
        let neuron = Selection { modes: vec![], layers: None, neurons: set("10") };
        assert_eq!(refused(neuron), "neuron 10 is out of range: in mode iii a layer has neurons 0 to 9");
    }
}
