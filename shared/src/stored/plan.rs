//! The jobs of a campaign that starts from a tree: what the tree has, as far as the campaign asks for it.

use super::{Kind, StoredTree};
use crate::spec::{
    CampaignSpec, IndexSet, MAX_INDEX, Selection,
    plan::{LayerPlan, PlanError},
};
use std::collections::BTreeMap;
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId};

/// A selection that the tree cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum StoredPlanError {
    /// A mode that the tree has nothing of.
    #[error("{place} has no {kind} of mode {mode}: leave the mode out of the campaign, or name another tree")]
    Mode {
        /// The tree.
        place: String,
        /// What it holds.
        kind: Kind,
        /// The mode.
        mode: Mode,
    },
    /// A layer that the tree has nothing of.
    #[error("{place} has no {kind} of layer {layer} in mode {mode}: select layers that are there")]
    Layer {
        /// The tree.
        place: String,
        /// What it holds.
        kind: Kind,
        /// The mode.
        mode: Mode,
        /// The layer.
        layer: u32,
    },
    /// A file that a job would start from.
    #[error("{place} has no {path}: select neurons and polarities that are there")]
    Neuron {
        /// The tree.
        place: String,
        /// The file.
        path: String,
    },
    /// Nothing is selected, or too much.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// The layers of a campaign on a tree, ordered by mode, then layer. What a spec leaves out is all that the tree has;
