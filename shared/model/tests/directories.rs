//! Model directories as people have them: in one file or in shards, under several names and in several number formats,
//! and broken in the ways downloads break.

use safetensors::Dtype;
use serde_json::json;
use std::{fs, path::Path};
use superposed_identity::LayerIndex;
use superposed_model::{BlockTensor, ModelDirectory, TensorId, Tokenizer, test_models::TestModel};
use tempfile::TempDir;

fn written(model: &TestModel) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    model.write(directory.path());
    directory
}

fn open(directory: &Path) -> ModelDirectory {
    ModelDirectory::open(directory).unwrap_or_else(|e| panic!("{e}"))
}

/// The one line that a directory is refused with.
fn refusal(directory: &Path) -> String {
    let line = ModelDirectory::open(directory).expect_err("the model was accepted").to_string();
    assert!(!line.contains('\n'), "{line}");
    line
}

fn all_tensors(model: &ModelDirectory) -> Vec<Vec<f32>> {
    model.config().tensors().map(|id| model.tensor_f32(id).expect("the model has it")).collect()
}

fn block(layer: u32, tensor: BlockTensor) -> TensorId {
    TensorId::Block(LayerIndex(layer), tensor)
}

#[test]
fn every_tensor_comes_in_the_shape_that_was_promised() {
    for (model, tensors) in [(TestModel::gpt2(), 3 * 12 + 3), (TestModel::llama(), 3 * 12 + 2)] {
        let directory = written(&model);
        let model = open(directory.path());
        assert_eq!(model.config().tensors().count(), tensors);
        let mut parameters = 0;
        for id in model.config().tensors() {
            let shape = model.config().shape(id).expect("listed, so it has a shape");
            let numbers = model.tensor_f32(id).expect("checked on opening");
            assert_eq!(numbers.len(), shape.iter().product::<usize>(), "{id:?}");
            assert!(numbers.iter().all(|n| n.is_finite()), "{id:?} has a number of Q or K");
            parameters += numbers.len() as u64;
        }
        assert_eq!(model.config().parameters(), parameters);
    }
}

#[test]
fn matrices_come_row_by_input_whichever_way_the_file_has_them() {
    let transposed = |numbers: &[f32], rows: usize| -> Vec<f32> {
        let columns = numbers.len() / rows;
        (0..columns).flat_map(|c| (0..rows).map(move |r| numbers[r * columns + c])).collect()
    };
    let llama = TestModel::llama();
    let directory = written(&llama);
    let model = open(directory.path());
    let down = model.tensor_f32(block(1, BlockTensor::Down)).expect("the model has it");
    assert_eq!(down, transposed(&llama.numbers("model.layers.1.mlp.down_proj.weight"), 8));
    assert_eq!(
        model.tensor_f32(TensorId::Head).expect("always there"),
        transposed(&llama.numbers("lm_head.weight"), 40)
    );

    let gpt2 = TestModel::gpt2();
    let directory = written(&gpt2);
    let model = open(directory.path());
    let down = model.tensor_f32(block(1, BlockTensor::Down)).expect("the model has it");
    assert_eq!(down, gpt2.numbers("h.1.mlp.c_proj.weight"));
    assert_eq!(model.tensor_f32(TensorId::Head).expect("always there"), transposed(&gpt2.numbers("wte.weight"), 40));
    assert!(model.tensor_f32(block(1, BlockTensor::Gate)).is_err());
    assert!(model.tensor_f32(block(3, BlockTensor::Down)).is_err());
}

#[test]
fn shards_and_prefixes_change_nothing() {
    let directory = written(&TestModel::gpt2());
    let plain = all_tensors(&open(directory.path()));
    for (prefix, shards) in [("", 3), ("transformer.", 1), ("transformer.", 2)] {
        let directory = written(&TestModel { shards, ..TestModel::gpt2() }.with_prefix(prefix));
        assert_eq!(all_tensors(&open(directory.path())), plain, "prefix {prefix:?}, {shards} shards");
    }
}

