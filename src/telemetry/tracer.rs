//! Which requests are traced, under which ids, and how their spans wait to be sent.
//!
//! Spans are made once a request is over; on its way it only carries ids.
//!
//! *Invariant:* beginning a trace never waits; of spans without room the number is kept.

use super::delivery::Delivery;
use super::otlp::{self, Sending};
use super::settings::{Queue, Sampling};
use super::spans::Made;
use mcpvisor_actors::observation::{Trace, TraceContext, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator, RandomIdGenerator, SpanData, SpanExporter,
    SpanProcessor,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Makes traces and takes their spans.
#[derive(Debug)]
pub(super) struct Tracer {
    sampling: Sampling,
    way: Way,
    delivery: Arc<Delivery>,
}

/// How spans leave.
#[derive(Debug)]
enum Way {
    /// Written at once.
    Written(Sending),
    /// As the library does it.
    Library { processor: BatchSpanProcessor, waiting: Arc<AtomicUsize>, size: usize },
}

impl Tracer {
    /// A tracer whose spans are written as protobuf at once.
    pub(super) const fn written(
        sending: Sending,
        sampling: Sampling,
        delivery: Arc<Delivery>,
    ) -> Self {
        Self { sampling, way: Way::Written(sending), delivery }
    }

    /// A tracer whose spans this exporter sends. Starts a thread.
    pub(super) fn new(
        exporter: impl SpanExporter + 'static,
        resource: &Resource,
        sampling: Sampling,
        queue: Queue,
        delivery: Arc<Delivery>,
    ) -> Self {
        let waiting = Arc::new(AtomicUsize::new(0));
        let sender =
            Sender { exporter, waiting: Arc::clone(&waiting), delivery: Arc::clone(&delivery) };
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(queue.size)
            .with_max_export_batch_size(queue.batch)
            .with_scheduled_delay(queue.delay)
            .build();
        let mut processor = BatchSpanProcessor::new(sender, config);
        processor.set_resource(resource);
        let way = Way::Library { processor, waiting, size: queue.size };
        Self { sampling, way, delivery }
    }

    /// The trace of a request: it goes on in the one its client told of, else in that of the HTTP request
    /// it came in, else it is new.
    pub(super) fn begin(
        &self,
        told: Option<&TraceContext>,
        ambient: Option<&TraceContext>,
    ) -> Trace {
        let parent = told.or(ambient);
        let ids = RandomIdGenerator::default();
        let id = parent.map_or_else(|| ids.new_trace_id().to_bytes(), |parent| parent.trace);
        let link = told.and(ambient).filter(|ambient| Some(ambient.span) != told.map(|it| it.span));
        Trace {
            id,
            parent: parent.map(|parent| parent.span),
            ambient: link.cloned(),
            server_span: ids.new_span_id().to_bytes(),
            client_span: ids.new_span_id().to_bytes(),
            sampled: sampled(self.sampling, parent.map(|parent| parent.sampled), &id),
            state: parent.and_then(|parent| parent.state.clone()),
        }
    }

    /// Takes a span, if there is room.
    pub(super) fn send(&self, span: Made<'_>) {
        let room = match &self.way {
            Way::Written(sending) => {
                sending.spool.put(|to| otlp::write(to, span.first, &span.span))
            }
            Way::Library { processor, waiting, size } => {
                let room = waiting.load(Ordering::Relaxed) < *size;
                if room {
                    waiting.fetch_add(1, Ordering::Relaxed);
                    processor.on_end(span.whole());
                }
                room
            }
        };
        if !room {
            self.delivery.no_room();
        }
    }

    /// Sends what waits, within this time.
    pub(super) fn shutdown(&self, within: Duration) -> OTelSdkResult {
        match &self.way {
            Way::Written(sending) => sending.shutdown(within),
            Way::Library { processor, .. } => processor.shutdown_with_timeout(within),
        }
    }
}

/// Whether a trace is recorded. Source: OpenTelemetry specification, `TraceIdRatioBased`.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn sampled(sampling: Sampling, parent: Option<bool>, trace: &TraceId) -> bool {
    if let Some(parent) = parent.filter(|_| sampling.parent_based) {
        return parent;
    }
    if sampling.ratio >= 1.0 {
        return true;
    }
    let [_, _, _, _, _, _, _, _, low @ ..] = *trace;
    let number = u64::from_be_bytes(low) >> 1;
    number < (sampling.ratio.max(0.0) * (1_u64 << 63) as f64) as u64
}

