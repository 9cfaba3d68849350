//! The coordinator's process: the services over the queue, and its upkeep.

use crate::{
    guard::{Guard, GuardError, GuardSettings},
    http,
    queue::{Queue, QueueError, QueueSettings},
    service::{Campaigns, Doorbell, Health, Workers},
};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use superposed_shared::{
    proto::{self, v1},
    telemetry::calls,
};
use tokio::{
    net::TcpListener,
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tonic::{service::Routes, transport::Server};

/// How often the pulse is taken, and what nobody asks about is looked after.
const UPKEEP_EVERY: Duration = Duration::from_secs(2);

/// Requests in flight on one connection.
const MAX_STREAMS: u32 = 256;

/// The most that the headers of a request may have, in bytes.
const MAX_HEADERS: u32 = 32 << 10;

/// After this time a connection under TLS is made anew, once what is in flight is answered: so that nobody goes on for weeks
/// with a certificate that has run out meanwhile.
const CONNECTION_AGE: Duration = Duration::from_secs(60 * 60);

/// A database that has not taken a pulse in this time is away.
const PULSE_PATIENCE: Duration = Duration::from_secs(5);

/// A coordinator that cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The address cannot be guarded as it should.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system does not know what is listened on.
    #[error("cannot tell the address that is listened on: {0}")]
    Address(#[source] std::io::Error),
    /// The server failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors of the protocol are damaged.
    #[error("gRPC reflection cannot be offered: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A coordinator that listens but does not serve yet.
#[derive(Debug)]
pub struct Coordinator {
    queue: Queue,
    guard: Guard,
    listener: TcpListener,
}

impl Coordinator {
    /// Connects to the database, brings its schema up to date, and listens.
    ///
    /// # Errors
    /// When the database or the address cannot be used, or the address is open to others and unguarded.
    pub async fn bind(
        database: &str,
        settings: QueueSettings,
        address: SocketAddr,
        guard: &GuardSettings,
    ) -> Result<Self, ServeError> {
        let guard = Guard::open(guard, address)?;
        let queue = Queue::connect(database, settings).await?;
        let outage = queue.pulse().await?;
        if outage > 0.0 {
            tracing::info!(seconds = outage, "no coordinator was alive: all leases were extended");
        }
        let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
        Ok(Self { queue, guard, listener })
    }

    /// The address that is listened on, with its real port.
    ///
    /// # Errors
    /// When the operating system does not know.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What URLs of this coordinator begin with: whether it speaks TLS.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        self.guard.scheme()
    }

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let address = self.address().map_err(ServeError::Address)?;
        let Self { queue, guard, listener } = self;
        let bell = Arc::new(Doorbell::default());
        let workers =
            v1::worker_service_server::WorkerServiceServer::new(Workers::new(queue.clone(), Arc::clone(&bell)))
                .max_decoding_message_size(proto::MAX_MESSAGE_BYTES);
        let campaigns = v1::campaign_service_server::CampaignServiceServer::new(Campaigns::new(queue.clone()))
            .max_decoding_message_size(proto::MAX_MESSAGE_BYTES);
        let (health, health_service) = Health::start().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .build_v1()?;
        let routes = Routes::from(http::routes(queue.clone(), address).merge(guard.session_routes()))
            .add_service(workers)
            .add_service(campaigns)
            .add_service(health_service)
            .add_service(reflection);
        let mut server = Server::builder().trace_fn(calls::span);
        if guard.scheme() == "https" {
            server = server.max_connection_age(CONNECTION_AGE);
        }
        let server = server
            // Browsers and probes.
            .accept_http1(true)
            .max_concurrent_streams(MAX_STREAMS)
            .http2_max_header_list_size(MAX_HEADERS)
            .http2_keepalive_interval(Some(proto::KEEP_ALIVE))
            .http2_keepalive_timeout(Some(proto::KEEP_ALIVE))
            .layer(guard.layer())
            .add_routes(routes.prepare())
            .serve_with_incoming(guard.incoming(listener));
        tokio::select! {
            served = server => served?,
            () = keep_up(&queue, &bell, &health) => {}
            () = guard.keep_up() => {}
            // Nothing is lost with what is in flight: workers and operators ask again.
            () = shutdown => {}
        }
        Ok(())
    }
}

/// The pulse beside everything else: upkeep that takes its time must not look like an outage.
async fn keep_up(queue: &Queue, bell: &Doorbell, health: &Health) {
    tokio::join!(keep_alive(queue, health), keep_tidy(queue), bell.listen(queue));
}

async fn keep_alive(queue: &Queue, health: &Health) {
    let mut ticks = upkeep_ticks();
    loop {
        ticks.tick().await;
        let is_there = match timeout(PULSE_PATIENCE, queue.pulse()).await {
            Ok(Ok(outage)) => {
                if outage > 0.0 {
                    tracing::info!(seconds = outage, "the database was away: all leases were extended");
                }
                true
            }
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "the database is away");
                false
            }
            Err(_) => {
                tracing::warn!("the database does not answer");
                false
            }
        };
        health.tell(is_there).await;
    }
}

async fn keep_tidy(queue: &Queue) {
    let mut ticks = upkeep_ticks();
    loop {
        ticks.tick().await;
        if let Err(error) = tidy(queue).await {
            tracing::warn!(error = %error, "upkeep failed, will be tried again");
        }
    }
}

async fn tidy(queue: &Queue) -> Result<(), QueueError> {
    queue.expire_forgotten().await?;
    queue.revoke_wedged().await?;
    queue.settle_all().await?;
    queue.cancel_all_spans().await?;
    queue.merge_done().await?;
    queue.forget().await
}

fn upkeep_ticks() -> Interval {
    let mut ticks = interval(UPKEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
