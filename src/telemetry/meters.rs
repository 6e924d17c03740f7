//! The instruments that are written to as things happen.
//!
//! *Invariant:* nothing here is called on the path of a request; requests come in batches once they are over.

use super::names::{self, BOUNDARIES, CAUSE, Kind, Metric, PROBE, REVISION, SERVER, TRANSPORT};
use super::peers::{self, Peer};
use super::series::Series;
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::observation::{Observed, SessionOver};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::timeline::{Event, EventKind};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Counter, Histogram, Meter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

/// The state of a server calls are passed on to.
const READY: &str = "ready";

/// The instruments.
pub(super) struct Meters {
    server: Histogram<f64>,
    client: Histogram<f64>,
    queue: Histogram<f64>,
    server_session: Histogram<f64>,
    client_session: Histogram<f64>,
    calls: Counter<u64>,
    errors: Counter<u64>,
    reconnects: Counter<u64>,
    probes: Counter<u64>,
    peers: Arc<HashMap<String, Peer>>,
    /// Since when servers are ready.
    ready: Mutex<HashMap<String, SystemTime>>,
}

/// The instruments for requests of one kind, which need not be looked up by attributes; those that not all
/// of them have once one has.
#[derive(Debug)]
pub(super) struct Bound {
    server: BoundHistogram<f64>,
    client: OnceLock<BoundHistogram<f64>>,
    queue: OnceLock<BoundHistogram<f64>>,
    calls: BoundCounter<u64>,
    errors: Option<BoundCounter<u64>>,
}

fn histogram(meter: &Meter, metric: &Metric) -> Histogram<f64> {
    debug_assert_eq!(metric.kind, Kind::Histogram);
    meter
        .f64_histogram(metric.name)
        .with_unit(metric.unit)
        .with_description(metric.about)
        .with_boundaries(BOUNDARIES.to_vec())
        .build()
}

fn counter(meter: &Meter, metric: &Metric) -> Counter<u64> {
    debug_assert_eq!(metric.kind, Kind::Counter);
    meter.u64_counter(metric.name).with_unit(metric.unit).with_description(metric.about).build()
}

impl Meters {
    pub(super) fn new(meter: &Meter, peers: Arc<HashMap<String, Peer>>) -> Self {
        Self {
            server: histogram(meter, &names::SERVER_DURATION),
            client: histogram(meter, &names::CLIENT_DURATION),
            queue: histogram(meter, &names::QUEUE_DURATION),
            server_session: histogram(meter, &names::SERVER_SESSION),
            client_session: histogram(meter, &names::CLIENT_SESSION),
            calls: counter(meter, &names::CALLS),
            errors: counter(meter, &names::ERRORS),
            reconnects: counter(meter, &names::RECONNECTS),
            probes: counter(meter, &names::PROBES),
            peers,
            ready: Mutex::default(),
        }
    }

    /// A request is over.
    pub(super) fn over(&self, request: &Observed, series: &Series) {
        let bound = series.bound.get_or_init(|| Bound {
            server: self.server.bind(&series.server),
            client: OnceLock::new(),
            queue: OnceLock::new(),
            calls: self.calls.bind(&series.calls),
            errors: series.errors.as_ref().map(|errors| self.errors.bind(errors)),
        });
        bound.server.record(request.took().as_secs_f64());
        if let Some(downstream) = request.downstream() {
            let client = bound.client.get_or_init(|| self.client.bind(&series.client));
            client.record(downstream.as_secs_f64());
        }
        if request.queued_at().is_some() {
            let queue = bound.queue.get_or_init(|| self.queue.bind(&series.queue));
            queue.record(request.queued().as_secs_f64());
        }
        bound.calls.add(1);
        if let Some(errors) = &bound.errors {
            errors.add(1);
        }
    }

    /// A session is over.
    pub(super) fn session_over(&self, session: &SessionOver) {
        let (transport, _) = peers::face(session.face);
        let mut attributes = vec![KeyValue::new(TRANSPORT, transport)];
        attributes.extend(session.revision.map(|it| KeyValue::new(REVISION, it)));
        self.server_session.record(session.lasted.as_secs_f64(), &attributes);
    }

    /// A fact of a server; `cause` is the fault it was last lost by.
    pub(super) fn noted(
        &self,
        server: &ServerName,
        event: &Event,
        cause: impl Fn() -> &'static str,
    ) {
        let named = || KeyValue::new(SERVER, server.as_str().to_owned());
        match &event.kind {
            EventKind::Attempt { .. } => {
                self.reconnects.add(1, &[named(), KeyValue::new(CAUSE, cause())]);
            }
            EventKind::Probe { outcome, .. } => {
                self.probes.add(1, &[named(), KeyValue::new(PROBE, outcome.clone())]);
            }
            EventKind::State { state, .. } => self.state(server, state, event.at),
            _ => {}
        }
    }

    fn state(&self, server: &ServerName, state: &str, at: SystemTime) {
        let mut ready = lock(&self.ready);
        if state == READY {
            ready.entry(server.as_str().to_owned()).or_insert(at);
        } else if let Some(since) = ready.remove(server.as_str()) {
            let lasted = at.duration_since(since).unwrap_or_default();
            let peer = self.peers.get(server.as_str());
            let mut attributes = vec![KeyValue::new(SERVER, server.as_str().to_owned())];
            attributes.extend(peer.map(|peer| KeyValue::new(TRANSPORT, peer.transport)));
            self.client_session.record(lasted.as_secs_f64(), &attributes);
        }
    }
}
