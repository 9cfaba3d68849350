//! The spans of calls that a coordinator answers.

use super::context::{self, TRACEPARENT};
use tonic::codegen::http::Request;
use tracing::{Span, debug_span, field};

/// The services whose calls have spans; probes and reflection have none.
const OURS: &str = "/superposed.v1.";

/// The span of a call, a child of the caller's where it names one. What handles the call fills in `worker` and
/// `campaign`, once it knows them.
#[must_use]
pub fn span(request: &Request<()>) -> Span {
    let Some(method) = request.uri().path().strip_prefix(OURS) else { return Span::none() };
    let span = debug_span!(
        parent: None,
        "call",
        otel.name = method,
        otel.kind = "server",
        method,
        worker = field::Empty,
        campaign = field::Empty,
    );
    if let Some(traceparent) = request.headers().get(TRACEPARENT).and_then(|text| text.to_str().ok()) {
        context::follow(&span, traceparent);
    }
    span
}
