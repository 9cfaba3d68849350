//! What a coordinator serves to people and to monitoring, at the address of its gRPC services.
//!
//! | path | what |
//! | --- | --- |
//! | `/` | the [dashboard](assets) |
//! | `/api/v1/…` | the [JSON API](api): the queue in JSON, and the operators' actions |
//! | `/openapi.json` | the description of that API |
//! | `/metrics` | [metrics] for Prometheus |
//! | `/healthz`, `/readyz` | [probes]: the process lives; it can do its work |
//!
//! Pages of other sites can neither read nor act here: see [origin].

mod api;
mod assets;
mod metrics;
mod origin;
mod probes;
mod problem;

pub use api::description;

use crate::queue::Queue;
use axum::{Router, middleware};
use origin::Origins;
use std::{net::SocketAddr, sync::Arc};

/// Everything that is served over HTTP besides gRPC.
#[derive(Debug, Clone)]
struct Served {
    queue: Queue,
}

/// The routes over a queue. `address` is where they are served; on a network, any name may lead there.
pub fn routes(queue: Queue, address: SocketAddr) -> Router {
    let served = Served { queue };
    let origins = Arc::new(Origins::of(address));
    Router::new()
        .nest("/api/v1", api::routes())
        .merge(assets::routes())
        .merge(metrics::routes())
        .merge(probes::routes())
        .layer(middleware::from_fn_with_state(origins, origin::check))
        .with_state(served)
}
