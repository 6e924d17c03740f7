//! What is read from the runtime whenever somebody asks for metrics.
//!
//! *Invariant:* reading never waits for a server, and costs nothing while nobody asks.

use super::delivery::Delivery;
use super::hub::Hub;
use super::names::{self, Kind, Metric, REASON, SERVER, SIGNAL, STATE, VERSION};
use crate::downstream::{self, Usage};
use crate::logs::LogStore;
use mcpvisor_actors::fleet::{BreakerState, Card, Fleet, State};
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::wire::Subject;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::time::Instant;

const STATES: [State; 9] = [
    State::Idle,
    State::Queued,
    State::Starting,
    State::Ready,
    State::Down,
    State::Parked,
    State::NeedsLogin,
    State::Stopped,
    State::Quarantined,
];
const BREAKERS: [BreakerState; 3] =
    [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen];

/// What there is to read. Gauges are silent once it is gone.
pub struct Watch {
    /// The servers.
    pub(super) fleet: Fleet,
    /// What hands on what is observed.
    pub(super) hub: Arc<Hub>,
    logs: LogStore,
    since: Instant,
    /// The process of each server, and the most processor time it was seen to have used.
    processor: Mutex<HashMap<String, (u32, Duration)>>,
}

impl Watch {
    /// Processor time of a server: ends of processes nobody waited for make it no smaller.
    fn processor(&self, card: &Card) -> Option<Duration> {
        let (process, now) = (card.vitals.process()?, used(card)?.processor);
        let mut seen = lock(&self.processor);
        Some(most(&mut seen, card.spec.name.as_str(), process, now))
    }
}

/// The most this process was seen to have used; another process begins anew.
fn most(
    seen: &mut HashMap<String, (u32, Duration)>,
    server: &str,
    process: u32,
    now: Duration,
) -> Duration {
    let known = seen.entry(server.to_owned()).or_insert((process, now));
    *known = if known.0 == process { (process, known.1.max(now)) } else { (process, now) };
    known.1
}

/// Where it is found, once the gateway runs.
#[derive(Clone, Default)]
pub(super) struct Watched(Arc<Mutex<Weak<Watch>>>);

impl Watched {
    /// From now on this is read.
    pub(super) fn watch(&self, fleet: Fleet, hub: Arc<Hub>, logs: LogStore) -> Arc<Watch> {
        let watch = Arc::new(Watch {
            fleet,
            hub,
            logs,
            since: Instant::now(),
            processor: Mutex::default(),
        });
        *lock(&self.0) = Arc::downgrade(&watch);
        watch
    }

    /// What is read now.
    pub(super) fn get(&self) -> Option<Arc<Watch>> {
        lock(&self.0).upgrade()
    }
}

/// One value of a metric.
type Value = (f64, Vec<KeyValue>);

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// What the processes of a server use, when it is a child of ours. Blocks.
fn used(card: &Card) -> Option<Usage> {
    let process = card.vitals.process()?;
    downstream::look();
    downstream::usage(process)
}

fn of(card: &Card) -> KeyValue {
    KeyValue::new(SERVER, card.spec.name.as_str().to_owned())
}