#[test]
fn halves_are_widened_to_the_very_number() {
    for dtype in [Dtype::F16, Dtype::BF16] {
        let model = TestModel { dtype, ..TestModel::gpt2() };
        let directory = written(&model);
        let found = open(directory.path()).tensor_f32(block(2, BlockTensor::Up)).expect("the model has it");
        assert_eq!(found, model.numbers("h.2.mlp.c_fc.weight"));
    }
}

#[test]
fn a_tied_head_is_the_embedding_under_either_name() {
    let mut model = TestModel::llama();
    model.config["tie_word_embeddings"] = json!(true);
    model.tensors.remove("lm_head.weight");
    let directory = written(&model);
    let embedding = open(directory.path()).tensor_f32(TensorId::Head).expect("always there");
    let tensor = model.tensors.remove("model.embed_tokens.weight").expect("the model has one");
    model.tensors.insert("lm_head.weight".to_owned(), tensor);
    let directory = written(&model);
    assert_eq!(open(directory.path()).tensor_f32(TensorId::Head).expect("always there"), embedding);
}

#[test]
fn padded_logits_are_not_ranked() {
    let directory = written(&TestModel::gpt2());
    let model = open(directory.path());
    assert_eq!((model.config().vocabulary, model.ranked_tokens()), (40, 37));
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    for tokens in [41, 19] {
        let directory = written(&TestModel { tokens, ..TestModel::gpt2() });
        let line = refusal(directory.path());
        assert!(line.contains(&format!("vocab.json has {tokens} tokens, but the model has logits for 40")), "{line}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let without = |file: &str| {
        let directory = written(&TestModel { shards: 2, ..TestModel::gpt2() });
        fs::remove_file(directory.path().join(file)).expect("the file was written");
        refusal(directory.path())
    };
    assert!(without("config.json").contains("config.json is missing"));
    assert!(without("vocab.json").contains("holds no tokenizer"));
    assert!(without("model.safetensors.index.json").contains("model.safetensors is missing"));
    let line = without("model-00002-of-00002.safetensors");
    assert!(
        line.contains("model-00002-of-00002.safetensors is missing: model.safetensors.index.json names it"),
        "{line}"
    );
}

#[test]
fn a_file_cut_short_is_named() {
    for length in [0, 5, 100, 4000] {
        let directory = written(&TestModel::gpt2());
        let path = directory.path().join("model.safetensors");
        let bytes = fs::read(&path).expect("the file was written");
        fs::write(&path, &bytes[..length]).expect("a writable directory");
        let line = refusal(directory.path());
        assert!(line.contains("model.safetensors is damaged") && line.contains("fetch it again"), "{line}");
    }
}

#[test]
fn a_tensor_that_is_not_as_the_configuration_says_is_named() {
    let refused = |change: fn(&mut TestModel)| {
        let mut model = TestModel::llama();
        change(&mut model);
        refusal(written(&model).path())
    };
    let line = refused(|m| {
        m.tensors.remove("model.layers.2.mlp.up_proj.weight");
    });
    assert!(line.contains("model.safetensors has no tensor model.layers.2.mlp.up_proj.weight"), "{line}");
    let line = refused(|m| m.config["intermediate_size"] = json!(16));
    assert!(line.contains("mlp.gate_proj.weight has shape [12, 8], but config.json calls for [16, 8]"), "{line}");
    let line = refused(|m| {
        m.tensors.remove("lm_head.weight");
    });
    assert!(line.contains("no tensor lm_head.weight"), "{line}");
}

#[test]
fn numbers_in_a_format_that_is_not_read_are_named() {
    let model = TestModel::gpt2();
    let directory = written(&model);
    let bytes = vec![0; 8 * 8];
    let tensors = model.tensors.iter().map(|(name, (shape, numbers))| {
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
        (name.clone(), (Dtype::F32, shape.clone(), bytes))
    });
    let mut tensors: std::collections::BTreeMap<_, _> = tensors.collect();
    tensors.insert("h.0.attn.c_proj.weight".to_owned(), (Dtype::I8, vec![8, 8], bytes));
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        let view = safetensors::tensor::TensorView::new(*dtype, shape.clone(), bytes).expect("a legal tensor");
        (name.as_str(), view)
    });
    let file = safetensors::serialize(views, None).expect("a small header");
    fs::write(directory.path().join("model.safetensors"), file).expect("a writable directory");
    let line = refusal(directory.path());
    assert!(line.contains("h.0.attn.c_proj.weight is I8, but only F32, F16 and BF16 are read"), "{line}");
}

