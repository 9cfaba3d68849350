//! Models of a hub, fetched from a real server on loopback.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use superposed_fetch::{
    Fetcher, Settings,
    settings::{HubSettings, Patience, Token},
    test_hub::{Server, git, sha256},
};
use superposed_model::{ModelDirectory, test_models::TestModel};
use tempfile::TempDir;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const LATER: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// A published model, a hub that has it, and a machine that does not.
struct Bench {
    published: TempDir,
    server: Server,
    home: TempDir,
    settings: Settings,
}

impl Bench {
    fn new(model: &TestModel) -> Self {
        let published = tempfile::tempdir().expect("a temporary directory");
        model.write(published.path());
        // What nobody needs, and what must not come into a directory of ours.
        for name in ["README.md", "pytorch_model.bin", "tf_model.h5", ".gitattributes"] {
            fs::write(published.path().join(name), name).expect("a writable directory");
        }
        let server = Server::of(published.path(), COMMIT);
        let home = tempfile::tempdir().expect("a temporary directory");
        let settings = Settings {
            hub: HubSettings {
                endpoint: server.endpoint(),
                token: None,
                cache: home.path().join("hub"),
                offline: false,
            },
            cache: home.path().join("superposed"),
            storage: superposed_storage::Settings::default(),
            patience: Patience { attempts: 3, first_wait: Duration::from_millis(1), silence: Duration::from_secs(30) },
        };
        Self { published, server, home, settings }
    }

    fn fetcher(&self) -> Fetcher {
        Fetcher::new(self.settings.clone(), self.server.runtime.handle().clone())
    }

    /// The digest of what was published, read from its directory.
    fn digest(&self) -> String {
        ModelDirectory::open(self.published.path()).expect("a model").digest().expect("readable files")
    }

    /// The repository's part of the cache.
    fn cached(&self, path: &str) -> PathBuf {
        self.home.path().join("hub/models--tiny--model").join(path)
    }

