//! Traces of a running campaign, at a collector that is the test itself.

use crate::support::{Place, succeed, superposed, told};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind},
};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Collected>>>);

/// A span and the process that sent it.
#[derive(Clone)]
struct Collected {
    process: BTreeMap<String, String>,
    span: Span,
}

impl Collected {
    fn service(&self) -> &str {
        &self.process["service.name"]
    }

    fn field(&self, name: &str) -> String {
        read(&self.span.attributes).remove(name).unwrap_or_else(|| panic!("{} has no {name}", self.span.name))
    }
}

fn read(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.clone()?.value? {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    };
    attributes.iter().filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?))).collect()
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut collected = self.0.lock().expect("nothing panics with it");
        for resource in request.into_inner().resource_spans {
            let process = read(&resource.resource.unwrap_or_default().attributes);
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            collected.extend(spans.map(|span| Collected { process: process.clone(), span }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A demo, and a campaign over some neurons of it.
fn campaign(place: &Place) -> String {
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let campaign = "name = 'traced'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\n\
                    destination = 'results'\nmodes = ['i']\n[[select]]\nlayers = 0\nneurons = '0-99'\n\
                    [parameters]\nmin_freq = 20\n";
    place.file("traced.toml", campaign).to_str().expect("a UTF-8 path").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_follows_a_lease_from_its_claim_until_its_reports_are_acknowledged() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let service = TraceServiceServer::new(collector.clone());
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)));

    let place = Place::new();
    let file = campaign(&place);
    let mut local = place.superposed(&["local", &file, "--workers", "1"]);
    local.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"));
    tokio::task::spawn_blocking(|| succeed(local)).await.expect("it does not panic");

    let spans = collector.0.lock().expect("nothing panics with it").clone();
    let by_id: BTreeMap<&[u8], &Collected> = spans.iter().map(|of| (of.span.span_id.as_slice(), of)).collect();
    let parent = |child: &Collected, name: &str, service: &str| -> &Collected {
        let of = &child.span.name;
        let found = by_id.get(child.span.parent_span_id.as_slice());
        let found = found.unwrap_or_else(|| panic!("the parent of {of}, {name}, was not sent"));
        assert_eq!((found.span.name.as_str(), found.service()), (name, service), "the parent of {of}");
        assert_eq!(found.span.trace_id, child.span.trace_id, "the trace of {of}");
        found
    };
    let leases: Vec<_> = spans.iter().filter(|of| of.span.name == "lease").collect();
    assert!(!leases.is_empty(), "no lease was sent");
    let mut jobs = 0;
    for lease in leases {
        assert_eq!(lease.service(), "superposed-worker");
        assert_eq!(lease.process["service.version"], env!("CARGO_PKG_VERSION"));
        assert!(!lease.process["service.instance.id"].is_empty());
        let grant = parent(lease, "grant", "superposed-coordinator");
        for field in ["campaign", "mode", "layer", "lease", "jobs"] {
            assert_eq!(lease.field(field), grant.field(field), "{field}");
        }
        assert_eq!(["campaign", "mode", "layer"].map(|field| lease.field(field)), ["1", "i", "0"]);
        let claim = parent(grant, "claim", "superposed-coordinator");
        let call = parent(claim, "WorkerService/Sync", "superposed-coordinator");
        assert_eq!(
            (call.field("worker"), call.span.kind()),
            (lease.process["service.instance.id"].clone(), SpanKind::Server)
        );
        let sync = parent(call, "sync", "superposed-worker");
        assert_eq!((sync.span.kind(), sync.span.parent_span_id.len()), (SpanKind::Client, 0), "it begins the trace");

        let within = |name: &str| -> Vec<&Collected> {
            let children =
                spans.iter().filter(|of| of.span.parent_span_id == lease.span.span_id && of.span.name == name);
            let children: Vec<_> = children.collect();
            assert!(!children.is_empty(), "the lease has no {name}");
            for child in &children {
                assert_eq!(child.span.trace_id, lease.span.trace_id, "{name}");
                assert_eq!(child.service(), "superposed-worker", "{name}");
                let (begins, ends) = (child.span.start_time_unix_nano, child.span.end_time_unix_nano);
                assert!(lease.span.start_time_unix_nano <= begins && ends <= lease.span.end_time_unix_nano, "{name}");
            }
            children
        };
        assert_eq!(within("open").len(), 1);
        let batches = ["forward", "mine", "upload"].map(|name| within(name).len());
        assert!(batches.iter().all(|count| *count == batches[0]), "{batches:?} batches");
        let number = |field: String| field.parse::<u32>().expect("a number");
        let reported: u32 = within("report").iter().map(|report| number(report.field("jobs"))).sum();
        assert_eq!(reported, number(lease.field("jobs")));
        jobs += reported;
    }
    assert_eq!(jobs, 200, "each job was reported in some lease's trace");
    let submitted = spans.iter().find(|of| of.span.name == "CampaignService/Submit").expect("the submission was sent");
    assert_eq!(submitted.field("campaign"), "1");
}

#[test]
fn a_collector_that_is_not_there_is_told_of_once_and_keeps_nobody_from_mining() {
    let place = Place::new();
    let file = campaign(&place);
    let mut local = place.superposed(&["local", &file, "--workers", "1"]);
    // Nothing listens at this port.
    local.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").env("OTEL_BSP_SCHEDULE_DELAY", "1");
    let said = succeed(local);
    assert!(said.contains("topics of 200 jobs"), "{said}");
    let mut told = 0;
    let logs = logs(&place.path("state"));
    for (path, log) in &logs {
        let times = log.matches("traces cannot be sent").count();
        assert!(times <= 1, "{path}:\n{log}");
        told += times;
    }
    assert_eq!(told, 2, "the coordinator and the worker say so: {logs:?}");
}

/// All logs below a directory.
fn logs(directory: &Path) -> Vec<(String, String)> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() {
            // Postgres's own directory is not this user's.
            if path.file_name().is_some_and(|name| name != "postgres") {
                logs.extend(self::logs(&path));
            }
        } else if let Ok(log) = fs::read_to_string(&path) {
            logs.push((path.display().to_string(), log));
        }
    }
    logs
}

#[test]
fn what_is_no_collectors_url_is_refused_in_one_line() {
    for url in ["nonsense", "https://collector:4317", "http://"] {
        let output = superposed(&["serve", "--database", "postgresql:///x", "--otlp-endpoint", url]).output();
        let output = output.expect("the program starts");
        let said = told(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("is no collector's URL") && String::from_utf8_lossy(&output.stderr).lines().count() == 1,
            "{said}"
        );
    }
}
