//! Who may connect to a coordinator, and what they may ask of it.
//!
//! A connection comes in by the accept loop (`incoming`), which speaks TLS and asks for client certificates where that is set
//! up, and is a stranger to the `register` until a request on it was authenticated: strangers are few, and do not
//! stay. Every request, gRPC or not, then passes a layer (`layer`), which bounds its body, finds out by its [token](tokens) who asks,
//! and looks up in one [table](access) whether they may.
//!
//! Tokens, certificates, keys and authorities are read again (`kept`) when their files change.

pub mod access;
mod answer;
mod connection;
mod incoming;
mod kept;
mod layer;
mod limits;
mod principal;
mod register;
mod seldom;
mod session;
mod settings;
mod tls;
pub mod tokens;

pub use layer::{GuardLayer, Guarded};
pub use limits::Limits;
pub use principal::{Principal, Role};
pub use settings::{GuardError, GuardSettings};

use connection::Connection;
use futures::Stream;
use kept::Kept;
use register::Register;
use rustls::ServerConfig;
use std::{future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokens::Tokens;
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};

/// How often files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks after the door of one coordinator. Clones are the same guard.
#[derive(Debug, Clone)]
pub struct Guard {
    tokens: Option<Arc<Kept<Tokens>>>,
    tls: Option<Arc<Kept<ServerConfig>>>,
    /// Whether who connects must have a certificate.
    certified: bool,
    register: Arc<Register>,
}

impl Guard {
    /// Reads all files, and checks that the address may be listened on with what they give.
    ///
    /// # Errors
    /// When a file is not what it should be, or the address is open to others and unguarded without that being wanted.
    pub fn open(settings: &GuardSettings, address: SocketAddr) -> Result<Self, GuardError> {
        settings.check(address)?;
        let tokens = settings.tokens.clone().map(|file| {
            let files = vec![file.clone()];
            Kept::read("tokens", files, move || tokens::read(&file).map_err(GuardError::from))
        });
        let tls = settings.tls_files().map(|files| Kept::read("certificates", files.all(), move || files.read()));
        let limits = settings.limits.unwrap_or_else(Limits::of_process);
        Ok(Self {
            tokens: tokens.transpose()?.map(Arc::new),
            tls: tls.transpose()?.map(Arc::new),
            certified: settings.client_ca.is_some(),
            register: Arc::new(Register::new(limits)),
        })
    }

    /// Who has a token; nobody, where none are known.
    #[must_use]
    pub fn authenticate(&self, token: &str) -> Option<Principal> {
        self.tokens.as_ref()?.now().authenticate(token)
    }

    /// Whether those who ask must say who they are.
    #[must_use]
    pub const fn authenticates(&self) -> bool {
        self.tokens.is_some()
    }

    /// What URLs of this coordinator begin with.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// What every request is to pass: the outermost layer of the server.
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::new(self.clone())
    }

    /// `/session`, at which browsers sign in and out. To be mounted beside the other routes.
    pub fn session_routes<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        session::routes(self.clone())
    }

    /// The connections of a listener, as the server takes them. Must be called on a runtime.
    pub fn incoming(&self, listener: TcpListener) -> impl Stream<Item = io::Result<Connection>> + Send + use<> {
        incoming::accept(listener, self)
    }

    /// Reads files again when they change, until it is dropped.
    pub async fn keep_up(&self) {
        if self.tokens.is_none() && self.tls.is_none() {
            return future::pending().await;
        }
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(tokens) = &self.tokens {
                tokens.refresh().await;
            }
            if let Some(tls) = &self.tls {
                tls.refresh().await;
            }
        }
    }
}
