//! A model loaded for forward passes.

#[cfg(not(feature = "cuda"))]
use crate::DeviceError;
use crate::{Device, ForwardError, Logits, memory::MemoryPlan, modes::Transformer, operations::Operations};
use burn::{backend::Flex, tensor::TensorData};
use std::{fmt, sync::Arc};
use superposed_identity::{LayerIndex, Mode, NeuronId, Precision};
use superposed_model::{ModelConfig, ModelDirectory};

/// How forward passes are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardOptions {
    /// How many rows every forward pass has. Part of what decides a row's last bits: keep it fixed for a campaign.
    pub batch: usize,
    /// Where they are computed.
    pub device: Device,
    /// What they multiply in.
    pub precision: Precision,
    /// The most bytes that weights and passes may take on the device; as many as they need when absent.
    pub memory: Option<u64>,
}

impl Default for ForwardOptions {
    fn default() -> Self {
        Self { batch: 256, device: Device::default(), precision: Precision::default(), memory: None }
    }
}

/// A model's weights on a device, ready for forward passes.
///
/// `Send + Sync`: threads may share it, but each pass uses all cores already.
pub struct ForwardModel {
    config: ModelConfig,
    batch: usize,
    backend: String,
    plan: MemoryPlan,
    transformer: Box<dyn Pass>,
}

/// A forward pass with the backend's type forgotten.
trait Pass: Send + Sync {
    /// The logits of a whole batch, `[neurons, vocabulary]`, on the host.
    fn pass(&self, mode: Mode, layer: usize, neurons: &[u32]) -> Result<TensorData, ForwardError>;
}

impl<B: Operations> Pass for Transformer<B> {
    fn pass(&self, mode: Mode, layer: usize, neurons: &[u32]) -> Result<TensorData, ForwardError> {
        let logits = self.logits(mode, layer, neurons)?;
        logits.try_into_data().map_err(|error| ForwardError::Device(error.to_string()))
    }
}

impl ForwardModel {
    /// Reads the weights that stay on the device: all, if memory allows.
    ///
    /// # Errors
    /// When the batch is empty, a tensor cannot be read, or the memory that may be used is not enough.
    pub fn load(model: &Arc<ModelDirectory>, options: &ForwardOptions) -> Result<Self, ForwardError> {
        let ForwardOptions { batch, device, precision, memory } = *options;
        if batch == 0 {
            return Err(ForwardError::NoRows);
        }
        let config = model.config().clone();
        let plan = MemoryPlan::new(&config, precision, batch, memory)?;
        let transformer: Box<dyn Pass> = match device {
            Device::Cpu => Box::new(Transformer::<Flex>::load(model, Default::default(), precision, plan.resident)?),
            #[cfg(feature = "cuda")]
            Device::Cuda { index } => {
                let device = burn::backend::cuda::CudaDevice::new(index);
                Box::new(Transformer::<burn::backend::Cuda>::load(model, device, precision, plan.resident)?)
            }
            #[cfg(not(feature = "cuda"))]
            Device::Cuda { .. } => return Err(DeviceError::NotBuilt.into()),
        };
        let backend = match precision {
            Precision::F32 => device.backend(),
            Precision::Bf16 | Precision::F16 => format!("{}, {precision}", device.backend()),
        };
        tracing::debug!(class = config.class, parameters = config.parameters(), batch, ?plan, "model loaded");
        Ok(Self { config, batch, backend, plan, transformer })
    }

    /// What the model takes on its device.
    #[must_use]
    pub fn memory(&self) -> &MemoryPlan {
        &self.plan
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
    /// When the model has no such layer, the layer no such neuron in this mode, the neurons are more than
    /// [`ForwardModel::batch`], a block that does not stay on the device cannot be read, or the device fails.
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
        let data = self.transformer.pass(mode, layer.index(), &ids)?;
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
