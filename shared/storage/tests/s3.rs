//! A storage in a bucket of a real S3 server on loopback.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    thread,
};
use superposed_storage::{
    Kind, Settings, Storage, StorageError,
    blocking::Blocking,
    test_server::{self, Fault, FaultProxy, TestServer, Weather},
};

fn open(place: &str, settings: &Settings) -> Storage {
    Storage::open(place.parse().expect("an address"), settings).expect("legal settings")
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// The settings with one of them changed.
fn with(mut settings: Settings, name: &str, value: &str) -> Settings {
    settings.variables.push((name.to_owned(), value.to_owned()));
    settings
}

async fn listed(storage: &Storage, below: &str) -> Vec<String> {
    storage.list(below).map_ok(|file| file.path).try_collect().await.expect("a listing")
}

#[tokio::test]
async fn what_is_put_below_a_prefix_is_found_there_and_nothing_else_is() {
    let server = TestServer::start(&["lab"]);
    let storage = open("s3://lab/results/here", &server.settings());
    storage.put("1M/i/0_1_pos.pkl", bytes("x")).await.expect("a writable bucket");
    storage.put("1M/i/0_1_pos.pkl", bytes("yz")).await.expect("a writable bucket");
    open("s3://lab/results/there", &server.settings()).put("1M/a", bytes("")).await.expect("a writable bucket");
    assert_eq!(fs::read(server.bucket("lab").join("results/here/1M/i/0_1_pos.pkl")).expect("an object"), b"yz");
    assert_eq!(storage.get("1M/i/0_1_pos.pkl").await.expect("an object").as_deref(), Some(&b"yz"[..]));
    assert_eq!(storage.get("1M/i/0_2_pos.pkl").await.expect("an answer"), None);
    assert_eq!(listed(&storage, "").await, ["1M/i/0_1_pos.pkl"]);
    assert!(listed(&storage, "2M").await.is_empty());
    let whole = open("s3://lab", &server.settings());
    assert_eq!(listed(&whole, "").await, ["results/here/1M/i/0_1_pos.pkl", "results/there/1M/a"]);
    storage.remove("1M/i/0_1_pos.pkl").await.expect("a writable bucket");
    storage.remove("1M/i/0_1_pos.pkl").await.expect("it is gone already");
    assert!(listed(&storage, "").await.is_empty());
}

#[tokio::test]
async fn of_several_that_create_a_file_one_does() {
    let server = TestServer::start(&["lab"]);
    let directory = tempfile::tempdir().expect("a temporary directory");
    for place in ["s3://lab/x".to_owned(), directory.path().display().to_string()] {
        let storage = open(&place, &server.settings());
        let tried = stream::iter(0..16).map(async |n| storage.create("claim", bytes(&n.to_string())).await);
        let done: Vec<bool> = tried.buffer_unordered(16).try_collect().await.expect("a writable place");
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{place}");
    }
}

#[tokio::test]
async fn asking_whether_files_can_be_written_leaves_nothing() {
    let server = TestServer::start(&["lab"]);
    open("s3://lab/x", &server.settings()).check_writable().await.expect("a writable bucket");
    let left: Vec<_> = fs::read_dir(server.bucket("lab")).expect("a bucket").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_in_a_line_with_what_to_check_and_no_secret() {
    let server = TestServer::start(&["lab"]);
    let refusal = async |place: &str, settings: Settings| {
        let error: StorageError = open(place, &settings).check_writable().await.expect_err("it was accepted");
        let line = error.to_string();
        assert!(!line.contains('\n') && !line.contains("hush"), "{line}");
        (error.kind, line)
    };
    let (kind, line) = refusal("s3://lab/x", with(server.settings(), "AWS_SECRET_ACCESS_KEY", "hush")).await;
    assert_eq!(kind, Kind::Denied);
    assert_eq!(
        line,
        "s3://lab/x: 403 Forbidden (SignatureDoesNotMatch); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that \
         they may use this bucket"
    );
    let (kind, line) = refusal("s3://other/x", server.settings()).await;
    assert_eq!(
        (kind, line.as_str()),
        (Kind::Absent, "s3://other/x: 404 Not Found (NoSuchBucket); check the bucket and the path")
    );
    // A port that nobody listens on any more.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (kind, line) = refusal("s3://lab/x", test_server::settings(port)).await;
    assert_eq!(kind, Kind::Broken);
    assert!(line.starts_with("s3://lab/x: ") && line.contains("Connection refused"), "{line}");
    assert!(line.ends_with("; check the network, AWS_ENDPOINT_URL and AWS_REGION"), "{line}");
    let proxy = FaultProxy::start(server.address(), 0, Weather::Overloaded);
    let (kind, line) = refusal("s3://lab/x", test_server::settings(proxy.address())).await;
    assert_eq!(kind, Kind::Busy);
    assert!(line.contains("503 Service Unavailable (SlowDown); it asks for fewer requests"), "{line}");
    // Asked as often as patience says, and no more.
    assert_eq!(proxy.done()[&Fault::SlowDown], 3);
}

#[tokio::test]
async fn a_key_of_a_file_of_credentials_is_as_good_as_one_of_the_environment() {
    let server = TestServer::start(&["lab"]);
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir(home.path().join(".aws")).expect("a writable directory");
    let (key, secret) = (test_server::KEY, test_server::SECRET);
    let credentials = format!("[lab]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
    fs::write(home.path().join(".aws/credentials"), credentials).expect("a writable directory");
    let mut settings = server.settings();
    settings.variables.retain(|(name, _)| !name.ends_with("KEY") && !name.ends_with("KEY_ID"));
    let settings = with(settings, "HOME", &home.path().display().to_string());
    open("s3://lab/x", &with(settings, "AWS_PROFILE", "lab")).check_writable().await.expect("a writable bucket");
}

#[tokio::test]
async fn faults_of_all_kinds_cost_nothing_but_time() {
    let server = TestServer::start(&["lab"]);
    let proxy = FaultProxy::start(server.address(), 7, Weather::Faults(4));
    let mut settings = test_server::settings(proxy.address());
    settings.patience.attempts = 30;
    let storage = open("s3://lab/x", &settings);
    let content = |n: u32| format!("{n} ").repeat(1 + n as usize % 700);
    let put = async |n: u32| storage.put(&format!("d/{n:04}"), bytes(&content(n))).await;
    stream::iter(0..300).map(put).buffer_unordered(16).try_collect::<()>().await.expect("patience");
    let names: Vec<_> = (0..300).map(|n| format!("d/{n:04}")).collect();
    for _ in 0..10 {
        assert_eq!(listed(&storage, "d").await, names);
    }
    let get = async |n: u32| (n, storage.get(&format!("d/{n:04}")).await.expect("patience").expect("an object"));
    let got: Vec<_> = stream::iter(0..300).map(get).buffer_unordered(16).collect().await;
    assert!(got.iter().all(|(n, found)| found == content(*n).as_bytes()));
    assert_eq!(proxy.done().len(), Fault::ALL.len(), "{:?}", proxy.done());
}

#[test]
fn a_reader_gives_a_long_file_in_order_through_a_bad_network() {
    let server = TestServer::start(&["lab"]);
    let content: Vec<u8> = (0..9_500_001_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::create_dir(server.bucket("lab").join("texts")).expect("a writable directory");
    fs::write(server.bucket("lab").join("texts/long"), &content).expect("a writable directory");
    fs::write(server.bucket("lab").join("texts/none"), "").expect("a writable directory");
    let proxy = FaultProxy::start(server.address(), 3, Weather::Faults(3));
    let mut settings = test_server::settings(proxy.address());
    settings.patience.attempts = 30;
    let here = Blocking::open("s3://lab/texts".parse().expect("an address"), &settings).expect("legal settings");
    let files: Vec<_> = here.list("").collect::<Result<_, _>>().expect("a listing");
    let sizes: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    assert_eq!(sizes, [("long", 9_500_001), ("none", 0)]);
    // Two at a time, as a machine's threads would.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut found = Vec::new();
                let mut reader = here.read("long").expect("an object");
                assert_eq!(reader.length(), content.len() as u64);
                reader.read_to_end(&mut found).expect("patience");
                assert!(found == content);
            });
        }
    });
    assert_eq!(here.read("none").expect("an object").read(&mut [0; 8]).expect("nothing"), 0);
    assert_eq!(here.read("other").expect_err("no object").kind, Kind::Absent);
    let error = {
        let mut reader = here.read("long").expect("an object");
        let mut file =
            fs::OpenOptions::new().append(true).open(server.bucket("lab").join("texts/long")).expect("a file");
        file.write_all(b"more").expect("a writable file");
        std::io::copy(&mut reader, &mut std::io::sink())
    };
    // What was asked for before the change may be all of it.
    assert!(error.is_err() || error.is_ok_and(|length| length == content.len() as u64));
}

