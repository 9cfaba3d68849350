//! A trace's way from one process to another, as W3C's [trace context](https://www.w3.org/TR/trace-context/) writes it:
//! one line of text, `00-<trace>-<span>-<flags>`. Where no spans are exported, there is none, and nothing is written.

use opentelemetry::{
    propagation::TextMapPropagator,
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use tonic::metadata::MetadataMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header, and gRPC metadata, that holds it.
pub const TRACEPARENT: &str = "traceparent";

/// How `span` is named to another process, so that spans there become its children; none where spans are not exported.
#[must_use]
pub fn of_span(span: &Span) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}

/// Makes `span`, which nothing has entered yet, a child of the one that `traceparent` names. What is no trace context is
/// passed over: the span begins a trace then.
pub fn follow(span: &Span, traceparent: &str) {
    if traceparent.is_empty() || span.is_disabled() {
        return;
    }
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&carrier);
    if parent.span().span_context() != &SpanContext::NONE {
        // It fails where spans are not exported, which is fine.
        let _ = span.set_parent(parent);
    }
}

/// Names `span` in a request's metadata.
pub fn write(span: &Span, metadata: &mut MetadataMap) {
    if let Some(traceparent) = of_span(span).and_then(|text| text.parse().ok()) {
        metadata.insert(TRACEPARENT, traceparent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    use tracing::{info_span, subscriber::with_default};
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn a_span_elsewhere_is_a_child_of_the_one_that_the_text_names() {
        let exported = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exported.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        with_default(tracing_subscriber::registry().with(layer), || {
            let claim = info_span!("claim");
            let text = of_span(&claim).expect("spans are exported");
            let lease = info_span!(parent: None, "lease");
            follow(&lease, &text);
            // Neither of these is a trace context.
            for nonsense in ["", "00-1-2-3", "\u{1}"] {
                follow(&info_span!(parent: None, "alone"), nonsense);
            }
        });
        let spans = exported.get_finished_spans().expect("nothing panicked");
        let find = |name| spans.iter().find(|span| span.name == name).expect("it is exported");
        let (claim, lease, alone) = (find("claim"), find("lease"), find("alone"));
        assert_eq!(lease.span_context.trace_id(), claim.span_context.trace_id());
        assert_eq!(lease.parent_span_id, claim.span_context.span_id());
        assert_ne!(alone.span_context.trace_id(), claim.span_context.trace_id());
    }

    #[test]
    fn where_nothing_is_exported_nothing_is_written() {
        with_default(tracing_subscriber::registry(), || {
            let (span, mut metadata) = (info_span!("claim"), MetadataMap::new());
            write(&span, &mut metadata);
            assert!(of_span(&span).is_none() && metadata.is_empty());
            follow(&span, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        });
    }
}
