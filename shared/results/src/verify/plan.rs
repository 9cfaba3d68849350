//! Which jobs a size should have, by the records of its campaigns, and how they were mined.

use super::TreeFault;
use crate::{Tree, TreeError};
use std::collections::BTreeMap;
use superposed_identity::{JobId, LayerIndex, MiningParameters, Mode, NeuronId, Polarities, Size};
use superposed_shared::{
    record::{CampaignRecord, Makers},
    spec::IndexSet,
};

/// What the campaigns of a size say of it.
#[derive(Debug, Default)]
pub struct SizePlan {
    /// The neurons of a layer and the polarities of each, a campaign after the other.
    layers: BTreeMap<(Mode, LayerIndex), Vec<(IndexSet, Polarities)>>,
    /// How its jobs were mined; all campaigns of a size agree in that.
    pub parameters: Option<MiningParameters>,
    /// The corpus they were mined with: its digest, and where it lay.
    pub corpus: Option<(String, String)>,
    /// The campaigns.
    pub campaigns: Vec<String>,
    /// Whether every campaign says which jobs it has.
    complete: bool,
}

impl SizePlan {
    /// Reads the records of a size; what is wrong with them is told with their paths.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn read(tree: &Tree, size: &Size) -> Result<(Self, Vec<(String, TreeFault)>), TreeError> {
        let mut plan = Self { complete: true, ..Self::default() };
        let mut faults = Vec::new();
        let mut first: Option<CampaignRecord> = None;
        let Some(of_size) = tree.inventory.sizes.get(size) else { return Ok((Self::default(), faults)) };
        for campaign in &of_size.records {
            let path = format!("campaigns/{campaign}.json");
            let content = tree.get(size, &path).await?.ok_or_else(|| TreeError::Gone(format!("{size}/{path}")))?;
            let record: CampaignRecord = match serde_json::from_slice(&content) {
                Ok(record) => record,
                Err(error) => {
                    faults.push((path, TreeFault::Record(error.to_string())));
                    plan.complete = false;
                    continue;
                }
            };
            let description = &record.description;
            if description.size != *size {
                faults.push((path, TreeFault::OtherSize(description.size.clone())));
                plan.complete = false;
                continue;
            }
            if let Some(first) = &first
                && let Some(what) = Makers::of(&first.description).difference(description)
            {
                let (campaign, other) = (campaign.clone(), first.spec.name.clone());
                faults.push((path, TreeFault::Mixed { campaign, what, other }));
            }
            plan.complete &= !record.layers.is_empty();
            plan.campaigns.push(campaign.clone());
            for layer in &record.layers {
                let neurons = (layer.neurons.clone(), description.polarities);
                plan.layers.entry((layer.mode, layer.layer)).or_default().push(neurons);
            }
            plan.parameters.get_or_insert_with(|| description.parameters.clone());
            plan.corpus.get_or_insert_with(|| (description.corpus_digest.clone(), description.corpus.clone()));
            first.get_or_insert(record);
        }
        plan.complete &= !of_size.records.is_empty();
        Ok((plan, faults))
    }

    /// Whether it is known of every campaign which jobs it has.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The layers that campaigns select.
    pub fn layers(&self) -> impl Iterator<Item = (Mode, LayerIndex)> + '_ {
        self.layers.keys().copied()
    }

    /// Whether a campaign selects a job; any, where it is not known which they select.
    #[must_use]
    pub fn selects(&self, job: JobId) -> bool {
        let selected = |(neurons, polarities): &(IndexSet, Polarities)| {
            polarities.as_slice().contains(&job.polarity) && neurons.contains(job.neuron.0)
        };
        !self.complete
            || self.layers.get(&(job.mode, job.layer)).is_some_and(|campaigns| campaigns.iter().any(selected))
    }

    /// The jobs of a layer that campaigns select, by neuron, then polarity.
    pub fn jobs(&self, mode: Mode, layer: LayerIndex) -> impl Iterator<Item = JobId> + '_ {
        let campaigns = self.layers.get(&(mode, layer)).map(Vec::as_slice).unwrap_or_default();
        let neurons = campaigns.iter().fold(IndexSet::default(), |all, (neurons, _)| all.union(neurons));
        let ranges = neurons.ranges().to_vec().into_iter().flatten();
        ranges.flat_map(move |neuron| {
            let polarities = superposed_identity::Polarity::BOTH.into_iter();
            polarities.map(move |polarity| JobId { mode, layer, neuron: NeuronId(neuron), polarity }).filter(
                move |job| {
                    let selects = |(neurons, polarities): &(IndexSet, Polarities)| {
                        polarities.as_slice().contains(&job.polarity) && neurons.contains(job.neuron.0)
                    };
                    campaigns.iter().any(selects)
                },
            )
        })
    }
}
