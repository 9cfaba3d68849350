//! What a tree holds, in little memory: three bits a job, and a name for each other file that matters.

use crate::{Entry, Presence};
use std::collections::{BTreeMap, BTreeSet};
use superposed_identity::{LayerIndex, Mode, Size};

/// What a tree holds, by size.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The directories that hold results.
    pub sizes: BTreeMap<Size, SizeInventory>,
}

/// What a size holds. Paths are relative to its directory.
#[derive(Debug, Default)]
pub struct SizeInventory {
    /// Its layers.
    pub layers: BTreeMap<(Mode, LayerIndex), LayerInventory>,
    /// The campaigns that have a record.
    pub records: BTreeSet<String>,
    /// Whether there is a map from ids to words.
    pub words: bool,
    /// The campaigns that have solver records, and in how many files.
    pub solves: BTreeMap<String, u64>,
    /// What killed processes left.
    pub leftovers: Vec<String>,
    /// What nobody here wrote.
    pub foreign: Vec<String>,
}

/// What a layer holds.
#[derive(Debug, Default, Clone)]
pub struct LayerInventory {
    /// The files of its jobs.
    pub files: Presence,
    /// Its pack, the parts of it, and its lines.
    pub packs: BTreeSet<String>,
}

impl Inventory {
    /// Notes a file of a size.
    pub(crate) fn add(&mut self, size: &Size, path: &str, entry: Entry<'_>) {
        // A map looked up by a borrowed key costs no copy of the size for each file.
        if !self.sizes.contains_key(size) {
            self.sizes.insert(size.clone(), SizeInventory::default());
        }
        let of_size = self.sizes.get_mut(size).expect("it was put there a line ago");
        match entry {
            Entry::Job(job, file) => {
                let layer = of_size.layers.entry((job.mode, job.layer)).or_default();
                layer.files.insert(job.neuron, job.polarity, file);
            }
            Entry::Pack(mode, layer) | Entry::Part(mode, layer) | Entry::Lines(mode, layer) => {
                of_size.layers.entry((mode, layer)).or_default().packs.insert(path.to_owned());
            }
            Entry::Record(campaign) => {
                of_size.records.insert(campaign.to_owned());
            }
            Entry::Solves(campaign) => *of_size.solves.entry(campaign.to_owned()).or_default() += 1,
            Entry::Words => of_size.words = true,
            Entry::Leftover => of_size.leftovers.push(path.to_owned()),
            Entry::Foreign => of_size.foreign.push(path.to_owned()),
            Entry::Logits | Entry::Disagreement => {}
        }
    }

    /// Leaves out directories that hold no results, but something of their own.
    pub(crate) fn drop_others(&mut self) {
        self.sizes.retain(|_, of_size| !of_size.layers.is_empty() || !of_size.records.is_empty() || of_size.words);
    }
}
