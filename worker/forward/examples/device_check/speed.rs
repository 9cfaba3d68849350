//! How long products and forward passes take on a device.

use crate::shapes::Shape;
#[cfg(feature = "cuda")]
use burn::backend::Cuda;
use burn::{
    backend::Flex,
    tensor::{DType, Distribution, Tensor, backend::Backend},
};
use serde_json::{Value, json};
use std::{error::Error, fmt, fs, path::Path, sync::Arc, time::Instant};
use superposed_forward::{Device, ForwardModel, ForwardOptions};
use superposed_identity::{LayerIndex, Mode, NeuronId, Precision};
use superposed_model::{ModelDirectory, TensorId};

const PASSES: usize = 7;

pub(crate) const HEADING: &str = "\
| what | precision | batch | layer | milliseconds | TFLOP/s | neurons/s |
| --- | --- | --- | --- | --- | --- | --- |";

/// One thing that was timed: the median of some passes, after one that was not.
pub(crate) struct Row {
    what: String,
    precision: Precision,
    batch: Option<usize>,
    layer: Option<u32>,
    seconds: f64,
    multiplications: f64,
}

impl Row {
    pub(crate) fn json(&self) -> Value {
        json!({
            "what": self.what, "precision": self.precision, "batch": self.batch, "layer": self.layer,
            "seconds": self.seconds, "tflops": self.rate(),
        })
    }

    fn rate(&self) -> f64 {
        2.0 * self.multiplications / self.seconds / 1e12
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |number: Option<String>| number.unwrap_or_else(|| "–".to_owned());
        let (batch, layer) = (or_none(self.batch.map(|n| n.to_string())), or_none(self.layer.map(|n| n.to_string())));
        let neurons = or_none(self.batch.map(|batch| format!("{:.0}", batch as f64 / self.seconds)));
        let (milliseconds, rate) = (1e3 * self.seconds, self.rate());
        write!(
            f,
            "| {} | {} | {batch} | {layer} | {milliseconds:.2} | {rate:.2} | {neurons} |",
            self.what, self.precision
        )
    }
}

fn median(mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    run()?;
    let mut times = Vec::new();
    for _ in 0..PASSES {
        let start = Instant::now();
        run()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[PASSES / 2])
}

/// Measures what there is, and tells each row as it comes. Models are written below `scratch`, one at a time.
pub(crate) fn measure(
    device: Device,
    quick: bool,
    scratch: &Path,
    mut tell: impl FnMut(Row),
) -> Result<(), Box<dyn Error>> {
    let precisions: &[Precision] = match device {
        Device::Cpu => &[Precision::F32],
        Device::Cuda { .. } => &[Precision::F32, Precision::Bf16, Precision::F16],
    };
    for precision in precisions {
        tell(product(device, *precision)?);
    }
    for shape in Shape::measured(quick) {
        let path = shape.write(scratch)?;
        let model = Arc::new(ModelDirectory::open(&path)?);
        for (precision, batch) in precisions.iter().flat_map(|precision| [256, 1024].map(|batch| (*precision, batch))) {
            let options = ForwardOptions { batch, device, precision, memory: device.free_memory() };
            let forward = ForwardModel::load(&model, &options)?;
            let layers = model.config().layers;
            for layer in [0, layers / 2, layers - 1] {
                let neurons: Vec<NeuronId> = (0..batch as u32).map(NeuronId).collect();
                let seconds =
                    median(|| Ok(forward.logits(Mode::HighContextual, LayerIndex(layer), &neurons).map(drop)?))?;
                let multiplications = batch as f64 * multiplications(&model, layer);
                let what = shape.name.to_owned();
                tell(Row { what, precision, batch: Some(batch), layer: Some(layer), seconds, multiplications });
            }
        }
        drop(model);
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// How many multiplications the matrix products of a row of mode i are, from a layer on.
fn multiplications(model: &ModelDirectory, start: u32) -> f64 {
    let config = model.config();
    let passed = |id: &TensorId| match id {
        TensorId::Head => true,
        TensorId::Block(layer, _) => layer.0 > start,
        TensorId::FinalNorm | TensorId::FinalNormBias => false,
    };
    let shapes = config.tensors().filter(passed).filter_map(|id| config.shape(id));
    shapes.filter(|shape| shape.len() == 2).map(|shape| (shape[0] * shape[1]) as f64).sum()
}

fn product(device: Device, precision: Precision) -> Result<Row, Box<dyn Error>> {
    let seconds = match device {
        Device::Cpu => product_on::<Flex>(&Default::default(), precision)?,
        #[cfg(feature = "cuda")]
        Device::Cuda { index } => product_on::<Cuda>(&burn::backend::cuda::CudaDevice::new(index), precision)?,
        #[cfg(not(feature = "cuda"))]
        Device::Cuda { .. } => return Err("built without CUDA".into()),
    };
    let what = format!("product of {SIDE} × {SIDE}");
    Ok(Row { what, precision, batch: None, layer: None, seconds, multiplications: (SIDE as f64).powi(3) })
}

const SIDE: usize = 4096;

/// The seconds of a product, of several in a row that wait for nobody.
fn product_on<B: Backend>(device: &B::Device, precision: Precision) -> Result<f64, Box<dyn Error>> {
    const IN_A_ROW: usize = 4;
    let dtype = match precision {
        Precision::F32 => DType::F32,
        Precision::Bf16 => DType::BF16,
        Precision::F16 => DType::F16,
    };
    let random = || Tensor::<B, 2>::random([SIDE, SIDE], Distribution::Default, (device, dtype));
    let (a, b) = (random(), random());
    let seconds = median(|| {
        let mut last = a.clone();
        for _ in 0..IN_A_ROW {
            last = a.clone().matmul(b.clone());
        }
        // One number is fetched, so that all of it is done.
        let read = last.slice([0..1, 0..1]).into_data();
        assert_eq!(read.num_elements(), 1);
        Ok(())
    })?;
    Ok(seconds / IN_A_ROW as f64)
}
