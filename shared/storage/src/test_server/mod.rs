//! A real S3 server on loopback, for tests, and a proxy before it that injects faults.

mod proxy;

pub use proxy::{Fault, FaultProxy, Weather};

use crate::{Patience, Settings};
use hyper::{
    Method, Request,
    body::Incoming,
    header::IF_NONE_MATCH,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder as Connections,
};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::Mutex,
};

/// The key that the server knows.
pub const KEY: &str = "key";

/// Its secret, until it is told otherwise.
pub const SECRET: &str = "secret";

/// A server with threads of its own, which ends with it. Its buckets are directories.
#[derive(Debug)]
pub struct TestServer {
    root: TempDir,
    address: SocketAddr,
    service: Arc<RwLock<S3Service>>,
    runtime: Option<Runtime>,
}

impl TestServer {
    /// Starts a server with these buckets.
    ///
    /// # Panics
    /// When there is no port or no directory to be had.
    #[must_use]
    pub fn start(buckets: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        for bucket in buckets {
            fs::create_dir(root.path().join(bucket)).expect("a writable directory");
        }
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let (listener, address) = listen(&runtime);
        let service = Arc::new(RwLock::new(service(root.path(), SECRET)));
        let current = Arc::clone(&service);
        // Two that create one object look for it and then write it, both: only one may at a time.
        let creating = Arc::new(Mutex::new(()));
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let _ = socket.set_nodelay(true);
                let (current, creating) = (Arc::clone(&current), Arc::clone(&creating));
                let serve = service_fn(move |request: Request<Incoming>| {
                    let service = current.read().expect("nobody panics with it").clone();
                    let creating = Arc::clone(&creating);
                    async move {
                        let creates = request.method() == Method::PUT && request.headers().contains_key(IF_NONE_MATCH);
                        let _alone = if creates { Some(creating.lock().await) } else { None };
                        Service::call(&service, request).await
                    }
                });
                tokio::spawn(async move {
                    // A broken connection is nothing to report here.
                    let _ = Connections::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), serve).await;
                });
            }
        });
        Self { root, address, service, runtime: Some(runtime) }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The directory of a bucket.
    #[must_use]
    pub fn bucket(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// From now on only this secret is the right one.
    pub fn set_secret(&self, secret: &str) {
        *self.service.write().expect("nobody panics with it") = service(self.root.path(), secret);
    }

    /// The environment of a process that uses this server.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        environment(self.address)
    }

    /// Settings with which this server is used, and which lose patience soon.
    #[must_use]
    pub fn settings(&self) -> Settings {
        settings(self.address)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // It may be dropped on a thread of another runtime, which may not wait for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A port of its own. May be called on a thread of another runtime.
fn listen(runtime: &Runtime) -> (TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    listener.set_nonblocking(true).expect("a socket");
    let _entered = runtime.enter();
    (TcpListener::from_std(listener).expect("a socket"), address)
}

fn service(root: &Path, secret: &str) -> S3Service {
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).expect("a readable directory"));
    service.set_auth(SimpleAuth::from_single(KEY, secret));
    service.build()
}

/// The environment of a process that uses a server at an address.
#[must_use]
pub fn environment(address: SocketAddr) -> Vec<(String, String)> {
    let variables = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// Settings with which a server at an address is used, and which lose patience soon.
#[must_use]
pub fn settings(address: SocketAddr) -> Settings {
    Settings {
        patience: Patience {
            attempts: 3,
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(20),
            silence: Duration::from_secs(30),
            in_all: Duration::from_secs(60),
        },
        ..Settings::of(environment(address))
    }
}
