//! Models of a bucket, fetched from a real S3 server on loopback.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use superposed_fetch::{
    Fetcher, Settings,
    settings::{HubSettings, Patience},
};
use superposed_model::{ModelDirectory, test_models::TestModel};
use superposed_storage::test_server::TestServer;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server with a bucket `models` that has a model at `tiny/gpt2`, and a machine that does not.
struct Bench {
    runtime: Runtime,
    server: TestServer,
    home: TempDir,
    settings: Settings,
}

const PLACE: &str = "s3://models/tiny/gpt2";

impl Bench {
    fn new(model: &TestModel) -> Self {
        let server = TestServer::start(&["models"]);
        let directory = server.bucket("models").join("tiny/gpt2");
        fs::create_dir_all(directory.join("onnx")).expect("a writable directory");
        model.write(&directory);
        for name in ["README.md", "pytorch_model.bin", "onnx/model.onnx"] {
            fs::write(directory.join(name), name).expect("a writable directory");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let home = tempfile::tempdir().expect("a temporary directory");
        let hub = HubSettings {
            endpoint: "http://127.0.0.1:9".to_owned(),
            token: None,
            cache: home.path().join("hub"),
            offline: true,
        };
        let settings = Settings {
            hub,
            cache: home.path().join("superposed"),
            storage: server.settings(),
            patience: Patience { attempts: 2, first_wait: Duration::from_millis(1), silence: Duration::from_secs(30) },
        };
        Self { runtime, server, home, settings }
    }

    fn fetcher(&self) -> Fetcher {
        Fetcher::new(self.settings.clone(), self.runtime.handle().clone())
    }

    fn directory(&self) -> PathBuf {
        self.server.bucket("models").join("tiny/gpt2")
    }

    fn digest(&self) -> String {
        ModelDirectory::open(&self.directory()).expect("a model").digest().expect("readable files")
    }

    fn refusal(&self, place: &str) -> String {
        let line = self.fetcher().model(place).expect_err("it was fetched").to_string();
        assert!(!line.contains('\n'), "{line}");
        line
    }

    /// A setting of S3 changed.
    fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.storage.variables.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_model_is_kept_under_its_digest_with_what_it_needs_and_nothing_else() {
    let bench = Bench::new(&TestModel { shards: 2, ..TestModel::gpt2() });
    let seen = bench.fetcher().look_at_model(PLACE).expect("a stored model");
    let digest = bench.digest();
    assert_eq!((seen.place(), seen.digest().expect("known")), (PLACE, digest.clone()));
    let (model, found) = bench.fetcher().open_model(PLACE, &digest).expect("a stored model");
    assert_eq!(found, digest);
    assert!(model.path().ends_with(format!("artefacts/{}", &digest["sha256:".len()..])), "{}", model.path().display());
    assert_eq!(
        names(model.path()),
        [
            "config.json",
            "merges.txt",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "vocab.json"
        ]
    );
    assert!(names(&bench.home.path().join("superposed/partial")).is_empty());
}

#[test]
fn what_has_the_admitted_digest_is_there_without_the_store() {
    let bench = Bench::new(&TestModel::gpt2());
    let digest = bench.digest();
    bench.fetcher().open_model(PLACE, &digest).expect("a stored model");
    let bench = bench.with("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    bench.fetcher().open_model(PLACE, &digest).expect("it is on this disk");
    let line = bench.refusal(PLACE);
    assert!(line.starts_with("s3://models/tiny/gpt2: "), "{line}");
    assert!(line.ends_with("check the network, AWS_ENDPOINT_URL and AWS_REGION"), "{line}");
}

#[test]
fn a_model_that_changed_is_another_one() {
    let bench = Bench::new(&TestModel::gpt2());
    let before = bench.fetcher().look_at_model(PLACE).expect("a stored model").digest().expect("known");
    let mut other = TestModel::gpt2();
    other.tensors.get_mut("ln_f.bias").expect("the model has one").1[0] += 1.0;
    other.write(&bench.directory());
    let after = bench.fetcher().look_at_model(PLACE).expect("a stored model").digest().expect("known");
    assert_eq!(after, bench.digest());
    assert_ne!(after, before);
    // The admitted one is on this disk still.
    let (_, found) = bench.fetcher().open_model(PLACE, &before).expect("it is on this disk");
    assert_eq!(found, before);
}

#[test]
fn what_a_killed_process_left_is_continued() {
    let bench = Bench::new(&TestModel::gpt2());
    let digest = bench.digest();
    fs::rename(bench.directory().join("model.safetensors"), bench.home.path().join("aside")).expect("there");
    // Without its weights it is none, which leaves the name of the attempt's directory free to be seen below.
    assert!(bench.refusal(PLACE).contains("pytorch_model.bin"));
    fs::rename(bench.home.path().join("aside"), bench.directory().join("model.safetensors")).expect("there");
    bench.fetcher().model(PLACE).expect("a stored model");
    let listings = bench.home.path().join("superposed/listings");
    let fingerprint = names(&listings).pop().expect("what was listed");
    fs::remove_dir_all(bench.home.path().join("superposed/artefacts")).expect("there");
    fs::remove_dir_all(&listings).expect("there");
    let partial = bench.home.path().join("superposed/partial").join(fingerprint);
    fs::create_dir_all(&partial).expect("a writable cache");
    let weights = fs::read(bench.directory().join("model.safetensors")).expect("stored weights");
    fs::write(partial.join(".model.safetensors"), &weights[..1234]).expect("a writable cache");
    fs::copy(bench.directory().join("vocab.json"), partial.join("vocab.json")).expect("a writable cache");
    let (_, found) = bench.fetcher().open_model(PLACE, &digest).expect("a stored model");
    assert_eq!(found, digest);
}

#[test]
fn several_at_once_make_one() {
    let bench = Bench::new(&TestModel { shards: 3, ..TestModel::llama() });
    let digest = bench.digest();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(bench.fetcher().open_model(PLACE, &digest).expect("a stored model").1, digest));
        }
    });
    assert_eq!(names(&bench.home.path().join("superposed/artefacts")).len(), 1);
}