/// Adds the gauges to a meter.
#[expect(clippy::cast_precision_loss, reason = "numbers of things that are counted")]
pub(super) fn add(meter: &Meter, watched: &Watched, deliveries: Vec<Arc<Delivery>>) {
    let register = |metric: &'static Metric, read: fn(&Watch) -> Vec<Value>| {
        let watched = watched.clone();
        observe(meter, metric, move || watched.get().map(|watch| read(&watch)).unwrap_or_default());
    };
    register(&names::SERVER_STATE, |watch| {
        let states = |card: &Arc<Card>| {
            let (now, server) = (card.standing().state, of(card));
            STATES.map(|state| {
                let labels = vec![server.clone(), KeyValue::new(STATE, state.name())];
                (flag(state == now), labels)
            })
        };
        watch.fleet.board.cards().flat_map(states).collect()
    });
    register(&names::SERVERS, |watch| {
        let states: Vec<State> =
            watch.fleet.board.cards().map(|card| card.standing().state).collect();
        let count = |state: State| states.iter().filter(|it| **it == state).count() as f64;
        STATES.map(|it| (count(it), vec![KeyValue::new(STATE, it.name())])).into()
    });
    register(&names::BREAKER, |watch| {
        let states = |card: &Arc<Card>| {
            let (now, server) = (card.vitals.breaker_state(Instant::now()), of(card));
            BREAKERS.map(|state| {
                let labels = vec![server.clone(), KeyValue::new(STATE, state.word())];
                (flag(state == now), labels)
            })
        };
        watch.fleet.board.cards().flat_map(states).collect()
    });
    let each = |metric, read: fn(&Card, &Fleet) -> Option<f64>| {
        let watched = watched.clone();
        observe(meter, metric, move || {
            let Some(watch) = watched.get() else { return Vec::new() };
            let value = |card: &Arc<Card>| Some((read(card, &watch.fleet)?, vec![of(card)]));
            watch.fleet.board.cards().filter_map(value).collect()
        });
    };
    each(&names::SCORE, |card, _| Some(card.quality().score.into()));
    each(&names::ATTEMPTS, |card, _| Some(card.standing().attempts.into()));
    each(&names::INSTANCES, |card, _| Some(flag(card.standing().generation.is_some())));
    each(&names::IN_FLIGHT, |card, _| Some(card.gate.in_flight() as f64));
    each(&names::QUEUE_DEPTH, |card, _| Some(card.vitals.queued() as f64));
    each(&names::NOISES, |card, _| Some(card.vitals.noises() as f64));
    each(&names::TOOLS, |card, fleet| {
        let manifest = fleet.known.get(&card.spec.name)?;
        Some(manifest.items[Subject::Tool].len() as f64)
    });
    each(&names::PROCESSES, |card, _| Some(used(card)?.processes as f64));
    each(&names::MEMORY, |card, _| Some(used(card)?.resident as f64));
    register(&names::CPU, |watch| {
        let value = |card: &Arc<Card>| Some((watch.processor(card)?.as_secs_f64(), vec![of(card)]));
        watch.fleet.board.cards().filter_map(value).collect()
    });
    each(&names::DESCRIPTORS, |card, _| used(card)?.descriptors.map(|count| count as f64));
    register(&names::SESSIONS, |watch| vec![(watch.fleet.clients().0 as f64, Vec::new())]);
    register(&names::REQUESTS, |watch| vec![(watch.fleet.clients().1 as f64, Vec::new())]);
    register(&names::UPTIME, |watch| vec![(watch.since.elapsed().as_secs_f64(), Vec::new())]);
    register(&names::BUILD, |_| {
        vec![(1.0, vec![KeyValue::new(VERSION, env!("CARGO_PKG_VERSION"))])]
    });
    let watched = watched.clone();
    observe(meter, &names::DROPPED, move || {
        let value = |signal, reason, count: u64| {
            (count as f64, vec![KeyValue::new(SIGNAL, signal), KeyValue::new(REASON, reason)])
        };
        let ours = deliveries.iter().flat_map(|it| {
            let (full, refused) = it.lost();
            [value(it.signal(), "queue_full", full), value(it.signal(), "not_delivered", refused)]
        });
        let others = watched.get().map(|it| {
            let logs = it.logs.dropped();
            let kept = logs.gateway + logs.stderr + logs.mcp + logs.audit;
            [
                value("requests", "queue_full", it.hub.dropped()),
                value("log_store", "queue_full", kept),
                value("stderr", "queue_full", super::dropped()),
            ]
        });
        ours.chain(others.into_iter().flatten()).collect()
    });
}

/// Has a metric read by a function.
fn observe(
    meter: &Meter,
    metric: &'static Metric,
    read: impl Fn() -> Vec<Value> + Send + Sync + 'static,
) {
    if metric.kind == Kind::Counter {
        let builder = meter.f64_observable_counter(metric.name);
        let builder = builder.with_unit(metric.unit).with_description(metric.about);
        builder
            .with_callback(move |observer| {
                for (value, labels) in read() {
                    observer.observe(value, &labels);
                }
            })
            .build();
    } else {
        let builder = meter.f64_observable_gauge(metric.name);
        let builder = builder.with_unit(metric.unit).with_description(metric.about);
        builder
            .with_callback(move |observer| {
                for (value, labels) in read() {
                    observer.observe(value, &labels);
                }
            })
            .build();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_falls_only_when_the_process_is_another_one() {
        let mut seen = HashMap::new();
        let told = [(7, 10), (7, 4), (7, 12), (8, 1), (8, 2)].map(|(process, seconds)| {
            most(&mut seen, "files", process, Duration::from_secs(seconds)).as_secs()
        });
        assert_eq!(told, [10, 10, 12, 1, 2]);
    }
}
