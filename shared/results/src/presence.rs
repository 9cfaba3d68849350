//! Which files of which jobs a layer has, in three bits a job.

use crate::JobFile;
use std::collections::BTreeMap;
use superposed_identity::{NeuronId, Polarity};

/// Jobs whose bits lie together.
const TOGETHER: usize = 1024;

/// A bit for each of so many jobs, for each of their files.
type Bits = [[u64; TOGETHER / 64]; 3];

/// The files that are there of the jobs of one (mode, layer). Takes 400 bytes for every thousand neighbouring jobs: 5 MB
/// for twelve million.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    chunks: BTreeMap<u32, Box<Bits>>,
}

/// The files that are there of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Files {
    there: [bool; 3],
}

impl Files {
    /// Whether a file is there.
    #[must_use]
    pub const fn has(self, file: JobFile) -> bool {
        self.there[file as usize]
    }

    /// Whether none is.
    #[must_use]
    pub fn none(self) -> bool {
        self.there == [false; 3]
    }

    /// Whether all are.
    #[must_use]
    pub fn all(self) -> bool {
        self.there == [true; 3]
    }
}

/// The chunk of a job, and its place there.
const fn place(neuron: NeuronId, polarity: Polarity) -> (u32, usize) {
    let job = neuron.0 as u64 * 2 + polarity as u64;
    ((job / TOGETHER as u64) as u32, (job % TOGETHER as u64) as usize)
}

impl Presence {
    /// Notes that a file is there.
    pub fn insert(&mut self, neuron: NeuronId, polarity: Polarity, file: JobFile) {
        let (chunk, bit) = place(neuron, polarity);
        self.chunks.entry(chunk).or_default()[file as usize][bit / 64] |= 1 << (bit % 64);
    }

    /// The files of a job that are there.
    #[must_use]
    pub fn files(&self, neuron: NeuronId, polarity: Polarity) -> Files {
        let (chunk, bit) = place(neuron, polarity);
        let there = self.chunks.get(&chunk).map(|bits| bits.map(|words| words[bit / 64] >> (bit % 64) & 1 == 1));
        Files { there: there.unwrap_or_default() }
    }

    /// The jobs of which any file is there, by neuron, then polarity.
    pub fn jobs(&self) -> impl Iterator<Item = (NeuronId, Polarity, Files)> + '_ {
        self.chunks.iter().flat_map(|(chunk, bits)| {
            let first = u64::from(*chunk) * TOGETHER as u64;
            (0..TOGETHER).filter_map(move |bit| {
                let there = bits.map(|words| words[bit / 64] >> (bit % 64) & 1 == 1);
                let job = first + bit as u64;
                let files = Files { there };
                let polarity = Polarity::BOTH[(job % 2) as usize];
                (!files.none()).then_some((NeuronId((job / 2) as u32), polarity, files))
            })
        })
    }

    /// How many jobs have any file.
    #[must_use]
    pub fn len(&self) -> u64 {
        let ones = |bits: &Bits| {
            let any = (0..TOGETHER / 64).map(|word| bits[0][word] | bits[1][word] | bits[2][word]);
            any.map(|word| u64::from(word.count_ones())).sum::<u64>()
        };
        self.chunks.values().map(|bits| ones(bits)).sum()
    }

    /// Whether no job has any file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_come_back_in_order_with_the_files_that_were_noted() {
        let mut presence = Presence::default();
        let last = NeuronId(superposed_shared::spec::MAX_INDEX);
        for (neuron, polarity, file) in [
            (last, Polarity::Pos, JobFile::Pool),
            (NeuronId(3), Polarity::Pos, JobFile::Topics),
            (NeuronId(3), Polarity::Neg, JobFile::Pool),
            (NeuronId(3), Polarity::Pos, JobFile::Pool),
            (NeuronId(511), Polarity::Pos, JobFile::WordSets),
            (NeuronId(512), Polarity::Neg, JobFile::WordSets),
        ] {
            presence.insert(neuron, polarity, file);
        }
        let jobs: Vec<_> = presence.jobs().map(|(neuron, polarity, files)| (neuron.0, polarity, files.there)).collect();
        let (neg, pos) = (Polarity::Neg, Polarity::Pos);
        let expected = [
            (3, neg, [false, false, true]),
            (3, pos, [false, true, true]),
            (511, pos, [true, false, false]),
            (512, neg, [true, false, false]),
            (last.0, pos, [false, false, true]),
        ];
        assert_eq!(jobs, expected);
        assert_eq!(presence.len(), 5);
        assert!(presence.files(NeuronId(3), pos).has(JobFile::Topics));
        assert!(!presence.files(NeuronId(3), neg).has(JobFile::Topics));
        assert!(presence.files(NeuronId(4), neg).none());
    }
}