#[test]
fn an_index_cannot_point_outside_of_its_directory() {
    let directory = written(&TestModel { shards: 2, ..TestModel::gpt2() });
    for name in ["../other.safetensors", "/etc/passwd", "..", ""] {
        let index = json!({ "weight_map": { "wte.weight": name } }).to_string();
        fs::write(directory.path().join("model.safetensors.index.json"), index).expect("a writable directory");
        let line = refusal(directory.path());
        assert!(line.contains("is not the name of a file beside it"), "{line}");
    }
}

#[test]
fn other_formats_are_refused_with_the_way_to_convert_them() {
    for (file, says) in [
        ("model.ckpt.data-00000-of-00001", "from_tf=True"),
        ("pytorch_model.bin", "safe_serialization=True"),
        ("consolidated.safetensors", "Hugging Face's layout"),
        ("tf_model.h5", "from_tf=True"),
        ("model.gguf", "gguf_file=FILE"),
        ("checkpoint", "from_tf=True"),
        ("hparams.json", "from_tf=True"),
    ] {
        for config in [true, false] {
            let directory = tempfile::tempdir().expect("a temporary directory");
            fs::write(directory.path().join(file), b"").expect("a writable directory");
            if config {
                let json = TestModel::gpt2().config.to_string();
                fs::write(directory.path().join("config.json"), json).expect("a writable directory");
            }
            let line = refusal(directory.path());
            assert!(line.contains(says), "{file}: {line}");
        }
    }
}

#[test]
fn the_digest_names_the_content_and_not_the_place() {
    let model = TestModel { shards: 2, ..TestModel::gpt2() };
    let (first, second) = (written(&model), written(&model));
    let digest = |directory: &TempDir| open(directory.path()).digest().expect("readable files");
    let name = digest(&first);
    assert_eq!(name.len(), "sha256:".len() + 64);
    assert_eq!(digest(&second), name);
    fs::write(second.path().join("README.md"), "not part of the model").expect("a writable directory");
    assert_eq!(digest(&second), name);
    fs::write(second.path().join("merges.txt"), "#version: 0.2\n\n").expect("a writable directory");
    assert_ne!(digest(&second), name);
    let mut other = model;
    other.tensors.get_mut("ln_f.bias").expect("the model has one").1[0] += 1.0;
    assert_ne!(digest(&written(&other)), name);
}

#[test]
fn a_model_and_its_tokenizer_serve_all_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ModelDirectory>();
    shared::<Tokenizer>();
}

#[test]
fn tokens_added_beside_a_vocabulary_are_counted_and_cut_nothing() {
    let directory = written(&TestModel::gpt2());
    fs::write(directory.path().join("added_tokens.json"), r#"{"<pad>": 38}"#).expect("a writable directory");
    let tokenizer = Tokenizer::load(directory.path()).expect("a legal tokenizer");
    assert_eq!(tokenizer.vocabulary_size(), 39);
    assert_eq!(tokenizer.tokens().last(), Some((superposed_identity::TokenId(38), "<pad>")));
    assert_eq!(tokenizer.files().len(), 3);
}

#[test]
fn a_configuration_with_fewer_blocks_than_the_weights_is_refused() {
    for (mut model, field) in [(TestModel::gpt2(), "n_layer"), (TestModel::llama(), "num_hidden_layers")] {
        model.config[field] = json!(2);
        let line = refusal(written(&model).path());
        assert!(line.contains("config.json: it says that the model has 2 blocks, but the weights have more"), "{line}");
    }
}
