//! How long a forward pass takes: `forward_speed MODEL_DIRECTORY [BATCH]`, or without arguments on a random model of the
//! size of GPT-2 124M.
//!
//! Times each mode at the first layer (in mode i and iii, all blocks), the best of some passes, and states the rate of the
//! matrix products alone.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::{env, error::Error, path::PathBuf, time::Instant};
use superposed_forward::{ForwardModel, ForwardOptions};
use superposed_identity::{LayerIndex, Mode, NeuronId};
use superposed_model::{BlockTensor, ModelConfig, ModelDirectory, TensorId, test_models::TestModel};

const PASSES: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let temporary = tempfile::tempdir()?;
    let directory = match arguments.next() {
        Some(directory) => PathBuf::from(directory),
        None => {
            TestModel::gpt2_sized(12, 768, 3072, 50_257).write(temporary.path());
            temporary.path().to_owned()
        }
    };
    let batch = arguments.next().map_or(Ok(256), |batch| batch.parse())?;
    let model = ModelDirectory::open(&directory)?;
    let start = Instant::now();
    let forward = ForwardModel::load(&model, &ForwardOptions { batch, ..Default::default() })?;
    println!("{} parameters loaded in {:.2?}, {}", model.config().parameters(), start.elapsed(), forward.backend());
    let neurons: Vec<NeuronId> = (0..batch as u32).map(|n| NeuronId(n % model.config().d_model)).collect();
    for mode in Mode::ALL {
        let mut best = f64::INFINITY;
        for _ in 0..PASSES {
            let start = Instant::now();
            forward.logits(mode, LayerIndex(0), &neurons)?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        let rate = 2.0 * batch as f64 * multiplications(model.config(), mode) as f64 / best / 1e9;
        println!("mode {mode:>4}: {:8.2} ms a batch of {batch}, {rate:.0} GFLOP/s", best * 1e3);
    }
    Ok(())
}

/// How many multiplications the matrix products of one row are, entering at layer 0.
fn multiplications(config: &ModelConfig, mode: Mode) -> usize {
    let passed = |layer: LayerIndex| match mode {
        Mode::HighContextual => layer.0 > 0,
        Mode::HighIsolated => false,
        Mode::LowContextual => true,
        Mode::LowIsolated => layer.0 == 0,
    };
    let matrix = |id: &TensorId| match id {
        TensorId::Head => true,
        TensorId::Block(layer, tensor) => {
            use BlockTensor::{Down, Gate, Output, Up, Value};
            passed(*layer) && matches!(tensor, Value | Output | Gate | Up | Down)
        }
        TensorId::FinalNorm | TensorId::FinalNormBias => false,
    };
    let size = |id: TensorId| config.shape(id).map_or(0, |shape| shape.iter().product());
    config.tensors().filter(matrix).map(size).sum()
}
