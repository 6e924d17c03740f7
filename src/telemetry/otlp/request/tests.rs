use super::*;
use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, StringValue};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use prost::Message as _;
use std::time::Duration;

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
    all.push(KeyValue::new("shared", std::sync::Arc::<str>::from("shared")));
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
