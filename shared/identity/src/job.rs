//! A job, its number in its layer, and its place in a results tree.

use crate::{LayerIndex, Mode, NeuronId, Polarities, Polarity, Size};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of a job among the jobs of its (campaign, mode, layer), from 0.
///
/// `ordinal = index in the layer's neuron list × number of polarities + polarity index`, so both polarities of a
/// neuron are neighbours and share one forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ordinal(pub u32);

impl Ordinal {
    /// The ordinal of the job of `polarity` for the neuron at `index` of the layer's list; `None` when the campaign
    /// does not mine that polarity.
    #[must_use]
    pub fn new(index: u32, polarity: Polarity, polarities: Polarities) -> Option<Self> {
        let place = polarities.as_slice().iter().position(|p| *p == polarity)?;
        Some(Self(index * polarities.count() + place as u32))
    }

    /// The index of the job's neuron in the layer's list.
    #[must_use]
    pub const fn neuron_index(self, polarities: Polarities) -> u32 {
        self.0 / polarities.count()
    }

    /// The job's polarity.
    #[must_use]
    pub const fn polarity(self, polarities: Polarities) -> Polarity {
        polarities.as_slice()[(self.0 % polarities.count()) as usize]
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A job of a known model: mode, layer, neuron and polarity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId {
    /// How the one-hot is fed.
    pub mode: Mode,
    /// The block.
    pub layer: LayerIndex,
    /// The position of the one-hot.
    pub neuron: NeuronId,
    /// The end of the logits.
    pub polarity: Polarity,
}

impl JobId {
    /// The path of the job's files without their endings: `<size>/<mode>/<layer>_<id>_<polarity>`.
    #[must_use]
    pub fn stem(&self, size: &Size) -> String {
        format!("{size}/{self}")
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mode, layer, neuron, polarity } = self;
        write!(f, "{mode}/{layer}_{neuron}_{polarity}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_polarities_of_a_neuron_are_neighbours() {
        let both = Polarities::Both;
        for (ordinal, index, polarity) in [(0, 0, Polarity::Neg), (1, 0, Polarity::Pos), (7, 3, Polarity::Pos)] {
            assert_eq!(Ordinal::new(index, polarity, both), Some(Ordinal(ordinal)));
            assert_eq!((Ordinal(ordinal).neuron_index(both), Ordinal(ordinal).polarity(both)), (index, polarity));
        }
        let only = Polarities::One(Polarity::Pos);
        assert_eq!(Ordinal::new(3, Polarity::Pos, only), Some(Ordinal(3)));
        assert_eq!(Ordinal::new(3, Polarity::Neg, only), None);
    }

    #[test]
    fn the_stem_is_the_published_layout() {
        let job = JobId {
            mode: Mode::HighContextual,
            layer: LayerIndex(26),
            neuron: NeuronId(5201),
            polarity: Polarity::Neg,
        };
        let size = "1558M".parse().expect("a legal size");
        assert_eq!(job.stem(&size), "1558M/i/26_5201_neg");
    }
}
