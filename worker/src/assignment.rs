//! A lease as the forward batches it touches.
//!
//! A layer's neurons are cut into batches at multiples of the batch size, whatever the bounds of the lease: a neuron is
//! always computed in the same row of a batch of the same size, so its logits do not depend on who computes it.

use std::ops::Range;
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Ordinal, Polarities};

/// The jobs of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The mode.
    pub mode: Mode,
    /// The block.
    pub layer: LayerIndex,
    /// The jobs, as ordinals of their layer.
    pub ordinals: Range<u32>,
    /// The neurons of the ordinals, from that of the first to that of the last.
    pub neurons: Vec<NeuronId>,
}

/// The jobs of an assignment that share a forward pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The jobs, as ordinals of their layer.
    pub ordinals: Range<u32>,
    /// The one-hot position of each row, as many as the batch size; rows that belong to no job have position 0.
    pub rows: Vec<NeuronId>,
    /// The neurons of the jobs, ascending.
    pub neurons: Vec<BatchNeuron>,
}

/// A neuron of a batch and its jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchNeuron {
    /// Its row.
    pub row: usize,
    /// Its jobs: one or both polarities.
    pub jobs: Vec<(Ordinal, JobId)>,
}

/// A lease whose neurons do not fit its ordinals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease has {neurons} neurons, but its ordinals {lower} to {upper} are of {expected}")]
pub struct AssignmentError {
    neurons: usize,
    expected: usize,
    lower: u32,
    upper: u32,
}

impl Assignment {
    /// The batches of `batch` neurons that the assignment touches, ascending.
    ///
    /// # Errors
    /// When there are not as many neurons as the ordinals are of.
    pub fn batches(&self, batch: u32, polarities: Polarities) -> Result<Vec<Batch>, AssignmentError> {
        let Range { start, end } = self.ordinals;
        let per_neuron = polarities.count();
        let first = start / per_neuron;
        let indices = first..end.div_ceil(per_neuron);
        if self.neurons.len() != indices.len() {
            let (neurons, expected) = (self.neurons.len(), indices.len());
            return Err(AssignmentError { neurons, expected, lower: start, upper: end });
        }
        let mut batches: Vec<Batch> = Vec::new();
        for (index, &neuron) in indices.zip(&self.neurons) {
            let row = (index % batch) as usize;
            let of_neuron = (index * per_neuron).max(start)..((index + 1) * per_neuron).min(end);
            if row == 0 || batches.is_empty() {
                let rows = vec![NeuronId(0); batch as usize];
                batches.push(Batch { ordinals: of_neuron.start..of_neuron.start, rows, neurons: Vec::new() });
            }
            let current = batches.last_mut().expect("a batch was pushed for the first neuron");
            current.ordinals.end = of_neuron.end;
            current.rows[row] = neuron;
            let jobs = of_neuron
                .map(Ordinal)
                .map(|ordinal| {
                    let polarity = ordinal.polarity(polarities);
                    (ordinal, JobId { mode: self.mode, layer: self.layer, neuron, polarity })
                })
                .collect();
            current.neurons.push(BatchNeuron { row, jobs });
        }
        Ok(batches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment(ordinals: Range<u32>, neurons: &[u32]) -> Assignment {
        Assignment {
            mode: Mode::HighIsolated,
            layer: LayerIndex(3),
            ordinals,
            neurons: neurons.iter().copied().map(NeuronId).collect(),
        }
    }

    #[test]
    fn a_neuron_keeps_its_row_whatever_the_bounds_of_the_lease() {
        let whole =
            assignment(0..20, &[5, 6, 7, 8, 9, 10, 11, 12, 13, 14]).batches(4, Polarities::Both).expect("it fits");
        assert_eq!(whole.iter().map(|b| b.ordinals.clone()).collect::<Vec<_>>(), [0..8, 8..16, 16..20]);
        let part = assignment(10..18, &[10, 11, 12, 13]).batches(4, Polarities::Both).expect("it fits");
        assert_eq!(part.iter().map(|b| b.ordinals.clone()).collect::<Vec<_>>(), [10..16, 16..18]);
        assert_eq!(part[0].rows[1..], whole[1].rows[1..]);
        assert_eq!(part[0].neurons, whole[1].neurons[1..]);
        assert_eq!(part[1].neurons, whole[2].neurons[..1]);
        assert!(part.iter().all(|batch| batch.rows.len() == 4));
    }

    #[test]
    fn half_a_pair_is_one_job() {
        let batches = assignment(3..4, &[6]).batches(4, Polarities::Both).expect("it fits");
        let [batch] = &batches[..] else { panic!("{batches:?}") };
        assert_eq!((batch.ordinals.clone(), batch.neurons.len()), (3..4, 1));
        assert_eq!(batch.neurons[0].jobs[0].1.to_string(), "ii/3_6_pos");
    }

    #[test]
    fn a_lease_with_other_neurons_than_its_ordinals_is_refused() {
        let error = assignment(0..4, &[1]).batches(4, Polarities::Both).expect_err("it was taken");
        assert_eq!(error.to_string(), "the lease has 1 neurons, but its ordinals 0 to 4 are of 2");
    }
}
