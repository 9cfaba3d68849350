//! A model loaded for forward passes.

use crate::{ForwardError, Logits, modes::Transformer, operations::Operations};
use burn::{backend::Flex, tensor::TensorData};
use std::fmt;
use superposed_identity::{LayerIndex, Mode, NeuronId};
use superposed_model::{ModelConfig, ModelDirectory};

/// Where forward passes are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Device {
    /// On this machine's cores, through burn's Flex backend: as many threads as rayon's global pool has.
    #[default]
    Cpu,
}

impl Device {
    /// What computes there, as workers report and results record it: like `burn-flex (CPU)`.
    #[must_use]
    pub fn backend(self) -> String {
        match self {
            Self::Cpu => Flex::label(),
        }
    }
}

/// How forward passes are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardOptions {
    /// How many rows every forward pass has. Part of what decides a row's last bits: keep it fixed for a campaign.
    pub batch: usize,
    /// Where they are computed.
    pub device: Device,
}

impl Default for ForwardOptions {
    fn default() -> Self {
        Self { batch: 256, device: Device::default() }
    }
}

/// A model's weights on a device, ready for forward passes.
///
/// `Send + Sync`: threads may share it, but each pass uses all cores already.
pub struct ForwardModel {
    config: ModelConfig,
    batch: usize,
    backend: String,
    transformer: Box<dyn Pass>,
}

/// A forward pass with the backend's type forgotten.
trait Pass: Send + Sync {
    /// The logits of a whole batch, `[neurons, vocabulary]`, on the host.
    fn pass(&self, mode: Mode, layer: usize, neurons: &[u32]) -> TensorData;
}

impl<B: Operations> Pass for Transformer<B> {
    fn pass(&self, mode: Mode, layer: usize, neurons: &[u32]) -> TensorData {
        self.logits(mode, layer, neurons).into_data()
    }
}

impl ForwardModel {
    /// Reads all weights as `f32`: four bytes for each of [`ModelConfig::parameters`].
    ///
    /// # Errors
    /// When the batch is empty or a tensor cannot be read.
    pub fn load(model: &ModelDirectory, options: &ForwardOptions) -> Result<Self, ForwardError> {
        let ForwardOptions { batch, device } = *options;
        if batch == 0 {
            return Err(ForwardError::NoRows);
        }
        let Device::Cpu = device;
        let transformer = Transformer::<Flex>::load(model, Default::default())?;
        let config = model.config().clone();
        tracing::debug!(class = config.class, parameters = config.parameters(), batch, "model loaded");
        Ok(Self { config, batch, backend: device.backend(), transformer: Box::new(transformer) })
    }

    /// How many rows every forward pass has, asked for or not.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// What computes, as results record it: like `burn-flex (CPU)`.
    #[must_use]
    pub fn backend(&self) -> &str {
        &self.backend
    }

    /// The logits of some neurons of a layer, a row each, in their order: one forward pass, whether they are one or as
    /// many as the batch has rows. A row's bits depend on its neuron, the mode, the layer and the batch size alone.
    ///
    /// # Errors
    /// When the model has no such layer, the layer no such neuron in this mode, or the neurons are more than
    /// [`ForwardModel::batch`].
    pub fn logits(&self, mode: Mode, layer: LayerIndex, neurons: &[NeuronId]) -> Result<Logits, ForwardError> {
        let (layers, width, batch) = (self.config.layers, self.config.width(mode), self.batch);
        if layer.0 >= layers {
            return Err(ForwardError::NoSuchLayer { layer, layers });
        }
        if neurons.len() > batch {
            return Err(ForwardError::TooManyNeurons { asked: neurons.len(), batch });
        }
        if let Some(&neuron) = neurons.iter().find(|neuron| neuron.0 >= width) {
            return Err(ForwardError::NoSuchNeuron { neuron, mode, width });
        }
        // Any neuron would do to fill the batch up; every layer has neuron 0.
        let filling = std::iter::repeat_n(0, batch - neurons.len());
        let ids: Vec<u32> = neurons.iter().map(|neuron| neuron.0).chain(filling).collect();
        let data = self.transformer.pass(mode, layer.index(), &ids);
        Ok(Logits::new(data, neurons.len()))
    }
}

impl fmt::Debug for ForwardModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForwardModel")
            .field("class", &self.config.class)
            .field("batch", &self.batch)
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}
