//! The gateway's log as OTLP records, by `opentelemetry-appender-tracing`.
//!
//! The subscriber is made once, before anybody knows where records go; they go nowhere until a gateway that
//! exports its log starts.
//!
//! *Invariant:* a record never holds a known secret, and what exporting itself logs is not exported.

use super::delivery::Delivery;
use super::settings::Queue;
use crate::redaction::Redaction;
use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord,
    SdkLogger, SdkLoggerProvider,
};
use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

type Bridge = OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>;

/// What exporting is made of; its own events would feed on themselves.
const OWN: [&str; 8] =
    ["h2", "hyper", "opentelemetry", "reqwest", "rustls", "tokio_rustls", "tonic", "tower"];

static BRIDGE: RwLock<Option<Arc<Bridge>>> = RwLock::new(None);
static ON: AtomicBool = AtomicBool::new(false);

/// The layer of the subscriber that hands events on.
pub(super) struct Records;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Records {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !ON.load(Ordering::Relaxed) || is_own(event.metadata().target()) {
            return;
        }
        let bridge = BRIDGE.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(bridge) = bridge {
            Layer::<S>::on_event(&*bridge, event, context);
        }
    }
}

fn is_own(target: &str) -> bool {
    OWN.into_iter().any(|own| target.starts_with(own))
}

/// From now on events go to this provider; `None`: nowhere.
pub(super) fn hand_to(provider: Option<&SdkLoggerProvider>) {
    let bridge = provider.map(|provider| Arc::new(Bridge::new(provider)));
    ON.store(bridge.is_some(), Ordering::Relaxed);
    *BRIDGE.write().unwrap_or_else(PoisonError::into_inner) = bridge;
}

/// A provider whose records are cleaned and then sent by this exporter. Starts a thread.
pub(super) fn provider(
    exporter: impl LogExporter + 'static,
    resource: Resource,
    queue: Queue,
    delivery: Arc<Delivery>,
    redaction: Redaction,
) -> SdkLoggerProvider {
    let waiting = Arc::new(AtomicUsize::new(0));
    let sender =
        Sender { exporter, waiting: Arc::clone(&waiting), delivery: Arc::clone(&delivery) };
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(queue.size)
        .with_max_export_batch_size(queue.batch)
        .with_scheduled_delay(queue.delay)
        .build();
    let processor = Cleaned {
        next: BatchLogProcessor::builder(sender).with_batch_config(config).build(),
        waiting,
        size: queue.size,
        delivery,
        redaction,
        blank: SdkLoggerProvider::builder().build().logger("mcpvisor"),
    };
    SdkLoggerProvider::builder().with_resource(resource).with_log_processor(processor).build()
}

/// Cleans records and hands on those there is room for.
struct Cleaned {
    next: BatchLogProcessor,
    waiting: Arc<AtomicUsize>,
    size: usize,
    delivery: Arc<Delivery>,
    redaction: Redaction,
    /// Makes empty records.
    blank: SdkLogger,
}

impl fmt::Debug for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleaned").field("redaction", &self.redaction).finish_non_exhaustive()
    }
}

impl LogProcessor for Cleaned {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.waiting.load(Ordering::Relaxed) >= self.size {
            return self.delivery.no_room();
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.tells_secrets(record) {
            *record = self.cleaned(record);
        }
        self.next.emit(record, scope);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

impl Cleaned {
    fn tells_secrets(&self, record: &SdkLogRecord) -> bool {
        let values = record.body().into_iter().chain(record.attributes_iter().map(|(_, it)| it));
        values.into_iter().any(|value| self.clean(value).is_some())
    }

    /// The record once more: attributes can only be added.
    fn cleaned(&self, record: &SdkLogRecord) -> SdkLogRecord {
        let mut clean = self.blank.create_log_record();
        let value = |value: &AnyValue| self.clean(value).unwrap_or_else(|| value.clone());
        record.event_name().into_iter().for_each(|name| clean.set_event_name(name));
        record.target().into_iter().for_each(|target| clean.set_target(target.clone()));
        record.timestamp().into_iter().for_each(|at| clean.set_timestamp(at));
        record.observed_timestamp().into_iter().for_each(|at| clean.set_observed_timestamp(at));
        record.severity_text().into_iter().for_each(|text| clean.set_severity_text(text));
        record.severity_number().into_iter().for_each(|it| clean.set_severity_number(it));
        record.body().into_iter().for_each(|body| clean.set_body(value(body)));
        for (key, it) in record.attributes_iter() {
            clean.add_attribute(key.clone(), value(it));
        }
        clean
    }

    /// The value without secrets, when it holds one.
    fn clean(&self, value: &AnyValue) -> Option<AnyValue> {
        match value {
            AnyValue::String(text) => match self.redaction.clean(text.as_str().as_bytes()) {
                Cow::Borrowed(_) => None,
                Cow::Owned(clean) => Some(String::from_utf8_lossy(&clean).into_owned().into()),
            },
            AnyValue::Bytes(bytes) => match self.redaction.clean(bytes) {
                Cow::Borrowed(_) => None,
                Cow::Owned(clean) => Some(AnyValue::Bytes(Box::new(clean))),
            },
            _ => None,
        }
    }
}

/// Sends batches, and keeps count.
#[derive(Debug)]
struct Sender<E> {
    exporter: E,
    waiting: Arc<AtomicUsize>,
    delivery: Arc<Delivery>,
}

impl<E: LogExporter> LogExporter for Sender<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count();
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        let done = self.exporter.export(batch).await;
        self.delivery.sent(count, done.as_ref().err().map(|error| error as &dyn fmt::Display));
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
