//! A request that is over → its spans: one for what the client asked, one for what the server did.
//!
//! Source: OpenTelemetry semantic conventions for MCP, "Client" and "Server" spans. A gateway makes both;
//! the client span is the child of the server span, and its id is what the server was told.
//!
//! *Invariant:* pure.

use super::names::{
    ADDRESS, EVENT_QUEUE, EVENT_STARTING, NUMBER, OTHER, PORT, PROTOCOL, QUEUED, REQUEST_ID,
    RESOURCE, SERVER, SESSION, WAITED,
};
use super::otlp::Attributes;
use super::peers::{self, Peer};
use super::series::{Series, target, truly_named};
use super::{labels, names};
use mcpvisor_actors::observation::{Observed, Outcome, Trace};
use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::borrow::Cow;
use std::time::{Duration, SystemTime};

/// A shorter wait in the queue is no event.
const WORTH_TELLING: Duration = Duration::from_millis(1);

/// A span, and the attributes that it has before its own.
#[derive(Debug)]
pub(super) struct Made<'s> {
    pub(super) first: &'s Attributes,
    pub(super) span: SpanData,
}

impl Made<'_> {
    /// The span with all its attributes.
    pub(super) fn whole(self) -> SpanData {
        let mut span = self.span;
        span.attributes = [self.first.values.as_slice(), &span.attributes].concat();
        span
    }
}

/// The spans of a request that is traced and recorded.
pub(super) fn spans<'s>(
    request: &Observed,
    trace: &Trace,
    outcome: &Outcome,
    series: &'s Series,
) -> (Made<'s>, Option<Made<'s>>) {
    let status = status(outcome);
    let end = request.arrived + request.took();
    let server = SpanData {
        parent_span_id: trace.parent.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: trace.parent.is_some(),
        span_kind: SpanKind::Server,
        name: name(request, request.name()).into(),
        attributes: of_server_alone(request),
        events: events(request),
        links: links(trace),
        status: status.clone(),
        ..span(trace, trace.server_span, request.arrived, end)
    };
    let client = request.sent_at().map(|sent| {
        let destination = request.destination();
        let own = destination.as_ref().and_then(|it| it.own.as_deref());
        let span = SpanData {
            parent_span_id: SpanId::from_bytes(trace.server_span),
            span_kind: SpanKind::Client,
            name: name(request, own).into(),
            attributes: resource(request, own).into_iter().collect(),
            status,
            ..span(trace, trace.client_span, request.arrived + sent, end)
        };
        Made { first: &series.client_span, span }
    });
    (Made { first: &series.server_span, span: server }, client)
}

fn span(trace: &Trace, id: [u8; 8], start_time: SystemTime, end_time: SystemTime) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(trace.id),
            SpanId::from_bytes(id),
            TraceFlags::SAMPLED,
            false,
            state(trace.state.as_deref()),
        ),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "".into(),
        start_time,
        end_time,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: scope(),
    }
}

/// Who made all this.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("mcpvisor").with_version(env!("CARGO_PKG_VERSION")).build()
}

fn state(text: Option<&str>) -> TraceState {
    text.and_then(|text| text.parse().ok()).unwrap_or(TraceState::NONE)
}

/// The method, whole unless it is very long.
pub(super) fn method(request: &Observed) -> Cow<'_, str> {
    match labels::method(&request.method) {
        OTHER => labels::clean(&request.method),
        known => known.into(),
    }
}

/// `{method} {tool or prompt}`.
fn name(request: &Observed, named: Option<&str>) -> String {
    let method = method(request);
    match named.filter(|_| target(request).is_some()) {
        Some(named) => [&*method, " ", &*labels::clean(named)].concat(),
        None => method.into_owned(),
    }
}

fn status(outcome: &Outcome) -> Status {
    match outcome {
        Outcome::Ok | Outcome::Cancelled => Status::Unset,
        Outcome::ToolError => Status::error("the tool reported an error"),
        Outcome::Error { code } => Status::error(format!("JSON-RPC error {code}")),
        Outcome::Failed { text, .. } => Status::error(text.to_string()),
        Outcome::Lost => Status::error("whoever held the request died"),
    }
}

/// The attributes both spans begin with; what is capped in metrics is told in full.
fn shared(request: &Observed, labels: &[KeyValue], named: Option<&str>) -> Vec<KeyValue> {
    let mut all = truly_named(labels.to_vec(), named);
    if let Some(told) = all.iter_mut().find(|it| it.key.as_str() == names::METHOD) {
        told.value = method(request).into_owned().into();
    }
    all
}

