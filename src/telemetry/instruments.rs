//! All of telemetry of one gateway: what counts, what traces, what sends.
//!
//! Metrics are always there, because `/metrics` is; without an endpoint nothing else is: no thread, no
//! connection.
//!
//! *Invariant:* whatever becomes of the collector, no request waits for it.

use super::delivery::Delivery;
use super::gauges::{self, Watch, Watched};
use super::hub::{Hub, Sink};
use super::meters::Meters;
use super::otlp::Sending;
use super::peers::peers;
use super::pushed::Pushed;
use super::series::Catalog;
use super::settings::{Protocol, Settings};
use super::tracer::Tracer;
use super::{otlp, records, spans};
use crate::config::Config;
use crate::logs::LogStore;
use crate::redaction::Redaction;
use mcpvisor_actors::fleet::Fleet;
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::observation::{Observed, SessionOver, Trace, TraceContext};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::timeline::Event;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{
    Instrument, MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Stream,
};
use prometheus::{Registry, TextEncoder};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Most series of one metric; more are told as one.
const SERIES: usize = 4000;

/// Telemetry of one gateway.
pub struct Instruments {
    meters: Meters,
    catalog: Mutex<Catalog>,
    watched: Watched,
    registry: Registry,
    metrics: SdkMeterProvider,
    tracer: Option<Tracer>,
    logs: Option<SdkLoggerProvider>,
}

impl Instruments {
    /// Starts what the configuration asks for. Needs a runtime; what cannot be started is warned of.
    pub fn start(config: &Config, redaction: Redaction) -> Arc<Self> {
        let settings = &config.telemetry;
        let resource = resource(settings);
        let [traces, metrics, logs] = ["traces", "metrics", "logs"].map(Delivery::new);
        let registry = Registry::new();
        let provider = meter_provider(settings, &resource, &registry, &metrics);
        let meter = provider.meter_with_scope(spans::scope());
        let watched = Watched::default();
        let deliveries = vec![Arc::clone(&traces), metrics, Arc::clone(&logs)];
        gauges::add(&meter, &watched, deliveries);
        let peers = Arc::new(peers(config));
        let tracer = settings.traces.as_ref().and_then(|target| {
            let (queue, sampling) = (settings.span_queue, settings.sampling);
            if target.protocol == Protocol::HttpJson {
                let exporter = made("traces", otlp::spans(target))?;
                return Some(Tracer::new(exporter, &resource, sampling, queue, traces));
            }
            let sending = Sending::start(target, &resource, queue, Arc::clone(&traces));
            Some(Tracer::written(made("traces", sending)?, sampling, traces))
        });
        let logs = settings.logs.as_ref().and_then(|target| {
            let exporter = made("logs", otlp::logs(target))?;
            let queue = settings.log_queue;
            Some(records::provider(exporter, resource.clone(), queue, logs, redaction))
        });
        if logs.is_some() {
            records::hand_to(logs.as_ref());
        }
        Arc::new(Self {
            meters: Meters::new(&meter, Arc::clone(&peers)),
            catalog: Mutex::new(Catalog::new(peers)),
            watched,
            registry,
            metrics: provider,
            tracer,
            logs,
        })
    }

    /// From now on gauges read this gateway, as long as the outcome lives.
    pub fn watch(&self, fleet: Fleet, hub: Arc<Hub>, logs: LogStore) -> Arc<Watch> {
        self.watched.watch(fleet, hub, logs)
    }

    /// All metrics as Prometheus reads them. Takes a moment.
    pub fn text(&self) -> String {
        if let Some(watch) = self.watched.get() {
            watch.hub.settle();
        }
        let families = self.registry.gather();
        TextEncoder::new().encode_to_string(&families).unwrap_or_else(|error| {
            tracing::warn!(%error, "the metrics cannot be written");
            String::new()
        })
    }

    /// Sends what waits and ends everything, but waits no longer than this.
    pub async fn farewell(self: Arc<Self>, within: Duration) {
        let (done, over) = oneshot::channel();
        // a thread of its own: sending blocks, and may be given up
        std::thread::spawn(move || {
            self.shutdown(within);
            let _gone = done.send(());
        });
        let late = timeout(within, over).await.is_err();
        if late && !within.is_zero() {
            tracing::warn!("the last telemetry could not be delivered in time");
        }
    }

