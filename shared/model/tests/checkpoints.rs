//! Meta's checkpoints, as PyTorch saved them: `checkpoints/make.py` made the files, and says how.

use std::{
    fs,
    path::{Path, PathBuf},
};
use superposed_identity::LayerIndex;
use superposed_model::{BlockTensor, ModelDirectory, TensorId};
use tempfile::TempDir;

const WIDTH: usize = 12;
const HIDDEN: usize = 36;
const VOCABULARY: usize = 36;

fn made(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints").join(path)
}

/// A copy of a checkpoint, with a tokenizer.
fn copy(name: &str) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for file in fs::read_dir(made(name)).expect("a committed checkpoint") {
        let file = file.expect("a readable directory");
        fs::copy(file.path(), directory.path().join(file.file_name())).expect("a writable directory");
    }
    tokenizer(directory.path());
    directory
}

/// Puts a tokenizer there, under OpenAI's names for its files.
fn tokenizer(directory: &Path) {
    let tokens: Vec<String> = (0..VOCABULARY).map(|id| format!("\"Ġtoken{id}\":{id}")).collect();
    fs::write(directory.join("encoder.json"), format!("{{{}}}", tokens.join(","))).expect("a writable directory");
    fs::write(directory.join("vocab.bpe"), "#version: 0.2\n").expect("a writable directory");
}

fn open(directory: &TempDir) -> ModelDirectory {
    ModelDirectory::open(directory.path()).unwrap_or_else(|e| panic!("{e}"))
}

/// The one line that a directory is refused with, from the directory on.
fn refusal(directory: &TempDir) -> String {
    let line = ModelDirectory::open(directory.path()).expect_err("the model was accepted").to_string();
    assert!(!line.contains('\n'), "{line}");
    line.replace(&format!("{}/", directory.path().display()), "")
}

/// The numbers of a tensor of `make.py`, as the whole of it would lie in one file.
fn full(place: usize, numbers: usize) -> Vec<f32> {
    (0..numbers).map(|n| (((n * 7 + place * 13) % 61) as f32 - 30.0) / 8.0).collect()
}

/// A matrix of the file, `[output, input]`, as `[input, output]`.
fn turned(numbers: &[f32], input: usize) -> Vec<f32> {
    (0..input).flat_map(|column| numbers.chunks(input).map(move |row| row[column])).collect()
}

fn block(tensor: BlockTensor) -> TensorId {
    TensorId::Block(LayerIndex(0), tensor)
}

/// Every tensor with what `make.py` put there.
fn expected(head_place: usize) -> Vec<(TensorId, Vec<f32>)> {
    let matrix = |place, output, input| turned(&full(place, output * input), input);
    vec![
        (block(BlockTensor::AttentionNorm), full(10, WIDTH)),
        (block(BlockTensor::Value), matrix(5, WIDTH, WIDTH)),
        (block(BlockTensor::Output), matrix(6, WIDTH, WIDTH)),
        (block(BlockTensor::MlpNorm), full(11, WIDTH)),
        (block(BlockTensor::Gate), matrix(7, HIDDEN, WIDTH)),
        (block(BlockTensor::Up), matrix(9, HIDDEN, WIDTH)),
        (block(BlockTensor::Down), matrix(8, WIDTH, HIDDEN)),
        (TensorId::FinalNorm, full(1, WIDTH)),
        (TensorId::Head, matrix(head_place, VOCABULARY, WIDTH)),
    ]
}

#[test]
fn a_checkpoint_reads_the_same_over_any_number_of_shards() {
    for name in ["shards-1", "shards-2", "shards-3", "state-dict"] {
        let directory = copy(name);
        let model = open(&directory);
        let config = model.config();
        assert_eq!((config.vocabulary, config.d_ff, config.tied_head), (36, 36, false), "{name}");
        assert_eq!(config.tensors().count(), expected(2).len());
        for (id, numbers) in expected(2) {
            assert_eq!(model.tensor_f32(id).expect("the model has it"), numbers, "{name}: {id:?}");
        }
    }
}

