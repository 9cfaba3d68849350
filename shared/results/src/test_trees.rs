//! Made-up trees of results that hold together, for tests and benchmarks: a corpus, a campaign's record, and jobs whose
//! topics score what the corpus gives. The same on every machine.

use crate::{JobFile, JobResult, Words, check::mean_npmi};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_corpus::{
    Corpus, Npmi,
    synthetic::{self, Counts},
};
use superposed_identity::{
    AuditShare, JobId, LayerIndex, MiningParameters, Mode, NeuronId, Polarities, Polarity, Precision, ResultLayout,
    Size, TokenRule, WordId,
};
use superposed_mining::{Pool, PoolForm};
use superposed_shared::{
    description::{CampaignDescription, Input},
    layout,
    record::CampaignRecord,
    rows::TopicRow,
    spec::{IndexSet, plan::LayerPlan},
};

/// A tree and its corpus.
pub struct TestTree {
    /// The results.
    pub results: PathBuf,
    /// The corpus store.
    pub corpus: PathBuf,
    /// The size.
    pub size: Size,
    /// The jobs, in the order of their layers.
    pub jobs: Vec<JobId>,
    layers: Vec<(Mode, u32)>,
    neurons: u32,
    counts: Counts,
    npmi: Npmi,
    parameters: MiningParameters,
}

impl TestTree {
    /// Makes a corpus of `words` words and a tree of so many neurons of each of these layers, both polarities, in a
    /// directory.
    ///
    /// # Panics
    /// When the directory cannot be written.
    #[must_use]
    pub fn write(directory: &Path, words: u32, layers: &[(Mode, u32)], neurons: u32) -> Self {
        let (results, corpus) = (directory.join("results"), directory.join("corpus"));
        let options = synthetic::Options { words, neighbours: words / 4, seed: 1 };
        synthetic::store(&corpus, &options).expect("a new store");
        let store = Arc::new(Corpus::open(&corpus).expect("a store"));
        let parameters = MiningParameters::published(TokenRule::ByteLevel);
        let npmi = Npmi::new(Arc::clone(&store), parameters.min_freq);
        let size: Size = "1M".parse().expect("a legal size");
        let job = |(mode, layer): (Mode, u32)| {
            let of_neuron = move |neuron| {
                let job = move |polarity| JobId { mode, layer: LayerIndex(layer), neuron: NeuronId(neuron), polarity };
                Polarity::BOTH.map(job)
            };
            (0..neurons).flat_map(of_neuron)
        };
        let jobs = layers.iter().copied().flat_map(job).collect();
        let counts = Counts::new(options);
        let layers = layers.to_vec();
        let tree = Self { results, corpus, size, jobs, layers, neurons, counts, npmi, parameters };
        tree.write_results();
        tree
    }

    /// Writes all results, in place of what may be there.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write_results(&self) {
        if self.results.exists() {
            fs::remove_dir_all(&self.results).expect("a writable directory");
        }
        for (mode, _) in &self.layers {
            fs::create_dir_all(self.at(mode.directory())).expect("a writable directory");
        }
        for job in &self.jobs {
            for (file, content) in JobFile::ALL.into_iter().zip(self.result(*job).contents()) {
                fs::write(self.at(&file.path(*job)), content).expect("a writable file");
            }
        }
        let vocabulary = self.npmi.corpus().vocabulary();
        let words: String = vocabulary.iter().flat_map(|(_, word)| [word, "\n"]).collect();
        fs::write(self.at("words.txt"), words).expect("a writable file");
        self.record("made", &self.layers, &IndexSet::below(self.neurons));
    }

    /// The path of a file of the size.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.results.join(self.size.as_str()).join(path)
    }

    /// The results' place, as people name it.
    ///
    /// # Panics
    /// When the directory has a name that is no text.
    #[must_use]
    pub fn place(&self) -> &str {
        self.results.to_str().expect("a temporary directory has a plain name")
    }

    /// The map from ids to words.
    #[must_use]
    pub fn words(&self) -> Words {
        Words::of_vocabulary(self.npmi.corpus().vocabulary())
    }

    /// What a job found.
    #[must_use]
    pub fn result(&self, job: JobId) -> JobResult {
        let JobId { mode, layer, neuron, polarity } = job;
        let mut random = Random(
            u64::from(mode.number()) << 60 ^ u64::from(layer.0) << 40 ^ u64::from(neuron.0) << 1 ^ polarity as u64,
        );
        let themes = self.counts.themes();
        let mut chosen: Vec<u32> = (0..random.below(4)).map(|_| random.below(themes)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let mut pool: Vec<WordId> = (0..400).map(|_| WordId(random.below(self.words_count()))).collect();
        let (mut word_sets, mut topics) = (Vec::new(), Vec::new());
        for theme in chosen {
            let theme = self.counts.theme(theme);
            let mut set = theme[..(10 + random.below(15) as usize).min(theme.len())].to_vec();
            let centre = set.pop().expect("a theme has words");
            set.sort_unstable();
            let mut words: Vec<WordId> = set.iter().copied().take(9).chain([centre]).collect();
            words.sort_unstable();
            if words.len() < self.parameters.clique as usize {
                continue; // the last theme may be too small
            }
            set.push(centre);
            pool.extend(&set);
            topics.push(TopicRow { score: mean_npmi(&self.npmi, &words), words });
            word_sets.push(set);
        }
        pool.sort_unstable();
        pool.dedup();
        JobResult { pool: Pool { words: pool, form: PoolForm::Set }, word_sets, topics, solves: None }
    }

    fn words_count(&self) -> u32 {
        self.npmi.corpus().vocabulary().len() as u32
    }

    /// Writes the record of a campaign that selects these neurons of these layers.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn record(&self, campaign: &str, layers: &[(Mode, u32)], neurons: &IndexSet) {
        let (corpus, destination) = (self.corpus.display().to_string(), self.results.display().to_string());
        let spec = json!({ "name": campaign, "size": self.size, "pools": "/pools", "corpus": corpus, "destination": destination });
        let description = CampaignDescription {
            name: campaign.to_owned(),
            size: self.size.clone(),
            input: Input::Pools { place: "/pools".to_owned(), digest: "sha256:0".to_owned() },
            corpus,
            corpus_digest: self.npmi.corpus().digest().to_owned(),
            extra_vocab: None,
            destination,
            polarities: Polarities::Both,
            parameters: self.parameters.clone(),
            batch: 64,
            precision: Precision::F32,
            audit: AuditShare::default(),
            layout: ResultLayout::Files,
        };
        let layer = |(mode, layer): &(Mode, u32)| LayerPlan {
            mode: *mode,
            layer: LayerIndex(*layer),
            neurons: neurons.clone(),
        };
        let record = CampaignRecord {
            version: "0".to_owned(),
            spec: serde_json::from_value(spec).expect("a legal spec"),
            description,
            layers: layers.iter().map(layer).collect(),
        };
        let path = self.results.join(layout::record_file(&self.size, campaign));
        fs::create_dir_all(path.parent().expect("it lies in a directory")).expect("a writable directory");
        fs::write(path, serde_json::to_vec_pretty(&record).expect("plain data")).expect("a writable file");
    }
}

/// SplitMix64: numbers that are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % u64::from(bound)) as u32
    }
}