    /// Sends what waits and ends everything; each signal on its own, so that none waits for another one's
    /// collector. Blocks, for longer than `within` if the exporter of metrics does.
    fn shutdown(&self, within: Duration) {
        if self.logs.is_some() {
            records::hand_to(None);
        }
        if let Some(watch) = self.watched.get() {
            watch.hub.settle();
        }
        let say = |ended: OTelSdkResult| {
            if let Err(error) = ended {
                tracing::warn!(%error, "the last telemetry could not be delivered in time");
            }
        };
        std::thread::scope(|threads| {
            if let Some(tracer) = &self.tracer {
                threads.spawn(|| say(tracer.shutdown(within)));
            }
            if let Some(logs) = &self.logs {
                threads.spawn(|| say(logs.shutdown_with_timeout(within)));
            }
            say(self.metrics.shutdown_with_timeout(within));
        });
    }
}

impl Sink for Instruments {
    fn trace(&self, told: Option<&TraceContext>, ambient: Option<&TraceContext>) -> Option<Trace> {
        self.tracer.as_ref().map(|tracer| tracer.begin(told, ambient))
    }

    fn over(&self, requests: &[Arc<Observed>]) {
        let mut catalog = lock(&self.catalog);
        for request in requests {
            let Some(outcome) = request.outcome() else { continue };
            let series = catalog.of(request, outcome);
            self.meters.over(request, &series);
            let trace = request.trace.as_ref().filter(|trace| trace.sampled);
            if let (Some(tracer), Some(trace)) = (&self.tracer, trace) {
                let (server, client) = spans::spans(request, trace, outcome, &series);
                tracer.send(server);
                if let Some(client) = client {
                    tracer.send(client);
                }
            }
        }
    }

    fn noted(&self, server: &ServerName, event: &Event) {
        let cause = || {
            let watch = self.watched.get()?;
            let standing = watch.fleet.card(server.as_str()).ok()?.standing();
            standing.cause.as_ref().map(|(class, _)| class.word())
        };
        self.meters.noted(server, event, || cause().unwrap_or("none"));
    }

    fn session_over(&self, session: &SessionOver) {
        self.meters.session_over(session);
    }
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments")
            .field("traces", &self.tracer.is_some())
            .finish_non_exhaustive()
    }
}

/// What was made, or a warning.
fn made<T>(signal: &str, made: Result<T, otlp::NoExporter>) -> Option<T> {
    made.inspect_err(|error| {
        tracing::warn!(signal, %error, "telemetry is not sent; check the section `telemetry` and OTEL_*");
    })
    .ok()
}

fn resource(settings: &Settings) -> Resource {
    let own =
        settings.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("telemetry.sdk.name", "opentelemetry"))
        .with_attribute(KeyValue::new("telemetry.sdk.language", "rust"))
        .with_attributes(own)
        .with_service_name(settings.service_name.clone())
        .build()
}

fn meter_provider(
    settings: &Settings,
    resource: &Resource,
    registry: &Registry,
    delivery: &Arc<Delivery>,
) -> SdkMeterProvider {
    let capped = |_: &Instrument| Stream::builder().with_cardinality_limit(SERIES).build().ok();
    let mut builder: MeterProviderBuilder =
        SdkMeterProvider::builder().with_resource(resource.clone()).with_view(capped);
    let pulled = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build();
    match pulled {
        Ok(reader) => builder = builder.with_reader(reader),
        Err(error) => tracing::warn!(%error, "/metrics will be empty; please report this"),
    }
    let target = settings.metrics.as_ref();
    if let Some(exporter) = target.and_then(|target| made("metrics", otlp::metrics(target))) {
        let exporter = Pushed::new(exporter, Arc::clone(delivery));
        let reader = PeriodicReader::builder(exporter).with_interval(settings.metric_interval);
        builder = builder.with_reader(reader.build());
    }
    builder.build()
}
