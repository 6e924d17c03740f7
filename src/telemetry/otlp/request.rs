//! Spans → the bytes of an `ExportTraceServiceRequest`, in one go.
//!
//! Source: opentelemetry-proto 1, `trace.proto`, `common.proto`, `resource.proto`; the numbers are those of
//! their fields.
//!
//! *Invariant:* byte for byte what the library would write of the same spans.

use super::protobuf::Message;
use crate::telemetry::spans::scope;
use opentelemetry::trace::{Event, Link, SpanId, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use std::time::{SystemTime, UNIX_EPOCH};

/// The field of a span that its attributes are.
const OF_SPAN: u64 = 9;
/// The flag that says that the next one means something.
const HAS_IS_REMOTE: u32 = 0x100;
/// The parent, or what a link leads to, is in another process.
const IS_REMOTE: u32 = 0x200;

/// What all requests begin with: who sends, and who made the spans.
#[derive(Debug, Default)]
pub(super) struct Head {
    resource: Vec<u8>,
    schema: String,
    scope: Vec<u8>,
}

impl Head {
    /// The head of requests of this resource.
    pub(super) fn new(resource: &Resource) -> Self {
        let mut of = Message::default();
        of.message(1, |of| {
            for (key, value) in resource {
                of.message(1, |it| key_value(it, key.as_str(), value));
            }
        });
        let mut by = Message::default();
        by.message(1, |by| {
            let scope = scope();
            by.text(1, scope.name());
            by.text(2, scope.version().unwrap_or_default());
        });
        let schema = resource.schema_url().unwrap_or_default().to_owned();
        Self { resource: of.into_bytes(), schema, scope: by.into_bytes() }
    }

    /// A request with these spans, which are written already.
    pub(super) fn request(&self, spans: &[u8]) -> Vec<u8> {
        let most = spans.len() + self.resource.len() + self.schema.len() + self.scope.len() + 64;
        let mut request = Message::with_capacity(most);
        request.message(1, |of| {
            of.fields(&self.resource);
            of.message(2, |by| {
                by.fields(&self.scope);
                by.fields(spans);
            });
            of.text(3, &self.schema);
        });
        request.into_bytes()
    }
}

/// Attributes that many spans have, written once.
#[derive(Debug)]
pub(in crate::telemetry) struct Attributes {
    /// What they are.
    pub(in crate::telemetry) values: Vec<KeyValue>,
    written: Vec<u8>,
}

impl Attributes {
    pub(in crate::telemetry) fn new(values: Vec<KeyValue>) -> Self {
        let mut written = Message::default();
        attributes(&mut written, OF_SPAN, &values);
        Self { values, written: written.into_bytes() }
    }
}

/// Writes a span as one of a scope; it has these attributes before its own.
pub(in crate::telemetry) fn write(to: &mut Message, first: &Attributes, one: &SpanData) {
    to.message(2, |it| span(it, &first.written, one));
}

fn span(to: &mut Message, first: &[u8], span: &SpanData) {
    let context = &span.span_context;
    to.bytes(1, &context.trace_id().to_bytes());
    to.bytes(2, &context.span_id().to_bytes());
    to.text(3, &context.trace_state().header());
    if span.parent_span_id != SpanId::INVALID {
        to.bytes(4, &span.parent_span_id.to_bytes());
    }
    to.text(5, &span.name);
    to.number(6, kind(&span.span_kind));
    to.fixed64(7, nanos(span.start_time));
    to.fixed64(8, nanos(span.end_time));
    to.fields(first);
    attributes(to, OF_SPAN, &span.attributes);
    to.number(10, span.dropped_attributes_count.into());
    for one in &span.events.events {
        to.message(11, |it| event(it, one));
    }
    to.number(12, span.events.dropped_count.into());
    for one in &span.links.links {
        to.message(13, |it| link(it, one));
    }
    to.number(14, span.links.dropped_count.into());
    to.message(15, |it| status(it, &span.status));
    to.fixed32(16, flags(context.trace_flags().to_u8(), span.parent_span_is_remote));
}

fn event(to: &mut Message, event: &Event) {
    to.fixed64(1, nanos(event.timestamp));
    to.text(2, &event.name);
    attributes(to, 3, &event.attributes);
    to.number(4, event.dropped_attributes_count.into());
}

fn link(to: &mut Message, link: &Link) {
    let context = &link.span_context;
    to.bytes(1, &context.trace_id().to_bytes());
    to.bytes(2, &context.span_id().to_bytes());
    to.text(3, &context.trace_state().header());
    attributes(to, 4, &link.attributes);
    to.number(5, link.dropped_attributes_count.into());
    to.fixed32(6, flags(context.trace_flags().to_u8(), context.is_remote()));
}

fn status(to: &mut Message, status: &Status) {
    match status {
        Status::Unset => {}
        Status::Ok => to.number(3, 1),
        Status::Error { description } => {
            to.text(2, description);
            to.number(3, 2);
        }
    }
}

const fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn flags(of_trace: u8, is_remote: bool) -> u32 {
    u32::from(of_trace) | HAS_IS_REMOTE | if is_remote { IS_REMOTE } else { 0 }
}

fn nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn attributes(to: &mut Message, field: u64, all: &[KeyValue]) {
    for one in all {
        to.message(field, |it| key_value(it, one.key.as_str(), &one.value));
    }
}

fn key_value(to: &mut Message, key: &str, value: &Value) {
    to.text(1, key);
    to.message(2, |to| match value {
        Value::String(text) => to.chosen_bytes(1, text.as_str().as_bytes()),
        Value::Bool(whether) => to.chosen_number(2, u64::from(*whether)),
        // negative numbers are written as their two's complement
        Value::I64(number) => to.chosen_number(3, number.cast_unsigned()),
        Value::F64(number) => to.chosen_fixed64(4, number.to_bits()),
        // nothing here is a list; it would be told as text
        other => to.chosen_bytes(1, other.as_str().as_bytes()),
    });
}

#[cfg(test)]
mod tests;