    /// The line that fetching is refused with, without the port of this test.
    fn refusal(&self, place: &str) -> String {
        let line = self.fetcher().model(place).expect_err("it was fetched").to_string();
        assert!(!line.contains('\n'), "{line}");
        let line = line.replace(&self.server.endpoint(), "http://hub");
        line.replace(&self.home.path().display().to_string(), "~")
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
fn a_model_is_fetched_with_what_it_needs_and_nothing_else_and_only_once() {
    for model in [TestModel::gpt2(), TestModel { shards: 3, ..TestModel::llama() }] {
        let bench = Bench::new(&model);
        let directory = bench.fetcher().model("hf:tiny/model").expect("a published model");
        assert_eq!(directory, bench.cached(&format!("snapshots/{COMMIT}")));
        let opened = ModelDirectory::open(&directory).expect("all of it");
        assert_eq!(opened.digest().expect("readable files"), bench.digest());
        let mut needed: Vec<_> =
            opened.files().map(|file| file.file_name().expect("a name").to_string_lossy().into_owned()).collect();
        needed.sort();
        assert_eq!(names(&directory), needed);
        assert_eq!(fs::read_to_string(bench.cached("refs/main")).expect("a reference"), COMMIT);

        let requests = bench.server.requests();
        for name in ["README.md", "pytorch_model.bin", "tf_model.h5"] {
            assert!(!requests.iter().any(|request| request.contains(name)), "{requests:?}");
        }
        // A branch may have moved, so the hub is asked; the files are there.
        bench.fetcher().model("hf:tiny/model").expect("a published model");
        assert_eq!(bench.server.requests(), ["GET /api/models/tiny/model/revision/main?blobs=true"]);
        // A commit cannot move.
        bench.fetcher().model(&format!("hf:tiny/model@{COMMIT}")).expect("a published model");
        assert!(bench.server.requests().is_empty());
    }
}

#[test]
fn a_look_leaves_weights_where_they_are_and_knows_the_digest_and_the_commit() {
    for model in [TestModel::gpt2(), TestModel { shards: 2, ..TestModel::gpt2() }] {
        let bench = Bench::new(&model);
        let seen = bench.fetcher().look_at_model("hf:tiny/model").expect("a published model");
        assert_eq!(seen.place(), format!("hf:tiny/model@{COMMIT}"));
        assert_eq!(seen.digest().expect("announced"), bench.digest());
        assert_eq!((seen.config().layers, seen.config().d_ff, seen.ranked_tokens()), (3, 20, 37));
        let requests = bench.server.requests();
        assert!(!requests.iter().any(|request| request.ends_with(".safetensors")), "{requests:?}");

        // What was looked at is what is fetched, also when the branch moves meanwhile.
        let other = tempfile::tempdir().expect("a temporary directory");
        TestModel::llama().write(other.path());
        bench.server.publish(other.path(), LATER);
        let digest = bench.digest();
        let (opened, found) = bench.fetcher().open_model(seen.place(), &digest).expect("a published model");
        assert_eq!((found, opened.config().layers), (digest, 3));
        let now = bench.fetcher().look_at_model("hf:tiny/model").expect("a published model");
        assert_eq!(now.place(), format!("hf:tiny/model@{LATER}"));
    }
}

#[test]
fn a_look_at_weights_that_are_there_checks_them() {
    let bench = Bench::new(&TestModel::gpt2());
    bench.fetcher().model("hf:tiny/model").expect("a published model");
    let blob = bench.cached(&format!("snapshots/{COMMIT}/model.safetensors"));
    let length = fs::metadata(&blob).expect("it was fetched").len();
    fs::write(&blob, vec![0; usize::try_from(length).expect("a small file")]).expect("a writable cache");
    let line = bench.fetcher().look_at_model("hf:tiny/model").expect_err("it was accepted").to_string();
    assert!(line.contains("model.safetensors is damaged"), "{line}");
}

#[test]
fn a_cache_that_was_damaged_is_named_when_the_model_is_loaded() {
    let bench = Bench::new(&TestModel::gpt2());
    let directory = bench.fetcher().model("hf:tiny/model").expect("a published model");
    let path = directory.join("model.safetensors");
    let mut content = fs::read(&path).expect("it was fetched");
    *content.last_mut().expect("a byte") ^= 1;
    fs::write(&path, content).expect("a writable cache");
    let open = || bench.fetcher().open_model(&format!("hf:tiny/model@{COMMIT}"), &bench.digest());
    let line = open().expect_err("it was accepted").to_string();
    assert!(line.contains(&format!("the files in {} are not those", directory.display())), "{line}");
    fs::remove_dir_all(bench.cached("blobs")).expect("what it says");
    fs::remove_dir_all(directory).expect("what it says");
    open().expect("it is fetched again");
}

#[test]
fn the_token_is_for_the_hub_and_not_for_where_it_sends_one_on_to() {
    let mut bench = Bench::new(&TestModel::gpt2());
    bench.server.now().token = Some("secret".to_owned());
    let asked = "answers 401 (RepoNotFound): there is no such model, or ";
    assert_eq!(
        bench.refusal("hf:tiny/model"),
        format!("hf:tiny/model: http://hub {asked}it wants to know who asks: check the name, or set HF_TOKEN")
    );
    bench.settings.hub.token = Some(Token("wrong".to_owned()));
    assert_eq!(
        bench.refusal("hf:tiny/model"),
        format!("hf:tiny/model: http://hub {asked}HF_TOKEN is not valid: check the name, or make a new token")
    );
    bench.server.now().requests.clear();
    bench.settings.hub.token = Some(Token("secret".to_owned()));
    bench.fetcher().model("hf:tiny/model").expect("who asks is known");
    let requests = bench.server.requests();
    assert!(requests.iter().any(|request| request.starts_with("@cdn")), "{requests:?}");
    for request in requests {
        assert_eq!(request.ends_with(" token"), !request.starts_with("@cdn"), "{request}");
    }
}

#[test]
fn a_model_whose_terms_were_not_accepted_and_a_revision_that_is_not_there_are_told_apart() {
    let bench = Bench::new(&TestModel::gpt2());
    assert_eq!(
        bench.refusal("hf:tiny/model@v2"),
        "hf:tiny/model@v2: http://hub answers 404 (RevisionNotFound): check the name and the revision; the model should be at \
         http://hub/tiny/model"
    );
    bench.server.now().gated = true;
    assert_eq!(
        bench.refusal("hf:tiny/model"),
        "hf:tiny/model: http://hub answers 403 (GatedRepo): accept the model's terms at http://hub/tiny/model, and set \
         HF_TOKEN"
    );
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_broke() {
    let bench = Bench::new(&TestModel::gpt2());
    // More often than attempts may fail in a row: each brings some bytes.
    bench.server.now().cuts = vec![100; 5];
    let directory = bench.fetcher().model("hf:tiny/model").expect("it gets whole");
    let digest = ModelDirectory::open(&directory).expect("all of it").digest().expect("readable files");
    assert_eq!(digest, bench.digest());
    let requests = bench.server.requests();
    let parts: Vec<_> = requests.iter().filter(|request| request.starts_with("@cdn")).collect();
    assert_eq!(parts.len(), 6, "{requests:?}");
    assert!(parts[5].ends_with(" from 500"), "{parts:?}");
}

#[test]
fn what_an_earlier_process_left_is_continued_and_thrown_away_when_it_was_something_else() {
    let bench = Bench::new(&TestModel::gpt2());
    let weights = fs::read(bench.published.path().join("model.safetensors")).expect("published weights");
    let left = bench.cached(&format!("blobs/{}.incomplete", sha256(&weights)));
    fs::create_dir_all(left.parent().expect("in a directory")).expect("a writable cache");
    fs::write(&left, &weights[..1000]).expect("a writable cache");
    bench.fetcher().model("hf:tiny/model").expect("it gets whole");
    assert!(bench.server.requests().contains(&"@cdn model.safetensors from 1000".to_owned()));

    let bench = Bench::new(&TestModel::gpt2());
    let left = bench.cached(&format!("blobs/{}.incomplete", sha256(&weights)));
    fs::create_dir_all(left.parent().expect("in a directory")).expect("a writable cache");
    fs::write(&left, [7; 1000]).expect("a writable cache");
    let directory = bench.fetcher().model("hf:tiny/model").expect("it gets whole");
    assert_eq!(fs::read(directory.join("model.safetensors")).expect("fetched weights"), weights);
    assert!(!left.exists());
}

#[test]
fn a_server_that_never_gets_further_is_given_up_on() {
    let bench = Bench::new(&TestModel::gpt2());
    bench.server.now().cuts = vec![0; 100];
    let line = bench.refusal("hf:tiny/model");
    assert!(line.starts_with("hf:tiny/model: cannot be had from http://hub ("), "{line}");
    assert!(line.ends_with("a model that is whole in the cache needs no network"), "{line}");
}

#[test]
fn a_hub_that_is_overloaded_is_asked_again() {
    let bench = Bench::new(&TestModel::gpt2());
    bench.server.now().overloaded = 2;
    bench.fetcher().model("hf:tiny/model").expect("the third attempt is answered");
    bench.server.now().overloaded = 3;
    let other = Bench { home: tempfile::tempdir().expect("a temporary directory"), ..bench };
    let settings = HubSettings { cache: other.home.path().join("hub"), ..other.settings.hub.clone() };
    let other = Bench { settings: Settings { hub: settings, ..other.settings.clone() }, ..other };
    let line = other.refusal("hf:tiny/model");
    assert!(line.contains("(it answers 503 Service Unavailable): check the network"), "{line}");
}

#[test]
fn what_is_not_as_announced_never_gets_a_name() {
    for (spoiled, announced) in [("model.safetensors", true), ("config.json", false)] {
        let bench = Bench::new(&TestModel::gpt2());
        bench.server.now().spoiled = vec![spoiled.to_owned()];
        let content = fs::read(bench.published.path().join(spoiled)).expect("a published file");
        let expected = if announced { sha256(&content) } else { git(&content) };
        let line = bench.refusal("hf:tiny/model");
        assert!(line.starts_with(&format!("{spoiled} of hf:tiny/model came with digest ")), "{line}");
        assert!(line.contains(&format!(", but {expected} was announced, two times: ")), "{line}");
        assert!(!bench.cached(&format!("blobs/{expected}")).exists());
        assert!(!bench.cached(&format!("snapshots/{COMMIT}/{spoiled}")).exists());
        bench.server.now().spoiled.clear();
        bench.fetcher().model("hf:tiny/model").expect("it is whole now");
    }
}

#[test]
fn a_hub_whose_list_has_no_digests_is_asked_for_each_file() {
    let bench = Bench::new(&TestModel { shards: 2, ..TestModel::gpt2() });
    bench.server.now().terse = true;
    let seen = bench.fetcher().look_at_model("hf:tiny/model").expect("a published model");
    assert_eq!(seen.digest().expect("announced"), bench.digest());
    let requests = bench.server.requests();
    assert!(requests.contains(&"HEAD model-00001-of-00002.safetensors".to_owned()), "{requests:?}");
    assert!(!requests.iter().any(|request| request.starts_with("@cdn")), "{requests:?}");
}

#[test]
fn a_hub_may_lie_below_a_path() {
    let mut bench = Bench::new(&TestModel::gpt2());
    bench.settings.hub.endpoint = format!("{}/mirror/", bench.server.endpoint());
    bench.fetcher().model("hf:tiny/model").expect("a published model");
    bench.settings.hub.endpoint = "huggingface.co".to_owned();
    assert_eq!(
        bench.refusal("hf:tiny/model"),
        "cannot ask huggingface.co: it is no address of a hub; check HF_ENDPOINT, like https://huggingface.co"
    );
}

/// A port on which nothing listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[test]
fn what_the_hubs_own_tools_have_cached_needs_no_network() {
    let mut bench = Bench::new(&TestModel::gpt2());
    bench.settings.hub.endpoint = nowhere();
    for name in ["config.json", "model.safetensors", "vocab.json", "merges.txt"] {
        let content = fs::read(bench.published.path().join(name)).expect("a published file");
        let digest = if name.ends_with("safetensors") { sha256(&content) } else { git(&content) };
        for (path, content) in [(format!("blobs/{digest}"), &content), ("refs/main".to_owned(), &COMMIT.into())] {
            fs::create_dir_all(bench.cached(&path).parent().expect("a directory")).expect("a writable cache");
            fs::write(bench.cached(&path), content).expect("a writable cache");
        }
        let link = bench.cached(&format!("snapshots/{COMMIT}/{name}"));
        fs::create_dir_all(link.parent().expect("a directory")).expect("a writable cache");
        symlink(format!("../../blobs/{digest}"), link).expect("a writable cache");
    }
    // The hub is away, which is noticed; told to be offline, it is not asked at all.
    for offline in [false, true] {
        bench.settings.hub.offline = offline;
        let seen = bench.fetcher().look_at_model("hf:tiny/model").expect("it is in the cache");
        assert_eq!(seen.place(), format!("hf:tiny/model@{COMMIT}"));
        assert_eq!(seen.digest().expect("readable files"), bench.digest());
        bench.fetcher().open_model(seen.place(), &bench.digest()).expect("it is in the cache");
    }
}

#[test]
fn what_is_not_cached_needs_a_network_and_says_so() {
    let mut bench = Bench::new(&TestModel::gpt2());
    bench.settings.hub.offline = true;
    assert_eq!(
        bench.refusal("hf:tiny/model"),
        "hf:tiny/model is not whole in ~/hub, and HF_HUB_OFFLINE forbids to fetch it: unset that"
    );
    bench.settings.hub.offline = false;
    bench.settings.hub.endpoint = nowhere();
    let line = bench.refusal("hf:tiny/model");
    assert!(line.contains("Connection refused") && line.contains("HTTPS_PROXY"), "{line}");
}

#[test]
fn a_part_of_a_commit_that_would_make_another_model_is_completed() {
    let bench = Bench::new(&TestModel::gpt2());
    // Published with a second form of the tokenizer, which comes first; the cache has only the other.
    bench.fetcher().model("hf:tiny/model").expect("a published model");
    let tokens: Vec<String> = (0..37).map(|id| format!("\"Ġtoken{id}\":{id}")).collect();
    let json = format!(
        r#"{{"version":"1.0","added_tokens":[],"pre_tokenizer":{{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}},"decoder":{{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}},"model":{{"type":"BPE","vocab":{{{}}},"merges":[]}}}}"#,
        tokens.join(",")
    );
    fs::write(bench.published.path().join("tokenizer.json"), json).expect("a writable directory");
    bench.server.publish(bench.published.path(), COMMIT);
    let (opened, digest) =
        bench.fetcher().open_model(&format!("hf:tiny/model@{COMMIT}"), &bench.digest()).expect("a published model");
    assert_eq!(digest, bench.digest());
    assert!(opened.tokenizer().files()[0].ends_with("tokenizer.json"));
}

#[test]
fn several_at_once_fetch_each_file_once() {
    let bench = Bench::new(&TestModel { shards: 3, ..TestModel::llama() });
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| bench.fetcher().model("hf:tiny/model").expect("a published model"));
        }
    });
    let mut fetched = bench.server.requests();
    fetched.retain(|request| !request.contains("/api/"));
    let all = fetched.len();
    fetched.sort();
    fetched.dedup();
    assert_eq!(all, fetched.len(), "{fetched:?}");
    assert_eq!(names(&bench.cached("blobs")).len(), 7);
}

