//! Models that are not whole, or not known.

use crate::bench::{Bench, TOKENS};
use serde_json::{Value, json};
use std::fs;
use superposed_model::test_models::TestModel;

/// The refusal of a bench whose model was tampered with.
fn refusal_after(tamper: impl FnOnce(&Bench)) -> String {
    let bench = Bench::new();
    tamper(&bench);
    bench.cut(&bench.refusal_of(|_| {}))
}

fn remove(bench: &Bench, name: &str) {
    fs::remove_file(bench.model().join(name)).expect("a file of the model");
}

fn write(bench: &Bench, name: &str, content: &str) {
    fs::write(bench.model().join(name), content).expect("a writable model");
}

fn configure(bench: &Bench, change: impl FnOnce(&mut Value)) {
    let path = bench.model().join("config.json");
    let mut config = serde_json::from_slice(&fs::read(&path).expect("a readable file")).expect("JSON");
    change(&mut config);
    write(bench, "config.json", &config.to_string());
}

#[test]
fn a_model_directory_that_is_not_there_is_named() {
    let bench = Bench::new();
    let line = bench.cut(&bench.refusal_of(|campaign| campaign["model"] = "nowhere".into()));
    assert_eq!(line, "nowhere is missing: a model is a directory with config.json, model.safetensors and a tokenizer");
}

#[test]
fn missing_weights_are_named() {
    assert_eq!(
        refusal_after(|bench| remove(bench, "model.safetensors")),
        "model/model.safetensors is missing: fetch the model's safetensors files (one, or shards with \
         model.safetensors.index.json)"
    );
}

#[test]
fn truncated_weights_are_called_damaged() {
    let line = refusal_after(|bench| {
        let file = fs::File::options().write(true).open(bench.model().join("model.safetensors")).expect("the weights");
        file.set_len(file.metadata().expect("a length").len() - 1).expect("a writable file");
    });
    assert!(line.starts_with("model/model.safetensors is damaged ("), "{line}");
    assert!(line.ends_with("): fetch it again from where the model came from"), "{line}");
}

#[test]
fn empty_weights_are_called_damaged() {
    let line = refusal_after(|bench| write(bench, "model.safetensors", ""));
    assert!(line.starts_with("model/model.safetensors is damaged ("), "{line}");
}

#[test]
fn a_shard_that_is_not_there_is_named() {
    let line = refusal_after(|bench| {
        remove(bench, "model.safetensors");
        let model = TestModel { shards: 3, ..TestModel::gpt2_sized(3, 8, 20, TOKENS as usize) };
        model.write(&bench.model());
        remove(bench, "model-00002-of-00003.safetensors");
    });
    assert_eq!(
        line,
        "model/model-00002-of-00003.safetensors is missing: model.safetensors.index.json names it; fetch it from where \
         the model came from"
    );
}

#[test]
fn a_tensor_that_is_not_there_is_named() {
    let line = refusal_after(|bench| {
        let mut model = TestModel::gpt2_sized(3, 8, 20, TOKENS as usize);
        model.tensors.remove("h.1.mlp.c_fc.weight").expect("a tensor of the model");
        model.write(&bench.model());
    });
    assert!(line.starts_with("model/model.safetensors has no tensor h.1.mlp.c_fc.weight: fetch"), "{line}");
}

#[test]
fn a_config_of_other_sizes_than_the_weights_is_refused_with_both() {
    let line = refusal_after(|bench| configure(bench, |config| config["n_inner"] = json!(24)));
    assert!(line.contains("has shape [8, 20], but config.json calls for [8, 24]"), "{line}");
}

#[test]
fn a_config_of_another_architecture_is_refused_by_name() {
    let line = refusal_after(|bench| {
        configure(bench, |config| config["architectures"] = json!(["T5ForConditionalGeneration"]));
    });
    assert!(
        line.starts_with("model/config.json is a model of architecture T5ForConditionalGeneration: only"),
        "{line}"
    );
}

#[test]
fn a_config_that_is_no_json_is_named() {
    let line = refusal_after(|bench| write(bench, "config.json", "{\n\"n_embd\": \n"));
    assert!(line.starts_with("model/config.json: "), "{line}");
}

#[test]
fn a_config_that_lacks_a_field_names_it() {
    let line = refusal_after(|bench| {
        configure(bench, |config| {
            config.as_object_mut().expect("an object").remove("n_embd");
        });
    });
    assert!(line.starts_with("model/config.json: ") && line.contains("n_embd"), "{line}");
}

#[test]
fn a_missing_tokenizer_is_told_with_what_would_do() {
    assert_eq!(
        refusal_after(|bench| remove(bench, "merges.txt")),
        "model holds no tokenizer: put tokenizer.json, vocab.json with merges.txt, encoder.json with vocab.bpe, or \
         tokenizer.model there"
    );
}

#[test]
fn a_tokenizer_that_does_not_fit_the_model_is_refused_with_both_sizes() {
    let larger = refusal_after(|bench| {
        TestModel { tokens: TOKENS + 1, ..TestModel::gpt2_sized(3, 8, 20, TOKENS as usize) }.write(&bench.model());
    });
    assert!(
        larger.starts_with("model/vocab.json has 41 tokens, but the model has logits for 40: it belongs"),
        "{larger}"
    );
    let smaller = refusal_after(|bench| {
        TestModel { tokens: TOKENS / 2 - 1, ..TestModel::gpt2_sized(3, 8, 20, TOKENS as usize) }.write(&bench.model());
    });
    assert!(smaller.starts_with("model/vocab.json has 19 tokens, but the model has logits for 40"), "{smaller}");
}

#[test]
fn a_damaged_tokenizer_is_named() {
    let line = refusal_after(|bench| write(bench, "vocab.json", "{"));
    assert!(line.starts_with("model/vocab.json is not a usable tokenizer: "), "{line}");
    let line = refusal_after(|bench| write(bench, "tokenizer.json", "{"));
    assert!(line.starts_with("model/tokenizer.json is not a usable tokenizer: "), "{line}");
}

#[test]
fn a_tensorflow_checkpoint_is_refused_with_the_conversion() {
    let line = refusal_after(|bench| {
        for name in ["config.json", "model.safetensors", "vocab.json", "merges.txt"] {
            remove(bench, name);
        }
        write(bench, "model.ckpt.index", "");
        write(bench, "hparams.json", "{}");
    });
    assert!(line.starts_with("model holds an original TensorFlow checkpoint, which is not read: name the"), "{line}");
    assert!(line.contains("from_pretrained(DIR, from_tf=True, config=") && line.contains("hparams.json"), "{line}");
}

#[test]
fn pytorch_weights_are_refused_with_the_conversion() {
    let line = refusal_after(|bench| {
        remove(bench, "model.safetensors");
        write(bench, "pytorch_model.bin", "PK");
    });
    assert!(
        line.starts_with("model holds PyTorch weights (pytorch_model.bin), which is not read: save them"),
        "{line}"
    );
}
