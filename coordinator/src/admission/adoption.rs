//! Jobs that need not be mined, because their files are there.
//!
//! A listing of millions of files is read as it comes; a byte a job is kept of it.

use super::AdmissionError;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::{collections::HashMap, sync::Arc};
use superposed_corpus::{Corpus, Npmi};
use superposed_identity::{JobId, LayerIndex, MiningParameters, Mode, NeuronId, Ordinal, Polarities, Size};
use superposed_results::{JobFile, Rules, check_job_files};
use superposed_shared::{
    description::CampaignDescription,
    destination::{Destination, DestinationError},
    layout,
    spec::{IndexSet, plan::LayerPlan},
};

/// Which jobs are taken as done because their files are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adoption {
    /// None: all are mined.
    #[default]
    Nothing,
    /// Those of a tree whose records say that it was made as this campaign would make it.
    Recorded,
    /// Those as well of a tree without a record, once the files of all of them are checked.
    Trusted,
}

/// Jobs whose files are read and checked at a time.
const CHECKS: usize = 64;

/// All three files are there.
const WHOLE: u8 = 0b111;

/// Finds the jobs whose files are there: their ordinals, layer by layer.
pub(super) async fn adopt(
    adoption: Adoption,
    destination: &Destination,
    description: &CampaignDescription,
    layers: &[LayerPlan],
    corpus: Arc<Corpus>,
) -> Result<Vec<IndexSet>, AdmissionError> {
    if adoption == Adoption::Nothing {
        return Ok(Vec::new());
    }
    let size = &description.size;
    // That they are of this campaign's like was checked before.
    let recorded = !destination.list(&layout::records_directory(size)).await?.is_empty();
    let done = finished(destination, description, layers).await?;
    let jobs: u64 = done.iter().map(|done| u64::from(done.len())).sum();
    if recorded || jobs == 0 {
        return Ok(done);
    }
    if adoption == Adoption::Recorded {
        return Err(AdmissionError::Unrecorded { size: size.to_string(), destination: destination.to_string(), jobs });
    }
    check(destination, description, layers, &done, corpus).await?;
    Ok(done)
}

/// What a listing has of a layer.
struct Layer {
    /// Where each range of the layer's neurons begins among them all.
    begins: Vec<u32>,
    /// Which of its files each job has.
    files: Vec<u8>,
}

impl Layer {
    fn new(plan: &LayerPlan, polarities: Polarities) -> Self {
        let mut all = 0;
        let begin = |range: &std::ops::Range<u32>| {
            all += range.end - range.start;
            all - (range.end - range.start)
        };
        let begins = plan.neurons.ranges().iter().map(begin).collect();
        Self { begins, files: vec![0; (plan.neurons.len() * polarities.count()) as usize] }
    }

    /// Notes a file, if it is of a job of the campaign.
    fn note(&mut self, neurons: &IndexSet, polarities: Polarities, job: JobId, file: usize) {
        let NeuronId(neuron) = job.neuron;
        let place = neurons.ranges().partition_point(|range| range.end <= neuron);
        let range = neurons.ranges().get(place).filter(|range| range.contains(&neuron));
        let index = range.map(|range| self.begins[place] + neuron - range.start);
        if let Some(Ordinal(ordinal)) = index.and_then(|index| Ordinal::new(index, job.polarity, polarities)) {
            self.files[ordinal as usize] |= 1 << file;
        }
    }

    fn whole(&self) -> IndexSet {
        (0..).zip(&self.files).filter(|(_, files)| **files == WHOLE).map(|(ordinal, _)| ordinal..ordinal + 1).collect()
    }
}

/// The ordinals of the jobs that have three files, layer by layer.
async fn finished(
    destination: &Destination,
    description: &CampaignDescription,
    layers: &[LayerPlan],
) -> Result<Vec<IndexSet>, DestinationError> {
    let CampaignDescription { size, polarities, .. } = description;
    let place: HashMap<(Mode, LayerIndex), usize> =
        layers.iter().enumerate().map(|(place, plan)| ((plan.mode, plan.layer), place)).collect();
    let mut found: Vec<Layer> = layers.iter().map(|plan| Layer::new(plan, *polarities)).collect();
    let modes = Mode::ALL.into_iter().filter(|mode| layers.iter().any(|plan| plan.mode == *mode));
    // Modes side by side: a bucket lists one page after the other.
    let mut listing = stream::select_all(modes.map(|mode| destination.files(&layout::mode_directory(size, mode))));
    while let Some(file) = listing.try_next().await? {
        let Some((job, which)) = layout::job_of_file(size, &file.path) else { continue };
        let Some(&place) = place.get(&(job.mode, job.layer)) else { continue };
        // No pool is nothing: a power cut may leave such a file.
        if file.size == 0 && layout::FILE_ENDINGS[which] == ".pkl" {
            continue;
        }
        found[place].note(&layers[place].neurons, *polarities, job, which);
    }
    Ok(found.iter().map(Layer::whole).collect())
}

/// Checks the files of jobs; all of them, so that it is told how many are wrong.
async fn check(
    destination: &Destination,
    description: &CampaignDescription,
    layers: &[LayerPlan],
    done: &[IndexSet],
    corpus: Arc<Corpus>,
) -> Result<(), AdmissionError> {
    let CampaignDescription { size, polarities, parameters, .. } = description;
    let npmi = Arc::new(Npmi::new(corpus, parameters.min_freq));
    let parameters = Arc::new(parameters.clone());
    // Layer by layer, so that no list of all jobs is made.
    let (mut first, mut wrong) = (None, 0_u64);
    for (plan, done) in layers.iter().zip(done) {
        let neurons: Vec<u32> = plan.neurons.iter().collect();
        let job = |ordinal: u32| {
            let ordinal = Ordinal(ordinal);
            let neuron = NeuronId(neurons[ordinal.neuron_index(*polarities) as usize]);
            JobId { mode: plan.mode, layer: plan.layer, neuron, polarity: ordinal.polarity(*polarities) }
        };
        let jobs: Vec<JobId> = done.iter().map(job).collect();
        let checks = jobs.into_iter().map(|job| {
            // A task of its own, so that several cores check.
            let checked =
                check_files(destination.clone(), size.clone(), job, Arc::clone(&npmi), Arc::clone(&parameters));
            let checked = tokio::spawn(checked);
            async move { checked.await.expect("checking a job does not panic") }
        });
        let mut faults = stream::iter(checks).buffered(CHECKS);
        while let Some(fault) = faults.try_next().await? {
            wrong += u64::from(fault.is_some());
            first = first.or(fault);
        }
    }
    match first {
        None => Ok(()),
        Some(first) => Err(AdmissionError::Untrustworthy {
            size: size.to_string(),
            destination: destination.to_string(),
            jobs: wrong,
            first,
        }),
    }
}

/// What is wrong with the files of a job, if anything is.
async fn check_files(
    destination: Destination,
    size: Size,
    job: JobId,
    npmi: Arc<Npmi>,
    parameters: Arc<MiningParameters>,
) -> Result<Option<String>, DestinationError> {
    let mut contents = [const { Bytes::new() }; JobFile::ALL.len()];
    for (content, path) in contents.iter_mut().zip(layout::job_files(&size, job)) {
        // One that is gone since it was listed is an empty pool file, which is a fault.
        *content = destination.get(&path).await?.unwrap_or_default();
    }
    let rules = Rules { parameters: Some(&parameters), words: None, npmi: Some(&npmi) };
    let faults = check_job_files(&contents, &rules).err().unwrap_or_default();
    Ok(faults.first().map(|fault| format!("{job}{}, {fault}", fault.file.ending())))
}
