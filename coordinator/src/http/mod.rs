//! What a coordinator serves to people and to monitoring, at the address of its gRPC services.
//!
//! | path | what |
//! | --- | --- |
//! | `/` | the dashboard (`assets`) |
//! | `/api/v1/…` | the JSON API (`api`): the queue in JSON, and the operators' actions |
//! | `/openapi.json` | the description of that API |
//! | `/metrics` | `metrics` for Prometheus |
//! | `/healthz`, `/readyz` | `probes`: the process lives; it can do its work |
//!
//! Pages of other sites can neither read nor act here: see `origin`.

mod api;
mod assets;
mod extract;
mod metrics;
mod origin;
mod probes;
mod problem;

pub use api::description;

use crate::queue::Queue;
use axum::{
    Router,
    http::{HeaderMap, StatusCode, Uri, header::CONTENT_TYPE},
    middleware,
    response::{IntoResponse, Response},
};
use origin::Origins;
use problem::Problem;
use std::{net::SocketAddr, sync::Arc};
use tokio::sync::Semaphore;
use tonic::Status;

/// Searches that may read results at a time, so that they take neither all the store's answers nor all cores.
const SEARCHES: usize = 2;

/// Everything that is served over HTTP besides gRPC.
#[derive(Debug, Clone)]
struct Served {
    queue: Queue,
    /// Corpora that results are explained with.
    corpora: api::Corpora,
    /// Searches through results that may read at a time.
    searches: Arc<Semaphore>,
}

async fn nothing_there(headers: HeaderMap, uri: Uri) -> Response {
    let is_grpc = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    if is_grpc {
        return Status::unimplemented(format!("this coordinator has no {}", uri.path())).into_http();
    }
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at {}; the dashboard is at /", uri.path()))
        .into_response()
}

/// The routes over a queue. `address` is where they are served; on a network, any name may lead there.
pub fn routes(queue: Queue, address: SocketAddr) -> Router {
    let served = Served { queue, corpora: api::Corpora::default(), searches: Arc::new(Semaphore::new(SEARCHES)) };
    let origins = Arc::new(Origins::of(address));
    Router::new()
        .nest("/api/v1", api::routes())
        .merge(assets::routes())
        .merge(metrics::routes())
        .merge(probes::routes())
        .fallback(nothing_there)
        .layer(middleware::from_fn_with_state(origins, origin::check))
        .with_state(served)
}
