//! Logs and traces of a process: structured lines on standard error, and spans to an OpenTelemetry collector where one
//! is named. `docs/telemetry.md` has the fields that both carry.
//!
//! - [`context`]: a trace's way from one process to another
//! - [`calls`]: the spans of calls that a coordinator answers

pub mod calls;
pub mod context;
mod export;

pub use export::{Exporting, Otlp, OtlpError, Service};

use clap::ValueEnum;
use std::io::{self, IsTerminal};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object a line.
    Json,
}

/// Starts logging to standard error. `SUPERPOSED_LOG` (a `tracing` filter like `info,superposed=debug`) sets what is
/// logged; `default` is used where it is unset.
pub fn start(format: LogFormat, default: &str) {
    tracing_subscriber::registry().with(lines(format, default)).init();
}

/// Starts logging as [`start`] does, and sends the spans of `service` to the collector that `otlp` names, if it names
/// one. What is sent does not depend on `SUPERPOSED_LOG`. The spans that are finished are sent until what this returns
/// is dropped.
///
/// # Errors
/// When the collector's URL is none. A collector that does not answer is no error.
pub fn start_exporting(
    format: LogFormat,
    default: &str,
    otlp: &Otlp,
    service: &Service<'_>,
) -> Result<Option<Exporting>, OtlpError> {
    let Some(endpoint) = otlp.endpoint() else {
        start(format, default);
        return Ok(None);
    };
    let exporting = Exporting::to(endpoint, service)?;
    // Of the libraries' spans there are many, and they say nothing about campaigns.
    let ours = Targets::new().with_target("superposed", LevelFilter::DEBUG);
    let spans = tracing_opentelemetry::layer()
        .with_tracer(exporting.tracer())
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(ours);
    tracing_subscriber::registry().with(lines(format, default)).with(spans).init();
    Ok(Some(exporting))
}

/// Log lines on standard error.
fn lines<S>(format: LogFormat, default: &str) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let filter = EnvFilter::try_from_env("SUPERPOSED_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let lines: Box<dyn Layer<S> + Send + Sync> = match format {
        LogFormat::Human => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    lines.with_filter(filter)
}
