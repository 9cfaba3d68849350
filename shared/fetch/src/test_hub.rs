//! A hub on loopback, and beside it, at another port, the CDN that it sends downloads on to; for the tests of this crate
//! and of those that build on it.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::{StreamExt, stream};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::Path as FilePath,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::{net::TcpListener, runtime::Runtime};

/// The repository that every test has.
pub const REPOSITORY: &str = "tiny/model";

/// What the server gives, and how it misbehaves.
#[derive(Debug, Default)]
pub struct Behaviour {
    /// Files of each commit.
    pub commits: BTreeMap<String, BTreeMap<String, Bytes>>,
    /// The commit of each branch.
    pub branches: BTreeMap<String, String>,
    /// The token that is asked for.
    pub token: Option<String>,
    /// Whether the list of files leaves out sizes and digests, as some mirrors' do.
    pub terse: bool,
    /// Whether the terms of the model were not accepted.
    pub gated: bool,
    /// How many requests are answered with 503 first.
    pub overloaded: u32,
    /// After how many bytes each of the next downloads breaks off.
    pub cuts: Vec<usize>,
    /// Files that come with a byte changed.
    pub spoiled: Vec<String>,
    /// Requests that came, as `GET /path`, with `@cdn` before those of the CDN, and ` token` or ` from N` after.
    pub requests: Vec<String>,
}

/// A running hub with its CDN; stopped when dropped.
#[derive(Debug)]
pub struct Server {
    /// Serves; and has threads for clients.
    pub runtime: Runtime,
    address: SocketAddr,
    state: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    behaviour: Mutex<Behaviour>,
    cdn: SocketAddr,
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Behaviour> {
        self.behaviour.lock().expect("no handler panics")
    }
}

impl Server {
    /// Serves a directory as commit `commit`, the branch `main`.
    ///
    /// # Panics
    /// When the directory cannot be read, or no port is free.
    #[must_use]
    pub fn of(directory: &FilePath, commit: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.expect("a free port") };
        let (hub, cdn) = runtime.block_on(async { (listen().await, listen().await) });
        let address = hub.local_addr().expect("an address");
        let cdn_address = cdn.local_addr().expect("an address");
        let state = Arc::new(Shared { behaviour: Mutex::default(), cdn: cdn_address });
        let app = Router::new()
            .route("/api/models/{owner}/{name}/revision/{revision}", get(info))
            .route("/{owner}/{name}/resolve/{commit}/{file}", get(resolve).head(resolve))
            .with_state(Arc::clone(&state));
        let app = Router::new().nest("/mirror", app.clone()).merge(app);
        let blobs = Router::new().route("/{digest}", get(blob)).with_state(Arc::clone(&state));
        runtime.spawn(async { axum::serve(hub, app).await });
        runtime.spawn(async { axum::serve(cdn, blobs).await });
        let server = Self { runtime, address, state };
        server.publish(directory, commit);
        server
    }

    /// Makes a directory the newest commit.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn publish(&self, directory: &FilePath, commit: &str) {
        let files = fs::read_dir(directory).expect("a directory").map(|entry| {
            let entry = entry.expect("an entry");
            let content = fs::read(entry.path()).expect("a readable file");
            (entry.file_name().to_string_lossy().into_owned(), Bytes::from(content))
        });
        let mut now = self.now();
        now.commits.insert(commit.to_owned(), files.collect());
        now.branches.insert("main".to_owned(), commit.to_owned());
    }

    /// What `HF_ENDPOINT` is to be.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the server gives, to be looked at and changed.
    ///
    /// # Panics
    /// When a request made the server panic.
    pub fn now(&self) -> MutexGuard<'_, Behaviour> {
        self.state.now()
    }

    /// The requests since the last call.
    /// The requests since the last call.
    #[must_use = "it forgets them"]
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.now().requests)
    }
}

type Hub = State<Arc<Shared>>;

fn note(now: &mut Behaviour, what: &str, headers: &HeaderMap) {
    let token = if headers.contains_key(header::AUTHORIZATION) { " token" } else { "" };
    let from = from(headers).map_or_else(String::new, |from| format!(" from {from}"));
    now.requests.push(format!("{what}{token}{from}"));
}

/// What keeps a request from being answered.
fn refusal(now: &mut Behaviour, headers: &HeaderMap) -> Option<Response> {
    if now.overloaded > 0 {
        now.overloaded -= 1;
        return Some((StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "0")]).into_response());
    }
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let wanted = now.token.as_ref().map(|token| format!("Bearer {token}"));
    if wanted.is_some() && given != wanted.as_deref() {
        return Some((StatusCode::UNAUTHORIZED, [("x-error-code", "RepoNotFound")]).into_response());
    }
    now.gated.then(|| (StatusCode::FORBIDDEN, [("x-error-code", "GatedRepo")]).into_response())
}