/// what it names must be there, and so must all polarities of every neuron.
///
/// # Errors
/// When something is not there, or nothing is selected.
pub fn plan(spec: &CampaignSpec, tree: &StoredTree) -> Result<Vec<LayerPlan>, StoredPlanError> {
    let (kind, place) = (tree.kind, tree.place.to_string());
    let all = [Selection::default()];
    let selections = if spec.select.is_empty() { &all[..] } else { &spec.select };
    let mut chosen: BTreeMap<(Mode, LayerIndex), IndexSet> = BTreeMap::new();
    for mode in Mode::ALL.into_iter().filter(|mode| spec.mines(*mode)) {
        let layers: Vec<LayerIndex> = tree.held.keys().filter(|(held, _)| *held == mode).map(|(_, l)| *l).collect();
        let named = |selection: &&Selection| selection.modes.contains(&mode);
        if layers.is_empty() {
            if spec.modes.is_some() || spec.select.iter().any(|selection| named(&selection)) {
                return Err(StoredPlanError::Mode { place, kind, mode });
            }
            continue;
        }
        for selection in selections.iter().filter(|selection| selection.modes.is_empty() || named(selection)) {
            let layers = match &selection.layers {
                Some(layers) => layers.iter().map(LayerIndex).collect(),
                None => layers.clone(),
            };
            for layer in layers {
                let Some(held) = tree.held.get(&(mode, layer)) else {
                    return Err(StoredPlanError::Layer { place, kind, mode, layer: layer.0 });
                };
                let neurons = match &selection.neurons {
                    Some(neurons) => neurons.clone(),
                    None => held.0[0].union(&held.0[1]),
                };
                for &polarity in spec.polarities.as_slice() {
                    let there = held.neurons(polarity);
                    if let Some(neuron) = neurons.iter().find(|neuron| !there.contains(*neuron)) {
                        let path = kind.file(JobId { mode, layer, neuron: NeuronId(neuron), polarity });
                        return Err(StoredPlanError::Neuron { place, path });
                    }
                }
                let of_layer = chosen.entry((mode, layer)).or_default();
                *of_layer = of_layer.union(&neurons);
            }
        }
    }
    let mut plans = Vec::with_capacity(chosen.len());
    for ((mode, layer), neurons) in chosen.into_iter().filter(|(_, neurons)| !neurons.is_empty()) {
        if u64::from(neurons.len()) * u64::from(spec.polarities.count()) > u64::from(MAX_INDEX) {
            return Err(PlanError::TooMany { mode, layer: layer.0 }.into());
        }
        plans.push(LayerPlan { mode, layer, neurons });
    }
    if plans.is_empty() { Err(PlanError::Empty.into()) } else { Ok(plans) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a campaign with this text plans on a tree with these files; the tree's path is cut off.
    async fn planned(kind: Kind, files: &[&str], text: &str) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for file in files {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a writable directory");
            std::fs::write(path, "").expect("a writable file");
        }
        let place = directory.path().display().to_string();
        let tree = StoredTree::open(kind, &place).await.expect("a tree");
        let text = format!("name = 'n'\nsize = '1M'\npools = 'p'\ncorpus = 'c'\ndestination = 'd'\n{text}");
        let spec: CampaignSpec = toml::from_str(&text).expect("a legal spec");
        let plans = plan(&spec, &tree).map_err(|error| error.to_string().replace(&place, "tree"))?;
        Ok(plans.iter().map(|plan| format!("{}/{} {}", plan.mode, plan.layer, plan.neurons)).collect())
    }

    const POOLS: [&str; 8] = [
        "i/0_3_neg.pkl",
        "i/0_3_pos.pkl",
        "i/0_4_neg.pkl",
        "i/0_4_pos.pkl",
        "i/2_4_neg.pkl",
        "i/2_4_pos.pkl",
        "iii/1_9_neg.pkl",
        "iii/1_9_pos.pkl",
    ];

    #[tokio::test]
    async fn what_is_left_out_is_what_the_tree_has() {
        let plans = async |text| planned(Kind::Pools, &POOLS, text).await.expect("a plan");
        assert_eq!(plans("").await, ["i/0 3-4", "i/2 4", "iii/1 9"]);
        assert_eq!(plans("modes = ['i']").await, ["i/0 3-4", "i/2 4"]);
        assert_eq!(plans("[[select]]\nneurons = 4\nmodes = ['i']").await, ["i/0 4", "i/2 4"]);
        assert_eq!(
            plans("[[select]]\nmodes = ['i']\nlayers = 2\n[[select]]\nmodes = ['iii']").await,
            ["i/2 4", "iii/1 9"]
        );
    }

    #[tokio::test]
    async fn what_is_named_and_not_there_is_refused_by_its_name() {
        let refused = async |text| planned(Kind::Pools, &POOLS, text).await.expect_err("it was planned");
        assert!(refused("modes = ['i', 'ii']").await.starts_with("tree has no pools of mode ii: "));
        assert!(refused("[[select]]\nmodes = ['ii']").await.starts_with("tree has no pools of mode ii: "));
        assert!(
            refused("[[select]]\nmodes = ['i']\nlayers = '0-2'")
                .await
                .starts_with("tree has no pools of layer 1 in mode i: ")
        );
        assert_eq!(
            refused("[[select]]\nmodes = ['i']\nneurons = '3-4'").await,
            "tree has no i/2_3_neg.pkl: select neurons and polarities that are there"
        );
        assert_eq!(refused("[[select]]\nlayers = []").await, "the campaign selects no neuron");
    }

    #[tokio::test]
    async fn a_neuron_with_one_pool_is_mined_where_one_polarity_is_asked_for() {
        let files = ["i/0_3_neg.pkl", "i/0_3_pos.pkl", "i/0_4_pos.pkl"];
        let refused = planned(Kind::Pools, &files, "").await.expect_err("it was planned");
        assert!(refused.starts_with("tree has no i/0_4_neg.pkl: "), "{refused}");
        let plans = planned(Kind::Pools, &files, "polarities = ['pos']").await;
        assert_eq!(plans, Ok(vec!["i/0 3-4".to_owned()]));
    }

    #[tokio::test]
    async fn logits_have_both_polarities() {
        let plans = planned(Kind::Logits, &["ii/5_7_logits.npy", "ii/5_7_neg.pkl"], "").await;
        assert_eq!(plans, Ok(vec!["ii/5 7".to_owned()]));
    }
}
