//! The members of both families as they are published, tiny: each against the second implementation in `f64`. What one
//! position does not need is in the files too, and not a number.

mod reference;

use reference::Reference;
use safetensors::Dtype;
use serde_json::{Value, json};
use superposed_forward::{ForwardModel, ForwardOptions};
use superposed_identity::{LayerIndex, Mode, NeuronId};
use superposed_model::{ModelDirectory, test_models::TestModel};

/// In what the members of the LLaMA family differ.
struct Member {
    class: &'static str,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    /// Whether the configuration states the width of a head.
    states_head_dim: bool,
    tied: bool,
    /// Whether Q, K and V have biases.
    biases: bool,
    /// Whether queries and keys are normed.
    norms: bool,
    /// What else is in the configuration.
    more: Value,
}

const LLAMA_1: Member = Member {
    class: "LlamaForCausalLM",
    heads: 4,
    kv_heads: 4,
    head_dim: 2,
    states_head_dim: false,
    tied: false,
    biases: false,
    norms: false,
    more: Value::Null,
};

/// The width of the residual stream of the test models.
const D: usize = 8;

impl Member {
    /// The model as its files have it.
    fn model(&self) -> TestModel {
        let mut model = TestModel::llama();
        model.tensors.retain(|name, _| !name.ends_with("bias"));
        let (queries, values) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        for layer in 0..3 {
            let mut put = |name: &str, shape: &[usize], numbers: Option<usize>| {
                let count = shape.iter().product();
                let number = |n: usize| numbers.map_or(f32::NAN, |seed| ((n * 7 + seed * 13) % 61) as f32 / 61.0 - 0.5);
                let tensor = (shape.to_vec(), (0..count).map(number).collect());
                model.tensors.insert(format!("model.layers.{layer}.self_attn.{name}"), tensor);
            };
            put("v_proj.weight", &[values, D], Some(layer));
            put("o_proj.weight", &[D, queries], Some(layer + 10));
            put("q_proj.weight", &[queries, D], None);
            put("k_proj.weight", &[values, D], None);
            if self.biases {
                put("v_proj.bias", &[values], Some(layer + 20));
                put("q_proj.bias", &[queries], None);
                put("k_proj.bias", &[values], None);
            }
            if self.norms {
                put("q_norm.weight", &[self.head_dim], None);
                put("k_norm.weight", &[self.head_dim], None);
            }
        }
        let config = &mut model.config;
        config["architectures"] = json!([self.class]);
        config["num_attention_heads"] = json!(self.heads);
        config["num_key_value_heads"] = json!(self.kv_heads);
        config["head_dim"] = json!(self.head_dim);
        config["attention_bias"] = json!(false);
        config["mlp_bias"] = json!(false);
        for (name, value) in self.more.as_object().into_iter().flatten() {
            config[name] = value.clone();
        }
        if self.tied {
            config["tie_word_embeddings"] = json!(true);
            model.tensors.remove("lm_head.weight");
        }
        model
    }

    fn check(&self) {
        let model = self.model();
        let mut computed = model.clone();
        if self.tied {
            let embedding = computed.tensors["model.embed_tokens.weight"].clone();
            computed.tensors.insert("lm_head.weight".to_owned(), embedding);
        }
        let mut written = model;
        let config = written.config.as_object_mut().expect("an object");
        if !self.states_head_dim {
            config.remove("head_dim");
        }
        if self.heads == self.kv_heads {
            config.remove("num_key_value_heads");
        }
        compare(&written, &computed);
    }
}

/// Compares the passes of a model with the reference on another, which is the same but for what the files may leave out.
fn compare(written: &TestModel, computed: &TestModel) {
    let forward = load(written);
    for mode in Mode::ALL {
        for layer in 0..3 {
            for neuron in [0, 5] {
                let logits = forward.logits(mode, LayerIndex(layer), &[NeuronId(neuron)]).expect("a legal neuron");
                let expected = Reference(computed).logits(mode, layer as usize, neuron as usize);
                for (token, (found, expected)) in logits.row(0).iter().zip(&expected).enumerate() {
                    assert!(
                        (f64::from(*found) - expected).abs() <= 2e-5 * expected.abs().max(1.0),
                        "mode {mode}, layer {layer}, neuron {neuron}, token {token}: {found} is not {expected}"
                    );
                }
            }
        }
    }
}

