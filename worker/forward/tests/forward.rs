//! Forward passes of tiny random models, against a second implementation in `f64` and against themselves.

mod reference;

use reference::Reference;
use safetensors::Dtype;
use serde_json::json;
use std::sync::Arc;
use superposed_forward::{ForwardError, ForwardModel, ForwardOptions, Logits};
use superposed_identity::{LayerIndex, Mode, NeuronId, Precision};
use superposed_model::{ModelDirectory, test_models::TestModel};

fn load(model: &TestModel, batch: usize) -> ForwardModel {
    load_with(model, &ForwardOptions { batch, ..Default::default() }).unwrap_or_else(|e| panic!("{e}"))
}

fn load_with(model: &TestModel, options: &ForwardOptions) -> Result<ForwardModel, ForwardError> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    model.write(directory.path());
    let model = Arc::new(ModelDirectory::open(directory.path()).unwrap_or_else(|e| panic!("{e}")));
    ForwardModel::load(&model, options)
}

fn neurons(ids: impl IntoIterator<Item = u32>) -> Vec<NeuronId> {
    ids.into_iter().map(NeuronId).collect()
}

fn assert_matches_reference(model: &TestModel) {
    let forward = load(model, 8);
    for mode in Mode::ALL {
        for layer in 0..3 {
            let ids = [3, 0, 7, 5, 1];
            let logits = forward.logits(mode, LayerIndex(layer), &neurons(ids)).expect("legal neurons");
            assert_eq!((logits.rows(), logits.vocabulary()), (5, 40));
            for (row, id) in ids.into_iter().enumerate() {
                let expected = Reference(model).logits(mode, layer as usize, id as usize);
                for (token, (found, expected)) in logits.row(row).iter().zip(&expected).enumerate() {
                    let error = (f64::from(*found) - expected).abs();
                    assert!(
                        error <= 2e-5 * expected.abs().max(1.0),
                        "mode {mode}, layer {layer}, neuron {id}, token {token}: {found} is not {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn gpt2_in_all_modes_is_what_the_reference_computes() {
    assert_matches_reference(&TestModel::gpt2());
}

#[test]
fn llama_with_grouped_heads_and_every_bias_is_what_the_reference_computes() {
    assert_matches_reference(&TestModel::llama());
}

#[test]
fn llama_without_biases_is_what_the_reference_computes() {
    let mut model = TestModel::llama();
    model.tensors.retain(|name, _| !name.ends_with("bias"));
    model.config["attention_bias"] = json!(false);
    model.config["mlp_bias"] = json!(false);
    assert_matches_reference(&model);
}

#[test]
fn qwen2_reads_a_bias_for_v_and_none_for_o() {
    let mut model = TestModel::llama();
    model.tensors.retain(|name, _| !name.ends_with("bias") || name.contains("v_proj"));
    model.config["architectures"] = json!(["Qwen2ForCausalLM"]);
    model.config["attention_bias"] = json!(false);
    model.config["mlp_bias"] = json!(false);
    assert_matches_reference(&model);
}

#[test]
fn weights_of_16_bits_are_computed_in_32() {
    for dtype in [Dtype::F16, Dtype::BF16] {
        assert_matches_reference(&TestModel { dtype, ..TestModel::gpt2() });
        assert_matches_reference(&TestModel { dtype, shards: 2, ..TestModel::llama() });
    }
}

fn bits(logits: &Logits, row: usize) -> Vec<u32> {
    logits.row(row).iter().map(|x| x.to_bits()).collect()
}

/// A model large enough for its matrix products to be shared out among threads and cut into tiles with ragged ends.
fn wide(model: TestModel) -> TestModel {
    let mut model = model;
    let columns = 12_345;
    let head = if model.tensors.contains_key("lm_head.weight") { "lm_head.weight" } else { "wte.weight" };
    for name in [head, "model.embed_tokens.weight"] {
        if let Some((shape, numbers)) = model.tensors.get_mut(name) {
            shape[0] = columns;
            let numbers_before = numbers.clone();
            *numbers = (0..columns * shape[1])
                .map(|n| numbers_before[n % numbers_before.len()] + (n % 1013) as f32 / 4096.0)
                .collect();
        }
    }
    model.config["vocab_size"] = json!(columns);
    model.tokens = columns as u32;
    model
}

#[test]
fn a_rows_bits_depend_neither_on_its_companions_nor_on_its_place() {
    for model in [wide(TestModel::gpt2()), wide(TestModel::llama())] {
        for batch in [8, 33] {
            let forward = load(&model, batch);
            for mode in Mode::ALL {
                let pass = |ids: Vec<NeuronId>| forward.logits(mode, LayerIndex(0), &ids).expect("legal neurons");
                let alone = bits(&pass(neurons([5])), 0);
                let full = pass(neurons((0..batch as u32).map(|place| if place == 0 { 5 } else { place % 8 })));
                assert_eq!(bits(&full, 0), alone, "other companions, mode {mode}, batch {batch}");
                for place in 0..batch {
                    let shifted = pass(neurons((0..batch).map(|p| if p == place { 5 } else { (p % 3) as u32 })));
                    assert_eq!(bits(&shifted, place), alone, "place {place}, mode {mode}, batch {batch}");
                }
            }
        }
    }
}

#[test]
fn a_rows_bits_do_not_depend_on_the_number_of_threads() {
    // As wide as matters: sums long enough to be cut, products large enough to be shared out.
    let forward = load(&TestModel::gpt2_sized(2, 200, 1300, 3001), 64);
    let pass = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        let pass = || forward.logits(Mode::HighContextual, LayerIndex(0), &neurons(0..64)).expect("legal neurons");
        let logits = pool.install(pass);
        (0..64).map(|row| bits(&logits, row)).collect::<Vec<_>>()
    };
    let one = pass(1);
    for threads in [2, 3, 7] {
        assert!(pass(threads) == one, "{threads} threads");
    }
    for place in [1, 13, 63] {
        let mut ids = neurons(100..164);
        ids[place] = NeuronId(0);
        let logits = forward.logits(Mode::HighContextual, LayerIndex(0), &ids).expect("legal neurons");
        assert!(bits(&logits, place) == one[0], "place {place}");
    }
}

#[test]
fn a_weight_that_is_not_a_number_is_seen_in_the_logits() {
    for (mut model, name) in
        [(TestModel::gpt2(), "h.2.mlp.c_fc.weight"), (TestModel::llama(), "model.layers.2.mlp.up_proj.weight")]
    {
        for poison in [f32::NAN, f32::INFINITY] {
            model.tensors.get_mut(name).expect("the model has it").1[0] = poison;
            let forward = load(&model, 2);
            let logits = forward.logits(Mode::LowContextual, LayerIndex(0), &neurons([1])).expect("legal neurons");
            assert!(logits.row(0).iter().any(|x| !x.is_finite()), "{poison} in {name} is hidden");
        }
    }
}

#[test]
fn what_the_model_does_not_have_is_refused() {
    let forward = load(&TestModel::gpt2(), 4);
    assert_eq!((forward.batch(), forward.backend()), (4, "burn-flex (CPU)"));
    let refused = |mode, layer, ids: Vec<NeuronId>| {
        forward.logits(mode, LayerIndex(layer), &ids).expect_err("the pass was made").to_string()
    };
    assert_eq!(refused(Mode::LowIsolated, 3, neurons([0])), "the model has layers 0 to 2, not 3");
    assert_eq!(refused(Mode::LowIsolated, 0, neurons([8])), "a layer has neurons 0 to 7 in mode iiii, not 8");
    assert_eq!(refused(Mode::HighIsolated, 0, neurons([20])), "a layer has neurons 0 to 19 in mode ii, not 20");
    assert_eq!(refused(Mode::LowIsolated, 0, neurons(0..5)), "5 neurons do not fit into one forward pass of 4 rows");
    assert_eq!(forward.logits(Mode::LowIsolated, LayerIndex(0), &[]).map(|logits| logits.rows()).ok(), Some(0));

    let options = ForwardOptions { batch: 0, ..Default::default() };
    assert!(matches!(load_with(&TestModel::gpt2(), &options), Err(ForwardError::NoRows)));
}

#[test]
fn a_model_that_does_not_fit_is_passed_block_by_block_with_the_same_bits() {
    for model in [TestModel::gpt2(), TestModel::llama()] {
        let whole = load(&model, 8);
        let plan = whole.memory().clone();
        assert_eq!((plan.resident, plan.blocks), (3, 3));
        let least = plan.peak() - 2 * plan.block;
        for (memory, resident) in [(least, 0), (least + plan.block, 1), (plan.peak() - 1, 1), (plan.peak(), 3)] {
            let options = ForwardOptions { batch: 8, memory: Some(memory), ..Default::default() };
            let part = load_with(&model, &options).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(part.memory().resident, resident, "{memory} of {} bytes", plan.peak());
            assert!(part.memory().peak() <= memory);
            for (mode, layer) in
                Mode::ALL.into_iter().flat_map(|mode| (0..3).map(move |layer| (mode, LayerIndex(layer))))
            {
                let pass = |model: &ForwardModel| model.logits(mode, layer, &neurons(0..8)).expect("legal neurons");
                let (found, expected) = (pass(&part), pass(&whole));
                for row in 0..8 {
                    assert_eq!(bits(&found, row), bits(&expected, row), "{resident} blocks stay, mode {mode}, {layer}");
                }
            }
        }
        let options = ForwardOptions { batch: 8, memory: Some(least - 1), ..Default::default() };
        let refused = load_with(&model, &options).expect_err("it was loaded").to_string();
        assert!(
            refused.contains(&format!("({least} bytes)")) && refused.contains(&format!("({} bytes)", plan.peak())),
            "{refused}"
        );
    }
}

/// The matrices of a model's blocks, without its head.
fn round_blocks(model: &mut TestModel, round: fn(f32) -> f32) {
    for (name, (shape, numbers)) in &mut model.tensors {
        if shape.len() == 2 && (name.contains("h.") || name.contains("layers.")) {
            numbers.iter_mut().for_each(|x| *x = round(*x));
        }
    }
}

/// What a precision does to a number, and how far that takes the logits off at most.
type Rounding = (Precision, fn(f32) -> f32, f64);

#[test]
fn sixteen_bits_round_the_blocks_products_and_nothing_else() {
    let bf16 = |x: f32| half::bf16::from_f32(x).to_f32();
    let f16 = |x: f32| half::f16::from_f32(x).to_f32();
    let roundings: [Rounding; 2] = [(Precision::Bf16, bf16, 0.02), (Precision::F16, f16, 0.003)];
    for model in [TestModel::gpt2(), TestModel::llama()] {
        for (precision, round, tolerance) in roundings {
            let options = ForwardOptions { batch: 8, precision, ..Default::default() };
            let short = load_with(&model, &options).unwrap_or_else(|e| panic!("{e}"));
            assert!(short.backend().ends_with(precision.as_str()), "{}", short.backend());
            assert!(short.memory().weights() < load(&model, 8).memory().weights());
            // No product lies between a row of the down-projection and the head: only its weights are rounded.
            let mut rounded = TestModel { tensors: model.tensors.clone(), ..model.clone() };
            round_blocks(&mut rounded, round);
            let (found, expected) = [&short, &load(&rounded, 8)]
                .map(|model| model.logits(Mode::HighIsolated, LayerIndex(1), &neurons(0..8)).expect("legal neurons"))
                .into();
            (0..8).for_each(|row| assert_eq!(bits(&found, row), bits(&expected, row), "{precision}"));
            for mode in Mode::ALL {
                let logits = short.logits(mode, LayerIndex(0), &neurons(0..8)).expect("legal neurons");
                for row in 0..8 {
                    let expected = Reference(&model).logits(mode, 0, row);
                    let scale = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                    for (found, expected) in logits.row(row).iter().zip(&expected) {
                        let error = (f64::from(*found) - expected).abs() / scale;
                        assert!(error < tolerance, "{precision}, mode {mode}: {found} is not {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_loaded_model_serves_all_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ForwardModel>();
    shared::<Logits>();
}