#[tokio::test]
async fn files_are_called_in_the_bucket_what_they_are_called_here() {
    let server = TestServer::start(&["lab"]);
    let storage = open("s3://lab/d\u{e9}st a%20b", &server.settings());
    for name in ["a b+c%20\u{fc}#?.txt", "1M/i/0_1_pos.pkl"] {
        storage.put(name, bytes("x")).await.expect("a writable bucket");
        assert_eq!(storage.get(name).await.expect("an object").as_deref(), Some(&b"x"[..]), "{name}");
    }
    let whole = open("s3://lab", &server.settings());
    let expected = ["d\u{e9}st a%20b/1M/i/0_1_pos.pkl", "d\u{e9}st a%20b/a b+c%20\u{fc}#?.txt"];
    assert_eq!(listed(&whole, "").await, expected);
    // What was listed can be read by that name.
    assert!(whole.get(expected[1]).await.expect("an object").is_some());
    assert_eq!(listed(&storage, "1M").await, ["1M/i/0_1_pos.pkl"]);
}

#[tokio::test]
async fn what_stands_for_a_directory_is_no_file() {
    // As other tools make them: the real server of these tests keeps objects as files, whose names cannot end in a slash.
    let listing = "<?xml version=\"1.0\"?><ListBucketResult><Name>lab</Name><IsTruncated>false</IsTruncated>\
                   <KeyCount>5</KeyCount>";
    let object = |key: &str, size: u32| {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-23T00:00:00.000Z</LastModified><ETag>\"0\"</ETag>\
             <Size>{size}</Size></Contents>"
        )
    };
    let objects = [("x/", 0), ("x/1M/i/", 0), ("x/1M/i/0_1_pos.pkl", 0), ("x/1M/i/0_2_pos.pkl", 3), ("x/last", 0)];
    let body: String = objects.iter().map(|(key, size)| object(key, *size)).collect();
    let address = answering(format!("{listing}{body}</ListBucketResult>"));
    let storage = open("s3://lab/x", &test_server::settings(address));
    assert_eq!(listed(&storage, "").await, ["1M/i/0_1_pos.pkl", "1M/i/0_2_pos.pkl", "last"]);
}

/// A server that answers every request with one document.
fn answering(document: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 8192];
            let _ = connection.read(&mut request);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                document.len()
            );
            let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(document.as_bytes()));
        }
    });
    address
}
