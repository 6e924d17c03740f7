//! An OTLP collector inside the test: gRPC on one port, HTTP (protobuf and JSON) on another.
//!
//! *Invariant:* what was sent is kept as it came, in order.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response as Answer};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server as logs;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server as metrics;
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server as trace;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

/// Nothing here takes this long, unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What was sent.
#[derive(Clone, Default)]
pub(crate) struct Received {
    traces: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
    logs: Arc<Mutex<Vec<ExportLogsServiceRequest>>>,
    /// The `authorization` of each request.
    authorizations: Arc<Mutex<Vec<String>>>,
    /// How many requests with spans were compressed.
    compressed: Arc<AtomicUsize>,
    /// How many requests with spans will not be taken yet.
    refuse: Arc<AtomicUsize>,
}

/// A running collector.
pub(crate) struct Collector {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) received: Received,
    _servers: JoinSet<()>,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let received = Received::default();
        let mut servers = JoinSet::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let grpc = listener.local_addr().unwrap();
        let services = tonic::transport::Server::builder()
            .add_service(
                trace::TraceServiceServer::new(received.clone())
                    .accept_compressed(CompressionEncoding::Gzip),
            )
            .add_service(metrics::MetricsServiceServer::new(received.clone()))
            .add_service(logs::LogsServiceServer::new(received.clone()));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        servers.spawn(async move {
            let _ended = services.serve_with_incoming(incoming).await;
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = listener.local_addr().unwrap();
        let pages = Router::new()
            .route("/v1/traces", post(traces_page))
            .route("/v1/metrics", post(metrics_page))
            .route("/v1/logs", post(logs_page))
            .with_state(received.clone());
        servers.spawn(async move {
            let _ended = axum::serve(listener, pages).await;
        });
        Self { grpc, http, received, _servers: servers }
    }
}

/// One span, and who made it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) span: Span,
    pub(crate) resource: Resource,
}

impl Received {
    /// All spans so far.
    pub(crate) fn spans(&self) -> Vec<Seen> {
        let all = self.traces.lock().unwrap().clone();
        let of = all.into_iter().flat_map(|it| it.resource_spans).flat_map(|of| {
            let resource = of.resource.unwrap_or_default();
            let spans = of.scope_spans.into_iter().flat_map(|it| it.spans);
            spans.map(move |span| Seen { span, resource: resource.clone() }).collect::<Vec<_>>()
        });
        of.collect()
    }

    /// The last value of every metric.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let all = self.metrics.lock().unwrap();
        let last = all.last().cloned().unwrap_or_default();
        let scopes = last.resource_metrics.into_iter().flat_map(|it| it.scope_metrics);
        scopes.flat_map(|it| it.metrics).collect()
    }

    /// All log records so far.
    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        let all = self.logs.lock().unwrap().clone();
        let scopes = all.into_iter().flat_map(|it| it.resource_logs).flat_map(|it| it.scope_logs);
        scopes.flat_map(|it| it.log_records).collect()
    }

    /// Who was said to send.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.authorizations.lock().unwrap().clone()
    }

    /// The next requests with spans are not taken, but may be sent again at once.
    pub(crate) fn refuse(&self, requests: usize) {
        self.refuse.store(requests, Ordering::Relaxed);
    }

    /// How many are still not taken, and how many came compressed.
    pub(crate) fn refused_and_compressed(&self) -> (usize, usize) {
        (self.refuse.load(Ordering::Relaxed), self.compressed.load(Ordering::Relaxed))
    }

    /// Whether this request with spans is not taken.
    fn refuses(&self, encoding: Option<&str>) -> bool {
        self.compressed.fetch_add(usize::from(encoding == Some("gzip")), Ordering::Relaxed);
        let less = |left: usize| left.checked_sub(1);
        self.refuse.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn said(&self, authorization: Option<&str>) {
        self.authorizations.lock().unwrap().extend(authorization.map(str::to_owned));
    }
}

/// Waits until it is there.
pub(crate) async fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The value of an attribute, as text.
pub(crate) fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|it| it.key == key)?.value.clone()?;
    spelled(&value)
}

pub(crate) fn spelled(value: &AnyValue) -> Option<String> {
    match value.value.as_ref()? {
        Value::StringValue(it) => Some(it.clone()),
        Value::IntValue(it) => Some(it.to_string()),
        Value::DoubleValue(it) => Some(it.to_string()),
        Value::BoolValue(it) => Some(it.to_string()),
        _ => None,
    }
}

fn authorization<T>(request: &Request<T>) -> Option<String> {
    request.metadata().get("authorization").and_then(|it| it.to_str().ok()).map(str::to_owned)
}

#[tonic::async_trait]
impl trace::TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.said(authorization(&request).as_deref());
        let encoding = request.metadata().get("grpc-encoding").and_then(|it| it.to_str().ok());
        if self.refuses(encoding) {
            return Err(Status::unavailable("not yet"));
        }
        self.traces.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl metrics::MetricsService for Received {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.said(authorization(&request).as_deref());
        self.metrics.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl logs::LogsService for Received {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.said(authorization(&request).as_deref());
        self.logs.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

/// A request over HTTP, in either encoding, and an empty answer in the same.
fn taken<T: Message + Default + DeserializeOwned>(
    received: &Received,
    into: &Mutex<Vec<T>>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Answer {
    received.said(headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let json = kind.starts_with("application/json");
    let mut body = body.to_vec();
    if headers.contains_key(header::CONTENT_ENCODING) {
        let packed = std::mem::take(&mut body);
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut body).unwrap();
    }
    let request = if json { serde_json::from_slice(&body).ok() } else { T::decode(&body[..]).ok() };
    let Some(request) = request else { return StatusCode::BAD_REQUEST.into_response() };
    into.lock().unwrap().push(request);
    let answer: &'static str = if json { "{}" } else { "" };
    ([(header::CONTENT_TYPE, kind.to_owned())], answer).into_response()
}

async fn traces_page(State(it): State<Received>, headers: HeaderMap, body: Bytes) -> Answer {
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|it| it.to_str().ok());
    if it.refuses(encoding) {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "0")]).into_response();
    }
    taken(&it, &it.traces, &headers, &body)
}

async fn metrics_page(State(it): State<Received>, headers: HeaderMap, body: Bytes) -> Answer {
    taken(&it, &it.metrics, &headers, &body)
}

async fn logs_page(State(it): State<Received>, headers: HeaderMap, body: Bytes) -> Answer {
    taken(&it, &it.logs, &headers, &body)
}
