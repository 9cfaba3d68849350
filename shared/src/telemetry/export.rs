//! Spans on their way to a collector that speaks OTLP over gRPC.
//!
//! Spans wait in a queue that is bounded: what a collector does not take in time is dropped, and nobody waits for it. All
//! of it has threads of its own, one that collects and one that sends.

use clap::Args;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{
    ExporterBuildError, RetryPolicy, SpanExporter as OtlpExporter, WithExportConfig, WithTonicConfig,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter},
};
use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::runtime::{self, Runtime};
use tonic::transport::Endpoint;

/// How long a collector may take to answer.
const ANSWERING: Duration = Duration::from_secs(5);

/// How long what is finished at the end may take to be sent. A worker that is stopped has ten seconds for everything.
const FLUSHING: Duration = Duration::from_secs(1);

/// Where spans go.
#[derive(Debug, Clone, Default, Args)]
pub struct Otlp {
    /// Send traces to the OpenTelemetry collector at this URL, like http://127.0.0.1:4317 (OTLP over gRPC)
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
}

impl Otlp {
    /// The collector's URL. A variable that is set to nothing names none.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.otlp_endpoint.as_deref().filter(|url| !url.is_empty())
    }
}

/// What a process is to a collector.
#[derive(Debug, Clone, Copy)]
pub struct Service<'a> {
    /// The program.
    pub name: &'static str,
    /// This process of it, its own among all.
    pub instance: &'a str,
}

/// Spans that cannot be sent anywhere.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The collector's URL is none.
    #[error(
        "{0:?} is no collector's URL like http://127.0.0.1:4317: name one with --otlp-endpoint or \
         OTEL_EXPORTER_OTLP_ENDPOINT, or unset that"
    )]
    Endpoint(String),
    /// The exporter's settings, which come from `OTEL_…` variables too, make no sense.
    #[error("traces cannot be sent: {0}")]
    Settings(#[from] ExporterBuildError),
    /// The thread that sends cannot be started.
    #[error("traces cannot be sent: {0}")]
    Thread(#[from] io::Error),
}

/// Spans are sent while this is there. When it is dropped, what is finished by then is sent, for a second at most.
#[derive(Debug)]
pub struct Exporting {
    provider: SdkTracerProvider,
    /// What sends; none once it was stopped.
    runtime: Option<Runtime>,
}

impl Exporting {
    pub(super) fn to(endpoint: &str, service: &Service<'_>) -> Result<Self, OtlpError> {
        let wrong = || OtlpError::Endpoint(endpoint.to_owned());
        let channel = Endpoint::from_shared(endpoint.to_owned()).map_err(|_| wrong())?;
        if channel.uri().scheme_str() != Some("http") || channel.uri().host().is_none() {
            return Err(wrong());
        }
        let runtime =
            runtime::Builder::new_multi_thread().worker_threads(1).thread_name("otlp").enable_all().build()?;
        // The connection lives on that runtime, whatever becomes of the process's own.
        let inside = runtime.enter();
        let channel = channel.connect_timeout(ANSWERING).timeout(ANSWERING).connect_lazy();
        // Two in half a second: at the end there is no time for more.
        let retries = RetryPolicy::default().with_max_retries(2);
        let exporter = OtlpExporter::builder().with_tonic().with_channel(channel).with_timeout(ANSWERING);
        let exporter = exporter.with_retry_policy(retries).build()?;
        drop(inside);
        let exporter = Telling { exporter, endpoint: endpoint.to_owned(), told: AtomicBool::new(false) };
        let Service { name, instance } = *service;
        // Besides what OTEL_RESOURCE_ATTRIBUTES says.
        let resource = Resource::builder()
            .with_service_name(name)
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
            .build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        Ok(Self { provider, runtime: Some(runtime) })
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("superposed")
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        // A collector that is not there was told of already.
        let _ = self.provider.shutdown_with_timeout(FLUSHING);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An exporter that says once when it cannot send.
#[derive(Debug)]
struct Telling {
    exporter: OtlpExporter,
    endpoint: String,
    told: AtomicBool,
}

impl SpanExporter for Telling {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        if let Err(error) = &sent
            && !self.told.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                collector = self.endpoint,
                %error,
                "traces cannot be sent: some are lost, everything else goes on; this is not told again"
            );
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
