//! The forward pass of modes i and ii, written once more and as plainly as possible, from the files of a model.

use safetensors::SafeTensors;
use std::{collections::HashMap, fs, path::Path};
use superposed_identity::Mode;

pub(crate) struct NaiveGpt2 {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    layers: usize,
}

impl NaiveGpt2 {
    pub(crate) fn load(directory: &Path, layers: u32) -> Self {
        let bytes = fs::read(directory.join("model.safetensors")).expect("the demo wrote its weights");
        let read = SafeTensors::deserialize(&bytes).expect("the weights are a safetensors file");
        let tensors = read
            .iter()
            .map(|(name, view)| {
                let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("4 bytes")));
                let name = name.strip_prefix("transformer.").expect("Hugging Face's prefix").to_owned();
                (name, (view.shape().to_vec(), values.collect()))
            })
            .collect();
        Self { tensors, layers: layers as usize }
    }

    /// The logits of a neuron of a layer.
    pub(crate) fn logits(&self, mode: Mode, layer: usize, neuron: usize) -> Vec<f32> {
        let bias = self.vector(&format!("h.{layer}.mlp.c_proj.bias"));
        let weights = self.vector(&format!("h.{layer}.mlp.c_proj.weight"));
        let row = &weights[neuron * bias.len()..][..bias.len()];
        let mut x: Vec<f32> = row.iter().zip(bias).map(|(weight, bias)| weight + bias).collect();
        if mode == Mode::HighContextual {
            for later in layer + 1..self.layers {
                let qkv = self.linear(&format!("h.{later}.attn.c_attn"), &self.norm(&format!("h.{later}.ln_1"), &x));
                // Attention over one position passes the value on as it is.
                let attended = self.linear(&format!("h.{later}.attn.c_proj"), &qkv[2 * x.len()..]);
                x.iter_mut().zip(attended).for_each(|(x, y)| *x += y);
                let up = self.linear(&format!("h.{later}.mlp.c_fc"), &self.norm(&format!("h.{later}.ln_2"), &x));
                let active: Vec<f32> = up.into_iter().map(gelu).collect();
                let down = self.linear(&format!("h.{later}.mlp.c_proj"), &active);
                x.iter_mut().zip(down).for_each(|(x, y)| *x += y);
            }
        }
        let x = self.norm("ln_f", &x);
        let dot = |row: &[f32]| row.iter().zip(&x).map(|(a, b)| a * b).sum();
        self.vector("wte.weight").chunks_exact(x.len()).map(dot).collect()
    }

    fn vector(&self, name: &str) -> &[f32] {
        &self.tensors[name].1
    }

    /// Hugging Face's Conv1D: the weights are `[in, out]`.
    fn linear(&self, name: &str, input: &[f32]) -> Vec<f32> {
        let mut output = self.vector(&format!("{name}.bias")).to_vec();
        let (shape, weights) = &self.tensors[&format!("{name}.weight")];
        assert_eq!(shape.as_slice(), [input.len(), output.len()], "{name}");
        for (x, row) in input.iter().zip(weights.chunks_exact(output.len())) {
            output.iter_mut().zip(row).for_each(|(y, weight)| *y += x * weight);
        }
        output
    }

    fn norm(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / x.len() as f32;
        let gains = self.vector(&format!("{name}.weight")).iter().zip(self.vector(&format!("{name}.bias")));
        x.iter().zip(gains).map(|(x, (gain, bias))| (x - mean) / (variance + 1e-5).sqrt() * gain + bias).collect()
    }
}

/// GELU in its tanh approximation.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + ((2.0 / std::f32::consts::PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh())
}
