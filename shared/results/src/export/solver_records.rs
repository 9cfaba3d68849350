//! How topics were solved, by the solver records beside them.

use crate::{Solve, Tree, TreeError};
use serde::Deserialize;
use std::collections::HashMap;
use superposed_identity::{JobId, LayerIndex, Mode, Size};
use superposed_mining::Status;

/// How the topics of a layer's jobs were solved.
pub(crate) type OfLayer = HashMap<JobId, Vec<Solve>>;

/// The solver records of a size, by their files.
pub(crate) struct SolverRecords {
    size: Size,
    files: HashMap<(Mode, LayerIndex), Vec<String>>,
}

/// The part of a line that is looked at.
#[derive(Deserialize)]
struct Line {
    layer: u32,
    neuron: u32,
    polarity: superposed_identity::Polarity,
    mode: Mode,
    solves: Vec<LineSolve>,
}

#[derive(Deserialize)]
struct LineSolve {
    status: Status,
    gap: f64,
}

impl SolverRecords {
    /// Looks up which files there are.
    pub(crate) async fn of(tree: &Tree, size: &Size) -> Result<Self, TreeError> {
        let mut files: HashMap<_, Vec<String>> = HashMap::new();
        for path in tree.list(size, "solves").await? {
            let mut parts = path.rsplit('/');
            let (name, mode) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let layer = name.split_once('_').and_then(|(layer, _)| layer.parse().ok().map(LayerIndex));
            if let (Ok(mode), Some(layer)) = (mode.parse::<Mode>(), layer) {
                files.entry((mode, layer)).or_default().push(path);
            }
        }
        Ok(Self { size: size.clone(), files })
    }

    /// Reads those of a layer. A job that ran twice counts once; a line that cannot be read says nothing.
    pub(crate) async fn layer(&mut self, tree: &Tree, mode: Mode, layer: LayerIndex) -> Result<OfLayer, TreeError> {
        let mut solves = OfLayer::new();
        for path in self.files.remove(&(mode, layer)).unwrap_or_default() {
            let content = tree.get(&self.size, &path).await?.unwrap_or_default();
            let lines =
                content.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
            for line in lines.filter(|line| (line.mode, line.layer) == (mode, layer.0)) {
                let neuron = superposed_identity::NeuronId(line.neuron);
                let job = JobId { mode, layer, neuron, polarity: line.polarity };
                let solve = |LineSolve { status, gap }| Solve { status, gap };
                solves.entry(job).or_insert_with(|| line.solves.into_iter().map(solve).collect());
            }
        }
        Ok(solves)
    }
}