/// Sends batches, and keeps count.
#[derive(Debug)]
struct Sender<E> {
    exporter: E,
    waiting: Arc<AtomicUsize>,
    delivery: Arc<Delivery>,
}

impl<E: SpanExporter> SpanExporter for Sender<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        let done = self.exporter.export(batch).await;
        self.delivery.sent(count, done.as_ref().err().map(|error| error as &dyn std::fmt::Display));
        done
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::error::OTelSdkError;
    use std::sync::mpsc;

    /// Holds every batch until it is told to go on.
    #[derive(Debug)]
    struct Held(std::sync::Mutex<mpsc::Receiver<()>>);

    impl SpanExporter for Held {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            let _until = self.0.lock().map(|held| held.recv());
            Err(OTelSdkError::InternalFailure("nobody there".into()))
        }
    }

    fn tracer(sampling: Sampling) -> (Tracer, mpsc::Sender<()>, Arc<Delivery>) {
        let (go, held) = mpsc::channel();
        let delivery = Delivery::new("traces");
        let queue = Queue { size: 4, batch: 2, delay: Duration::from_secs(3600) };
        let resource = Resource::builder_empty().build();
        let exporter = Held(std::sync::Mutex::new(held));
        (Tracer::new(exporter, &resource, sampling, queue, Arc::clone(&delivery)), go, delivery)
    }

    fn context(span: u8, sampled: bool) -> TraceContext {
        TraceContext { trace: [span; 16], span: [span; 8], sampled, state: Some("a=1".into()) }
    }

    #[test]
    fn a_request_goes_on_in_the_trace_it_was_told_of_and_links_the_other() {
        let (tracer, _go, _) = tracer(Sampling::default());
        let (told, ambient) = (context(1, false), context(2, true));
        let trace = tracer.begin(Some(&told), Some(&ambient));
        assert_eq!((trace.id, trace.parent, trace.sampled), (told.trace, Some(told.span), false));
        assert_eq!(trace.ambient, Some(ambient.clone()));
        assert_eq!(trace.state.as_deref(), Some("a=1"));
        let trace = tracer.begin(None, Some(&ambient));
        assert_eq!((trace.parent, trace.ambient, trace.sampled), (Some([2; 8]), None, true));
        let (one, other) = (tracer.begin(None, None), tracer.begin(None, None));
        assert_ne!(one.id, other.id);
        assert_ne!(one.server_span, one.client_span);
        assert!(one.sampled && one.parent.is_none());
    }

    #[test]
    fn the_ratio_decides_where_no_parent_does() {
        let low = [0; 16];
        let high = [0xff; 16];
        for (parent_based, ratio, parent, trace, expected) in [
            (true, 0.0, None, low, false),
            (true, 0.0, Some(true), high, true),
            (true, 1.0, Some(false), low, false),
            (false, 0.0, Some(true), low, false),
            (false, 1.0, Some(false), high, true),
            (true, 0.5, None, low, true),
            (true, 0.5, None, high, false),
        ] {
            let sampling = Sampling { parent_based, ratio };
            assert_eq!(sampled(sampling, parent, &trace), expected, "{sampling:?} {parent:?}");
        }
    }

    #[test]
    fn spans_without_room_are_counted_and_those_not_taken_too() {
        let (tracer, go, delivery) = tracer(Sampling::default());
        for _ in 0..100 {
            let first = otlp::Attributes::new(Vec::new());
            tracer.send(Made { first: &first, span: super::super::spans::blank() });
        }
        let (full, _) = delivery.lost();
        assert!((92..=96).contains(&full), "{full}: four wait, at most four are under way");
        drop(go);
        let _late = tracer.shutdown(Duration::from_secs(10));
        let (full, refused) = delivery.lost();
        assert_eq!(full + refused, 100);
    }
}