/// What all server spans of a kind have.
pub(super) fn of_server(
    request: &Observed,
    labels: &[KeyValue],
    outcome: &KeyValue,
) -> Vec<KeyValue> {
    let mut all = shared(request, labels, request.name());
    all.push(outcome.clone());
    let (_, protocol) = peers::face(request.origin.face);
    all.extend(protocol.map(|protocol| KeyValue::new(PROTOCOL, protocol)));
    all
}

/// What one server span has besides.
fn of_server_alone(request: &Observed) -> Vec<KeyValue> {
    let mut all = Vec::with_capacity(5);
    all.push(KeyValue::new(REQUEST_ID, request.id.to_string()));
    all.push(KeyValue::new(NUMBER, i64::try_from(request.number).unwrap_or(i64::MAX)));
    if !request.origin.session.is_empty() {
        all.push(KeyValue::new(SESSION, std::sync::Arc::clone(&request.origin.session)));
    }
    if request.queued_at().is_some() {
        all.push(KeyValue::new(QUEUED, request.queued().as_secs_f64()));
    }
    let known = request.destination().is_some_and(|it| it.own.is_some());
    if let (false, Some((key, named))) = (known, target(request)) {
        all.push(KeyValue::new(key, labels::clean(named).into_owned()));
    }
    all.extend(resource(request, request.name()));
    all
}

/// What all client spans of a kind have.
pub(super) fn of_client(
    request: &Observed,
    labels: &[KeyValue],
    peer: Option<&Peer>,
) -> Vec<KeyValue> {
    let destination = request.destination();
    let own = destination.as_ref().and_then(|it| it.own.as_deref());
    let mut all = shared(request, labels, own);
    // the server knows its tool by its own name
    if let (Some((key, _)), Some(own)) = (target(request), own)
        && let Some(tool) = all.iter_mut().find(|it| it.key.as_str() == key)
    {
        tool.value = labels::clean(own).into_owned().into();
    }
    if let Some(peer) = peer {
        all.extend(peer.protocol.map(|protocol| KeyValue::new(PROTOCOL, protocol)));
        if let Some((host, port)) = &peer.address {
            all.push(KeyValue::new(ADDRESS, std::sync::Arc::clone(host)));
            all.extend(port.map(|port| KeyValue::new(PORT, i64::from(port))));
        }
    }
    all
}

/// The URI of a request about a resource, without its query, which may hold secrets.
fn resource(request: &Observed, uri: Option<&str>) -> Option<KeyValue> {
    let uri = uri.filter(|_| request.method.starts_with("resources/"))?;
    let uri = uri.split(['?', '#']).next()?;
    Some(KeyValue::new(RESOURCE, labels::clean(uri).into_owned()))
}

fn events(request: &Observed) -> SpanEvents {
    let mut events = SpanEvents::default();
    let mut tell = |name, key, at: Option<Duration>, lasted: Duration| {
        if let Some(at) = at.filter(|_| lasted >= WORTH_TELLING) {
            let attributes = vec![KeyValue::new(key, lasted.as_secs_f64())];
            events.events.push(Event::new(name, request.arrived + at, attributes, 0));
        }
    };
    tell(EVENT_STARTING, WAITED, request.waits_at(), request.starting());
    tell(EVENT_QUEUE, QUEUED, request.queued_at(), request.queued());
    if let Some(destination) = request.destination() {
        for event in &mut events.events {
            event.attributes.push(KeyValue::new(SERVER, destination.server.as_str().to_owned()));
        }
    }
    events
}

fn links(trace: &Trace) -> SpanLinks {
    let mut links = SpanLinks::default();
    if let Some(ambient) = &trace.ambient {
        let flags = if ambient.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let context = SpanContext::new(
            TraceId::from_bytes(ambient.trace),
            SpanId::from_bytes(ambient.span),
            flags,
            true,
            state(ambient.state.as_deref()),
        );
        links.links.push(Link::new(context, Vec::new(), 0));
    }
    links
}

/// A span of nothing.
#[cfg(test)]
pub(super) fn blank() -> SpanData {
    let trace = Trace {
        id: [1; 16],
        parent: None,
        ambient: None,
        server_span: [1; 8],
        client_span: [2; 8],
        sampled: true,
        state: None,
    };
    span(&trace, [1; 8], SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH)
}
