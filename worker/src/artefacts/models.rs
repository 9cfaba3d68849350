//! Models, loaded within the memory that may be taken.

use super::{ArtefactError, recent::Recent, unchanged};
use crate::memory::Resources;
use std::sync::Arc;
use superposed_fetch::Fetcher;
use superposed_forward::{ForwardModel, ForwardOptions, MemoryPlan};
use superposed_identity::Precision;
use superposed_model::ModelDirectory;

/// What a model is loaded from and for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelKey {
    /// Where it lies.
    pub(super) place: String,
    /// The digest it was admitted with.
    pub(super) digest: String,
    /// Rows of a forward pass.
    pub(super) batch: u32,
    /// What a forward pass multiplies in.
    pub(super) precision: Precision,
}

/// A model that is open.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) directory: Arc<ModelDirectory>,
    pub(super) forward: Arc<ForwardModel>,
}

/// The models used last, as far as memory allows.
#[derive(Debug)]
pub(super) struct Models {
    open: Recent<ModelKey, Model>,
    resources: Resources,
}

impl Models {
    pub(super) fn new(resources: Resources) -> Self {
        Self { open: Recent::default(), resources }
    }

    /// The model, loaded where it is not. Others are closed for it where all of them do not fit.
    ///
    /// # Errors
    /// When it cannot be fetched or opened, is not what was admitted, or does not fit.
    pub(super) fn open(&mut self, key: &ModelKey, fetcher: &Fetcher) -> Result<Arc<Model>, ArtefactError> {
        if let Some(model) = self.open.get(key) {
            return Ok(model);
        }
        let ModelKey { place, digest, batch, precision } = key;
        let (directory, found) = fetcher.open_model(place, digest)?;
        unchanged("model", place, found, digest)?;
        let directory = Arc::new(directory);
        let whole = MemoryPlan::new(directory.config(), *precision, *batch as usize, None)?;
        let (taken, left) = loop {
            let taken =
                self.open.iter().map(|model| model.forward.memory().peak() - model.forward.memory().logits).sum();
            let left = self.resources.left(taken, whole.logits);
            if left.is_none_or(|left| whole.peak() <= left) || !self.open.drop_oldest() {
                break (taken, left);
            }
        };
        let options = ForwardOptions {
            batch: *batch as usize,
            device: self.resources.device,
            precision: *precision,
            memory: left,
        };
        let plan = MemoryPlan::new(directory.config(), *precision, options.batch, left)?;
        tracing::info!(model = place, "takes {}", self.resources.announcement(&plan, taken));
        self.open.get_or_open(key.clone(), || {
            let forward = Arc::new(ForwardModel::load(&directory, &options)?);
            tracing::info!(model = place, backend = forward.backend(), "model loaded");
            Ok(Model { directory, forward })
        })
    }
}
