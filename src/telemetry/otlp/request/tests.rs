//! Spans as we write them, next to what the library writes of the same.

use super::*;
use crate::telemetry::peers::Peer;
use crate::telemetry::series::Catalog;
use crate::telemetry::spans::spans as spans_of;
use mcpvisor_actors::bridge::ParamHeaders;
use mcpvisor_actors::catalog::{Capabilities, Route};
use mcpvisor_actors::observation::{
    Observed, Observer, Origin, Outcome, Trace, TraceContext, Unobserved, Watched,
};
use mcpvisor_actors::otp::Address;
use mcpvisor_actors::server::{Gate, ServerName};
use mcpvisor_actors::wire::RawId;
use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, StringValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use prost::Message as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::advance;

/// What the library makes of the same spans.
fn by_the_library(spans: &[SpanData], resource: &Resource) -> ExportTraceServiceRequest {
    let resource = ResourceAttributesWithSchema::from(resource);
    let resource_spans = group_spans_by_resource_and_scope(spans.to_vec(), &resource);
    ExportTraceServiceRequest { resource_spans }
}

/// What we make of them; the first attributes of each are written beforehand.
fn written(spans: &[SpanData], resource: &Resource) -> Vec<u8> {
    let mut all = Message::default();
    for span in spans {
        let mut span = span.clone();
        let own = span.attributes.split_off(span.attributes.len() / 2);
        let first = Attributes::new(std::mem::replace(&mut span.attributes, own));
        write(&mut all, &first, &span);
    }
    Head::new(resource).request(&all.into_bytes())
}

/// Both ways give the same, read and unread.
fn same(spans: &[SpanData], resource: &Resource) {
    let ours = written(spans, resource);
    let library = by_the_library(spans, resource);
    assert_eq!(ExportTraceServiceRequest::decode(&ours[..]).unwrap(), library);
    assert_eq!(ours, library.encode_to_vec());
}

fn resource() -> Resource {
    let attributes = [("service.name", "gate"), ("empty", ""), ("service.version", "1")];
    let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
    Resource::builder_empty().with_schema_url(attributes, "https://example.com/schema").build()
}

fn context(id: u64, flags: TraceFlags, is_remote: bool, state: &str) -> SpanContext {
    let state = state.parse().unwrap_or(TraceState::NONE);
    SpanContext::new(TraceId::from(7), SpanId::from(id), flags, is_remote, state)
}

/// Values of every kind, the empty ones too.
fn every_value() -> Vec<KeyValue> {
    let long = "é".repeat(9000);
    let mut all = vec![KeyValue::new("", "no key")];
    for (number, text) in ["", "x", "line\nbreak", long.as_str()].into_iter().enumerate() {
        all.push(KeyValue::new(format!("text.{number}"), text.to_owned()));
    }
    all.push(KeyValue::new("shared", Arc::<str>::from("shared")));
    all.extend([0, 1, -1, 300, i64::MIN, i64::MAX].map(|it| KeyValue::new("whole", it)));
    all.extend([0.0, -0.0, 0.25, f64::MAX, f64::NEG_INFINITY].map(|it| KeyValue::new("part", it)));
    all.extend([true, false].map(|it| KeyValue::new("whether", it)));
    all
}

fn full() -> SpanData {
    let mut events = SpanEvents::default();
    let at = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
    events.events =
        vec![Event::new("waits", at, every_value(), 3), Event::new("", UNIX_EPOCH, Vec::new(), 0)];
    events.dropped_count = 4;
    let mut links = SpanLinks::default();
    let remote = context(9, TraceFlags::SAMPLED, true, "a=1,b=2");
    let near = context(10, TraceFlags::default(), false, "");
    links.links = vec![Link::new(remote, every_value(), 5), Link::new(near, Vec::new(), 0)];
    links.dropped_count = 600;
    SpanData {
        span_context: context(8, TraceFlags::SAMPLED, false, "vendor=x"),
        parent_span_id: SpanId::from(11),
        parent_span_is_remote: true,
        span_kind: SpanKind::Server,
        name: "tools/call files.read".into(),
        start_time: at,
        end_time: at + Duration::from_micros(350),
        attributes: every_value(),
        dropped_attributes_count: 2,
        events,
        links,
        status: Status::error("it did not go well"),
        instrumentation_scope: scope(),
    }
}

fn with(change: impl FnOnce(&mut SpanData)) -> SpanData {
    let mut span = crate::telemetry::spans::blank();
    change(&mut span);
    span
}

