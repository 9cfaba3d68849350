//! The forward pass once more, in `f64` and with no thought of speed: one neuron, loops over the tensors as Hugging
//! Face's files have them, the one-hot multiplied out.

use superposed_identity::Mode;
use superposed_model::test_models::TestModel;

/// A model as its files have it.
pub(crate) struct Reference<'a>(pub(crate) &'a TestModel);

impl Reference<'_> {
    /// The logits of a neuron.
    pub(crate) fn logits(&self, mode: Mode, layer: usize, neuron: usize) -> Vec<f64> {
        let llama = self.size("hidden_size").is_some();
        let get = |names: [&str; 2]| names.into_iter().find_map(|name| self.size(name)).expect("the size is stated");
        let (layers, d) = (get(["n_layer", "num_hidden_layers"]), get(["n_embd", "hidden_size"]));
        let one_hot = |width: usize| (0..width).map(|i| f64::from(u8::from(i == neuron))).collect::<Vec<_>>();
        let mut x = match mode {
            Mode::HighContextual | Mode::HighIsolated => {
                let one_hot = one_hot(get(["n_inner", "intermediate_size"]));
                match llama {
                    true => self.linear(&format!("model.layers.{layer}.mlp.down_proj"), &one_hot),
                    false => self.conv1d(&format!("h.{layer}.mlp.c_proj"), &one_hot),
                }
            }
            Mode::LowContextual | Mode::LowIsolated => one_hot(d),
        };
        for block in 0..layers {
            let passed = match mode {
                Mode::HighContextual => block > layer,
                Mode::HighIsolated => false,
                Mode::LowContextual => block >= layer,
                Mode::LowIsolated => block == layer,
            };
            if passed && llama {
                self.llama_block(block, &mut x);
            } else if passed {
                self.gpt2_block(block, &mut x);
            }
        }
        let (norm, head) = if llama { ("model.norm", "lm_head.weight") } else { ("ln_f", "wte.weight") };
        let x = self.norm(norm, &x);
        self.numbers(head).chunks(d).map(|row| row.iter().zip(&x).map(|(w, x)| w * x).sum()).collect()
    }

    fn gpt2_block(&self, block: usize, x: &mut [f64]) {
        let d = x.len();
        let normed = self.norm(&format!("h.{block}.ln_1"), x);
        // Q and K are the first two thirds, and NaN in the test model: take V before anything is added up.
        let qkv = self.conv1d(&format!("h.{block}.attn.c_attn"), &normed);
        add(x, &self.conv1d(&format!("h.{block}.attn.c_proj"), &qkv[2 * d..]));
        let normed = self.norm(&format!("h.{block}.ln_2"), x);
        let hidden: Vec<f64> = self
            .conv1d(&format!("h.{block}.mlp.c_fc"), &normed)
            .into_iter()
            .map(|x| 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()))
            .collect();
        add(x, &self.conv1d(&format!("h.{block}.mlp.c_proj"), &hidden));
    }

    fn llama_block(&self, block: usize, x: &mut [f64]) {
        let block = format!("model.layers.{block}");
        let size = |name: &str| self.size(name).expect("the size is stated");
        let (heads, kv_heads, width) = (size("num_attention_heads"), size("num_key_value_heads"), size("head_dim"));
        let values =
            self.linear(&format!("{block}.self_attn.v_proj"), &self.norm(&format!("{block}.input_layernorm"), x));
        let read: Vec<f64> = (0..heads)
            .flat_map(|head| values.iter().copied().skip(head / (heads / kv_heads) * width).take(width))
            .collect();
        add(x, &self.linear(&format!("{block}.self_attn.o_proj"), &read));
        let normed = self.norm(&format!("{block}.post_attention_layernorm"), x);
        let gate = self.linear(&format!("{block}.mlp.gate_proj"), &normed);
        let up = self.linear(&format!("{block}.mlp.up_proj"), &normed);
        let hidden: Vec<f64> = gate.iter().zip(&up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
        add(x, &self.linear(&format!("{block}.mlp.down_proj"), &hidden));
    }

    /// A layer norm when the norm has a shift, else an RMS norm.
    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let scale = self.numbers(&format!("{name}.weight"));
        let shift = self.bias(name);
        let mut x = x.to_vec();
        if shift.is_some() {
            let mean = mean(&x);
            x.iter_mut().for_each(|x| *x -= mean);
        }
        let epsilon = if shift.is_some() { 1e-5 } else { 1e-6 };
        let divisor = (mean(&x.iter().map(|x| x * x).collect::<Vec<_>>()) + epsilon).sqrt();
        let shift = shift.unwrap_or_else(|| vec![0.0; x.len()]);
        x.iter().zip(&scale).zip(&shift).map(|((x, scale), shift)| x / divisor * scale + shift).collect()
    }

    /// `x W + b` with `W` as `[in, out]`.
    fn conv1d(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let weight = self.numbers(&format!("{name}.weight"));
        let mut y = self.bias(name).expect("Conv1D layers have biases");
        let out = y.len();
        for (row, x) in weight.chunks(out).zip(x) {
            row.iter().zip(&mut y).for_each(|(w, y)| *y += w * x);
        }
        y
    }

    /// `W x + b` with `W` as `[out, in]`.
    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let weight = self.numbers(&format!("{name}.weight"));
        let y = weight.chunks(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>());
        match self.bias(name) {
            Some(bias) => y.zip(bias).map(|(y, bias)| y + bias).collect(),
            None => y.collect(),
        }
    }

    fn bias(&self, name: &str) -> Option<Vec<f64>> {
        let name = format!("{name}.bias");
        self.0.tensors.contains_key(&name).then(|| self.numbers(&name))
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.0.numbers(name).into_iter().map(f64::from).collect()
    }

    fn size(&self, name: &str) -> Option<usize> {
        self.0.config[name].as_u64().map(|n| n as usize)
    }
}

fn add(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}
