//! Metrics that are pushed, with a count of what did not arrive.
//!
//! *Invariant:* changes nothing of what is sent.

use super::delivery::Delivery;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use std::sync::Arc;
use std::time::Duration;

/// An exporter whose failures are counted; each is one report.
pub(super) struct Pushed<E> {
    exporter: E,
    delivery: Arc<Delivery>,
}

impl<E> Pushed<E> {
    pub(super) const fn new(exporter: E, delivery: Arc<Delivery>) -> Self {
        Self { exporter, delivery }
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Pushed<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let done = self.exporter.export(metrics).await;
        self.delivery.sent(1, done.as_ref().err().map(|error| error as &dyn std::fmt::Display));
        done
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