#[test]
fn a_request_is_what_the_library_writes_of_the_same_spans() {
    let kinds = [
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];
    let mut spans: Vec<_> =
        kinds.into_iter().map(|kind| with(|it| it.span_kind = kind.clone())).collect();
    spans.push(with(|it| it.status = Status::Ok));
    spans.push(with(|it| it.status = Status::error("")));
    spans.push(with(|it| it.parent_span_id = SpanId::from(3)));
    spans.push(with(|it| it.end_time = UNIX_EPOCH - Duration::from_secs(1)));
    spans.push(full());
    for span in &spans {
        same(std::slice::from_ref(span), &resource());
    }
    same(&spans, &resource());
    let many: Vec<_> = spans.iter().cycle().take(1000).cloned().collect();
    same(&many, &Resource::builder_empty().build());
}

#[test]
fn a_list_is_told_as_text() {
    let list = Value::Array(Array::String(vec![StringValue::from("a"), StringValue::from("b")]));
    let span = with(|it| it.attributes = vec![KeyValue::new("list", list)]);
    let request = written(&[span], &resource());
    let request = ExportTraceServiceRequest::decode(&request[..]).unwrap();
    let text = format!("{request:?}");
    assert!(text.contains(r#"StringValue("[\"a\",\"b\"]")"#), "{text}");
}

/// A request that waited for everything, with a parent, a link and a state.
async fn request(method: &str, name: &str, own: Option<&str>, outcome: Outcome) -> Arc<Observed> {
    let observer: Arc<dyn Observer> = Arc::new(Unobserved);
    let origin =
        Origin { face: "http", session: "s-1".into(), revision: Some("2025-11-25"), client: None };
    let state = Some("a=1".into());
    let ambient =
        TraceContext { trace: [5; 16], span: [6; 8], sampled: true, state: state.clone() };
    let trace = Trace {
        id: [1; 16],
        parent: Some([2; 8]),
        ambient: Some(ambient),
        server_span: [3; 8],
        client_span: [4; 8],
        sampled: true,
        state,
    };
    let id = RawId::from(7);
    let watched = Watched::begin(&observer, origin, &id, method, 1, Some(trace));
    watched.names(name);
    watched.waits();
    advance(Duration::from_millis(3)).await;
    if let Some(own) = own {
        watched.routed(&Arc::new(Route {
            server: ServerName::new("files"),
            address: Address::new(),
            gate: Gate::new(8),
            capabilities: Capabilities::default(),
            own: own.into(),
            headers: ParamHeaders::default(),
        }));
        watched.queues();
        advance(Duration::from_millis(5)).await;
        watched.sent();
    }
    advance(Duration::from_millis(9)).await;
    let observed = Arc::clone(watched.observed());
    watched.over(outcome, 1);
    observed
}

#[tokio::test(start_paused = true)]
async fn spans_of_requests_are_what_the_library_writes_of_them() {
    let address = Some(("127.0.0.1".into(), Some(8080)));
    let peer = Peer { transport: "tcp", protocol: Some("http"), address };
    let mut catalog = Catalog::new(Arc::new(HashMap::from([("files".to_owned(), peer)])));
    let resource = resource();
    let failed = Outcome::Failed { reason: "timeout", sent: true, text: "too long".into() };
    for (method, name, own, outcome) in [
        ("tools/call", "files.read", Some("read"), Outcome::Ok),
        ("tools/call", "files.read", Some("read"), failed),
        ("tools/call", "made.up", None, Outcome::Error { code: -32_602 }),
        ("prompts/get", "files.p", Some("p"), Outcome::ToolError),
        ("resources/read", "file:///a?secret", Some("file:///a?secret"), Outcome::Cancelled),
        ("x/made\"up", "x", Some("x"), Outcome::Lost),
    ] {
        let observed = request(method, name, own, outcome).await;
        let (trace, outcome) = (observed.trace.as_ref().unwrap(), observed.outcome().unwrap());
        let series = catalog.of(&observed, outcome);
        let (server, client) = spans_of(&observed, trace, outcome, &series);
        assert_eq!(client.is_some(), own.is_some(), "{method}");
        let mut written = Message::default();
        let mut whole = Vec::new();
        for made in [Some(server), client].into_iter().flatten() {
            write(&mut written, made.first, &made.span);
            whole.push(made.whole());
        }
        let ours = Head::new(&resource).request(&written.into_bytes());
        let library = by_the_library(&whole, &resource);
        assert_eq!(ExportTraceServiceRequest::decode(&ours[..]).unwrap(), library, "{method}");
        let span = &library.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!((span.links.len(), span.trace_state.as_str(), span.flags), (1, "a=1", 0x301));
        assert!(span.events.iter().any(|it| it.name == "mcpvisor.starting"), "{span:?}");
    }
}