fn load(model: &TestModel) -> ForwardModel {
    let directory = tempfile::tempdir().expect("a temporary directory");
    model.write(directory.path());
    let model = ModelDirectory::open(directory.path()).unwrap_or_else(|e| panic!("{e}")).into();
    ForwardModel::load(&model, &ForwardOptions { batch: 2, ..Default::default() }).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn llama_1_has_a_value_head_for_each_query_head_and_does_not_say_so() {
    LLAMA_1.check();
}

#[test]
fn llama_2_shares_value_heads_among_neighbouring_query_heads() {
    Member { kv_heads: 2, more: json!({ "pretraining_tp": 1, "rms_norm_eps": 1e-6 }), ..LLAMA_1 }.check();
    Member { kv_heads: 1, ..LLAMA_1 }.check();
}

#[test]
fn llama_3_may_tie_its_head_and_scale_positions_that_play_no_part() {
    let more = json!({ "rope_scaling": { "rope_type": "llama3", "factor": 32.0 }, "rope_theta": 500000.0 });
    for tied in [false, true] {
        Member { kv_heads: 2, states_head_dim: true, tied, more: more.clone(), ..LLAMA_1 }.check();
    }
}

#[test]
fn mistral_slides_a_window_that_one_position_does_not_leave() {
    let more = json!({ "sliding_window": 4096, "model_type": "mistral" });
    Member { class: "MistralForCausalLM", kv_heads: 2, more, ..LLAMA_1 }.check();
    // Nemo's heads are wider than its stream has room for.
    Member { class: "MistralForCausalLM", kv_heads: 2, head_dim: 3, states_head_dim: true, ..LLAMA_1 }.check();
}

#[test]
fn qwen2_has_biases_on_q_k_and_v_which_its_configuration_does_not_say() {
    for tied in [false, true] {
        Member { class: "Qwen2ForCausalLM", kv_heads: 2, biases: true, tied, ..LLAMA_1 }.check();
    }
}

#[test]
fn qwen3_norms_queries_and_keys_which_one_position_never_compares() {
    for tied in [false, true] {
        Member {
            class: "Qwen3ForCausalLM",
            kv_heads: 2,
            head_dim: 3,
            states_head_dim: true,
            norms: true,
            tied,
            ..LLAMA_1
        }
        .check();
    }
}

#[test]
fn gpt2_is_the_same_with_and_without_its_prefix_and_with_what_is_saved_beside_it() {
    let plain = TestModel::gpt2();
    let bits = |model: &TestModel| {
        let forward = load(model);
        let logits = forward.logits(Mode::LowContextual, LayerIndex(0), &[NeuronId(3)]).expect("a legal neuron");
        logits.row(0).iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    let expected = bits(&plain);
    let mut prefixed = plain.with_prefix("transformer.");
    assert_eq!(bits(&prefixed), expected);
    // Causal masks, positions and a copy of the head.
    for (name, shape) in [("transformer.h.0.attn.bias", vec![1, 1, 4, 4]), ("transformer.wpe.weight", vec![4, D])] {
        let numbers = vec![f32::NAN; shape.iter().product()];
        prefixed.tensors.insert(name.to_owned(), (shape, numbers));
    }
    let head = prefixed.tensors["transformer.wte.weight"].clone();
    prefixed.tensors.insert("lm_head.weight".to_owned(), head);
    assert_eq!(bits(&prefixed), expected);
}

#[test]
fn numbers_of_32_and_16_bits_are_read_from_one_file_and_from_shards() {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        for shards in [1, 3] {
            for model in [TestModel::gpt2(), TestModel::llama()] {
                let model = TestModel { dtype, shards, ..model };
                compare(&model, &model);
            }
        }
    }
}
