//! How long a forward pass takes.
//!
//! `forward_speed [MODEL_DIRECTORY [BATCH]]` times each mode at the first layer (in mode i and iii, all blocks), the best of
//! some passes, and states the rate of the matrix products alone; without arguments on a random model of the size of GPT-2
//! 124M.
//!
//! `forward_speed MODEL_DIRECTORY BATCH ask` answers questions on standard input, a line each, for programs that compare:
//! `pass MODE LAYER` with the seconds of one pass and the multiplications of its matrix products, `product M K N` with the
//! seconds of one product and its multiplications.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use burn::{
    backend::Flex,
    tensor::{Distribution, Tensor},
};
use std::{env, error::Error, io, path::PathBuf, sync::Arc, time::Instant};
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
    let model = Arc::new(ModelDirectory::open(&directory)?);
    let start = Instant::now();
    let forward = ForwardModel::load(&model, &ForwardOptions { batch, ..Default::default() })?;
    println!("{} parameters loaded in {:.2?}, {}", model.config().parameters(), start.elapsed(), forward.backend());
    let neurons: Vec<NeuronId> = (0..batch as u32).map(|n| NeuronId(n % model.config().d_model)).collect();
    let pass = |mode, layer| -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        forward.logits(mode, layer, &neurons)?;
        Ok(start.elapsed().as_secs_f64())
    };
    if arguments.next().is_some() {
        for line in io::stdin().lines() {
            let line = line?;
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["pass", mode, layer] => {
                    let (mode, layer) = (mode.parse()?, LayerIndex(layer.parse()?));
                    println!("{} {}", pass(mode, layer)?, batch * multiplications(model.config(), mode, layer));
                }
                ["product", m, k, n] => {
                    let [m, k, n]: [usize; 3] = [m.parse()?, k.parse()?, n.parse()?];
                    println!("{} {}", product(m, k, n), m * k * n);
                }
                _ => return Err(format!("{line:?} is neither `pass MODE LAYER` nor `product M K N`").into()),
            }
        }
        return Ok(());
    }
    for mode in Mode::ALL {
        let first = LayerIndex(0);
        let mut best = f64::INFINITY;
        for _ in 0..PASSES {
            best = best.min(pass(mode, first)?);
        }
        let rate = 2.0 * (batch * multiplications(model.config(), mode, first)) as f64 / best / 1e9;
        println!("mode {mode:>4}: {:8.2} ms a batch of {batch}, {rate:.0} GFLOP/s", best * 1e3);
    }
    Ok(())
}

/// The seconds that the product of an m × k and a k × n matrix takes.
fn product(m: usize, k: usize, n: usize) -> f64 {
    let device = Default::default();
    let random = |shape: [usize; 2]| Tensor::<Flex, 2>::random(shape, Distribution::Default, &device);
    let (a, b) = (random([m, k]), random([k, n]));
    let start = Instant::now();
    let product = a.matmul(b).into_data();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(product.num_elements(), m * n);
    seconds
}

/// How many multiplications the matrix products of one row are, entering at a layer.
fn multiplications(config: &ModelConfig, mode: Mode, start: LayerIndex) -> usize {
    let passed = |layer: LayerIndex| match mode {
        Mode::HighContextual => layer.0 > start.0,
        Mode::HighIsolated => false,
        Mode::LowContextual => layer.0 >= start.0,
        Mode::LowIsolated => layer.0 == start.0,
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
