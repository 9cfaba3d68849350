//! Metrics over HTTP: `GET /metrics` in the text format of OpenMetrics, which Prometheus reads.
//!
//! There is no authentication: what is served says how fast a process works and on how much, and no more, but the
//! address should be one that only those can reach who collect it.

use axum::{Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use prometheus_client::{encoding::text::encode, registry::Registry};
use std::{collections::BTreeSet, io, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// What the text is, as the format's specification has it.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An address that nothing can be served at.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve metrics at {address}: {source}; name another address")]
pub struct MetricsError {
    /// The address.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

/// Serves what a registry collects at an address, on the current runtime and for as long as that lives. Returns the
/// address, with the port that was taken where 0 was asked for.
///
/// # Errors
/// When the address cannot be had.
pub async fn serve(address: SocketAddr, registry: Registry) -> Result<SocketAddr, MetricsError> {
    let failed = |source| MetricsError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let taken = listener.local_addr().map_err(failed)?;
    let routes = Router::new().route("/metrics", get(metrics)).with_state(Arc::new(registry));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "metrics are not served any more");
        }
    });
    tracing::info!("metrics at http://{taken}/metrics");
    Ok(taken)
}

async fn metrics(State(registry): State<Arc<Registry>>) -> impl IntoResponse {
    answer(&registry)
}

/// What a registry collects, as an answer to Prometheus.
#[must_use]
pub fn answer(registry: &Registry) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, TEXT)], text(registry))
}

/// What a registry collects, in the format's text.
#[must_use]
pub fn text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("writing to a string does not fail, and no collector does");
    text
}

/// The names of what a registry tells, with the `_total` of counters; those of histograms without what its series add.
#[must_use]
pub fn names(registry: &Registry) -> BTreeSet<String> {
    let text = text(registry);
    let described = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    described.map(|(name, kind)| format!("{name}{}", if kind == "counter" { "_total" } else { "" })).collect()
}

/// The names that a page of documentation lists: those that begin with `prefix`, at the start of a table's row.
#[must_use]
pub fn documented(page: &str, prefix: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split(['`', '{']).next().filter(|name| name.starts_with(prefix)).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    #[tokio::test]
    async fn what_is_counted_is_served_and_an_address_in_use_is_named() {
        let counter: Counter = Counter::default();
        let mut registry = Registry::default();
        registry.register("things", "Things", counter.clone());
        let address = serve("127.0.0.1:0".parse().expect("an address"), registry).await.expect("a free port");
        counter.inc_by(7);
        let mut connection = TcpStream::connect(address).await.expect("it listens");
        let request = b"GET /metrics HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
        connection.write_all(request).await.expect("it listens");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains("openmetrics-text") && answer.contains("things_total 7\n"), "{answer}");

        let error = serve(address, Registry::default()).await.expect_err("two listen at one address");
        assert!(error.to_string().starts_with(&format!("cannot serve metrics at {address}: ")), "{error}");
    }
}