#[test]
fn what_is_no_model_is_refused_by_what_is_published_and_nothing_is_fetched() {
    let bench = Bench::new(&TestModel::gpt2());
    fs::remove_file(bench.published.path().join("model.safetensors")).expect("a published file");
    bench.server.publish(bench.published.path(), COMMIT);
    let line = bench.refusal("hf:tiny/model");
    let start =
        format!("hf:tiny/model@{COMMIT} holds PyTorch weights (pytorch_model.bin), which is not read: save them");
    assert!(line.starts_with(&start), "{line}");
    assert!(!bench.cached("blobs").exists());

    let bench = Bench::new(&TestModel { shards: 2, ..TestModel::gpt2() });
    fs::remove_file(bench.published.path().join("model-00002-of-00002.safetensors")).expect("a published file");
    bench.server.publish(bench.published.path(), COMMIT);
    let line = bench.refusal("hf:tiny/model");
    assert!(
        line.contains("/model-00002-of-00002.safetensors is missing: model.safetensors.index.json names it"),
        "{line}"
    );
}

#[test]
fn a_tokenizer_alone_is_fetched_alone() {
    let bench = Bench::new(&TestModel::gpt2());
    let seen = bench.fetcher().look_at_tokenizer("hf:tiny/model").expect("a published tokenizer");
    assert_eq!(seen.place(), format!("hf:tiny/model@{COMMIT}"));
    assert_eq!(names(&bench.cached(&format!("snapshots/{COMMIT}"))), ["merges.txt", "vocab.json"]);
    let digest = seen.tokenizer().digest().expect("readable files");
    let (opened, found) = bench.fetcher().open_tokenizer(seen.place(), &digest).expect("a published tokenizer");
    assert_eq!((opened.vocabulary_size(), found), (37, digest));
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let bench = Bench::new(&TestModel::gpt2());
    fs::write(bench.home.path().join("hub"), "").expect("a writable directory");
    let line = bench.refusal("hf:tiny/model");
    assert!(line.starts_with("~/hub") && line.contains("Not a directory"), "{line}");
    assert!(line.ends_with("the cache must be writable and have room: HF_HUB_CACHE names another"), "{line}");
}