#[test]
fn what_the_store_refuses_is_told_with_what_to_check() {
    let bench = Bench::new(&TestModel::gpt2());
    let line = bench.refusal("s3://other/tiny/gpt2");
    assert_eq!(line, "s3://other/tiny/gpt2: 404 Not Found (NoSuchBucket); check the bucket and the path");
    let line = bench.refusal("s3://models/nothing");
    assert!(line.starts_with("s3://models/nothing/config.json is missing: "), "{line}");
    let line = bench.with("AWS_SECRET_ACCESS_KEY", "wrong").refusal(PLACE);
    assert!(line.contains("check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), "{line}");
}

#[test]
fn a_tokenizer_alone_is_fetched_alone() {
    let bench = Bench::new(&TestModel::gpt2());
    let seen = bench.fetcher().look_at_tokenizer(PLACE).expect("a stored tokenizer");
    let digest = seen.tokenizer().digest().expect("readable files");
    let (tokenizer, found) = bench.fetcher().open_tokenizer(PLACE, &digest).expect("a stored tokenizer");
    assert_eq!((tokenizer.vocabulary_size(), found), (37, digest.clone()));
    let directory = bench.home.path().join("superposed/artefacts").join(&digest["sha256:".len()..]);
    assert_eq!(names(&directory), ["merges.txt", "vocab.json"]);
}

#[test]
fn a_directory_is_used_where_it_is_by_its_path_or_its_url() {
    let bench = Bench::new(&TestModel::gpt2());
    let path = bench.directory().display().to_string();
    for place in [path.clone(), format!("file://{path}")] {
        let seen = bench.fetcher().look_at_model(&place).expect("a model");
        assert_eq!((seen.place(), seen.digest().expect("readable files")), (place.as_str(), bench.digest()));
        assert_eq!(bench.fetcher().model(&place).expect("a model"), bench.directory());
    }
    assert!(!bench.home.path().join("superposed").exists());
}