/// Large files are kept apart, as the hub does with those of git-lfs.
fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".model")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest that the hub gives of a large file.
#[must_use]
pub fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

/// The digest that the hub gives of a small file.
#[must_use]
pub fn git(content: &[u8]) -> String {
    let blob = [format!("blob {}\0", content.len()).as_bytes(), content].concat();
    hex(&sha1::Sha1::digest(blob))
}

async fn info(
    State(state): Hub,
    Path((owner, name, revision)): Path<(String, String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut now = state.now();
    note(&mut now, &format!("GET {uri}"), &headers);
    if let Some(refusal) = refusal(&mut now, &headers) {
        return refusal;
    }
    let commit = now.branches.get(&revision).cloned().unwrap_or(revision);
    let Some(files) = now.commits.get(&commit).filter(|_| format!("{owner}/{name}") == REPOSITORY) else {
        return (StatusCode::NOT_FOUND, [("x-error-code", "RevisionNotFound")]).into_response();
    };
    let file = |(name, content): (&String, &Bytes)| {
        let (size, blob) = (content.len(), git(content));
        match (now.terse, is_large(name)) {
            (true, _) => format!(r#"{{"rfilename":"{name}"}}"#),
            (false, false) => format!(r#"{{"rfilename":"{name}","size":{size},"blobId":"{blob}"}}"#),
            (false, true) => {
                let sha = sha256(content);
                format!(
                    r#"{{"rfilename":"{name}","size":{size},"blobId":"{blob}","lfs":{{"sha256":"{sha}","size":{size},"pointerSize":130}}}}"#
                )
            }
        }
    };
    let siblings = files.iter().map(file).collect::<Vec<_>>().join(",");
    format!(r#"{{"id":"{REPOSITORY}","sha":"{commit}","siblings":[{siblings}]}}"#).into_response()
}

async fn resolve(
    State(state): Hub,
    Path((_, _, commit, file)): Path<(String, String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let mut now = state.now();
    note(&mut now, &format!("{method} {file}"), &headers);
    if let Some(refusal) = refusal(&mut now, &headers) {
        return refusal;
    }
    let Some(content) = now.commits.get(&commit).and_then(|files| files.get(&file)).cloned() else {
        return (StatusCode::NOT_FOUND, [("x-error-code", "EntryNotFound")]).into_response();
    };
    let length = content.len().to_string();
    if is_large(&file) {
        let sha = sha256(&content);
        let to = format!("http://{}/{sha}", state.cdn);
        let headers = [
            ("location", to),
            ("x-linked-etag", format!("\"{sha}\"")),
            ("x-linked-size", length),
            ("x-repo-commit", commit),
        ];
        return (StatusCode::FOUND, headers).into_response();
    }
    let tag = [(header::ETAG, format!("\"{}\"", git(&content))), (header::CONTENT_LENGTH, length)];
    if method == Method::HEAD {
        return tag.into_response();
    }
    let content = spoil(&now, &file, content);
    (tag, content).into_response()
}

fn spoil(now: &Behaviour, file: &str, content: Bytes) -> Bytes {
    if !now.spoiled.iter().any(|name| name == file) {
        return content;
    }
    let mut content = content.to_vec();
    if let Some(last) = content.last_mut() {
        *last ^= 1;
    }
    content.into()
}

fn from(headers: &HeaderMap) -> Option<usize> {
    let range = headers.get(header::RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

async fn blob(State(state): Hub, Path(digest): Path<String>, headers: HeaderMap) -> Response {
    let mut now = state.now();
    let files = now.commits.values().flatten();
    let found = files.into_iter().find(|(_, content)| sha256(content) == digest);
    let Some((name, content)) = found.map(|(name, content)| (name.clone(), content.clone())) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    note(&mut now, &format!("@cdn {name}"), &headers);
    let content = spoil(&now, &name, content);
    let start = from(&headers).unwrap_or(0);
    if start > 0 && start >= content.len() {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let part = content.slice(start..);
    let length = [(header::CONTENT_LENGTH, part.len().to_string())];
    let body = match now.cuts.pop() {
        Some(bytes) => {
            let start = stream::iter([Ok(part.slice(..bytes.min(part.len())))]);
            // What came so far is sent before the connection breaks.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("cut"))
            });
            Body::from_stream(start.chain(end))
        }
        None => Body::from(part),
    };
    if start == 0 {
        return (length, body).into_response();
    }
    let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
    (StatusCode::PARTIAL_CONTENT, length, [(header::CONTENT_RANGE, range)], body).into_response()
}