#[test]
fn a_head_that_is_the_embedding_is_joined_along_its_width_or_its_rows() {
    for name in ["tied", "tied-rows"] {
        let directory = copy(name);
        let model = open(&directory);
        assert_eq!((model.config().vocabulary, model.config().tied_head), (36, true), "{name}");
        for (id, numbers) in expected(0) {
            assert_eq!(model.tensor_f32(id).expect("the model has it"), numbers, "{name}: {id:?}");
        }
    }
}

#[test]
fn the_digest_is_of_the_sizes_all_shards_and_the_tokenizer() {
    let directory = copy("shards-2");
    let files: Vec<PathBuf> = open(&directory).files().collect();
    let names: Vec<_> = files.iter().map(|path| path.file_name().expect("a file").to_string_lossy()).collect();
    assert_eq!(names, ["params.json", "consolidated.00.pth", "consolidated.01.pth", "encoder.json", "vocab.bpe"]);
}

#[test]
fn a_shard_that_is_missing_at_the_end_shows_in_the_shapes() {
    let directory = copy("shards-3");
    fs::remove_file(directory.path().join("consolidated.02.pth")).expect("a file of the checkpoint");
    let params = fs::read_to_string(made("shards-3/params.json")).expect("a committed file");
    let line = refusal(&directory);
    assert!(line.contains("but params.json with 2 shards calls for"), "{line}");
    assert!(line.ends_with("and that no file of it is missing"), "{line}");
    // Also where the vocabulary is stated.
    fs::write(directory.path().join("params.json"), params.replace("-1", "36")).expect("a writable directory");
    assert!(refusal(&directory).contains("with 2 shards calls for"));
}

#[test]
fn what_is_no_plain_checkpoint_is_refused_and_nothing_of_it_is_executed() {
    for (file, says) in [
        (
            "legacy.pth",
            "holds a checkpoint in PyTorch's format before 1.6, which is not read: load it with `torch.load`",
        ),
        (
            "code.pth",
            "cannot be read as a checkpoint: it calls for __builtin__.print, which no tensor needs and which was",
        ),
        ("list.pth", "cannot be read as a checkpoint: pickle opcode 0x5d at byte"),
        ("compressed.pth", "cannot be read as a checkpoint: data.pkl in it is compressed; save the model's tensors"),
        ("double.pth", "tensor norm.weight is Double, but only F32, F16 and BF16 are read"),
        ("transposed.pth", "cannot be read as a checkpoint: the numbers of tensor output.weight do not lie row by row"),
    ] {
        let directory = copy("shards-1");
        let path = directory.path().join("consolidated.00.pth");
        fs::copy(made("refused").join(file), &path).expect("a writable directory");
        let line = refusal(&directory);
        assert!(line.starts_with("consolidated.00.pth") && line.contains(says), "{file}: {line}");
    }
}

#[test]
fn a_checkpoint_cut_short_anywhere_is_called_damaged() {
    let whole = fs::read(made("shards-1/consolidated.00.pth")).expect("a committed file");
    let directory = copy("shards-1");
    for length in (0..whole.len()).step_by(97) {
        fs::write(directory.path().join("consolidated.00.pth"), &whole[..length]).expect("a writable directory");
        let line = refusal(&directory);
        assert!(line.starts_with("consolidated.00.pth is damaged ("), "{length}: {line}");
    }
}

#[test]
fn a_checkpoint_with_one_byte_changed_is_read_or_refused_in_one_line() {
    let whole = fs::read(made("shards-2/consolidated.00.pth")).expect("a committed file");
    let directory = copy("shards-2");
    for at in (0..whole.len()).step_by(7) {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= change;
            fs::write(directory.path().join("consolidated.00.pth"), &changed).expect("a writable directory");
            match ModelDirectory::open(directory.path()) {
                Ok(model) => {
                    for id in model.config().tensors().collect::<Vec<_>>() {
                        drop(model.tensor_f32(id));
                    }
                }
                Err(error) => assert!(!error.to_string().contains('\n'), "byte {at}: {error}"),
            }
        }
    }
}
