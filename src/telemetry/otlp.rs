//! The exporters: gRPC and HTTP, as the settings say.
//!
//! Metrics, logs and whatever is sent as JSON are the library's; spans as protobuf are many and are ours.
//!
//! *Invariant:* nothing is connected before there is something to send; headers never appear in errors.

mod backoff;
mod grpc;
mod http;
mod protobuf;
mod request;
mod sending;
mod spool;

pub(super) use request::{Attributes, write};
pub(super) use sending::Sending;

use super::settings::{Protocol, Target};
use crate::downstream::http::install_tls;
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    Compression, ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig,
    WithHttpConfig, WithTonicConfig,
};
use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use std::str::FromStr;

/// Who sends.
const USER_AGENT: &str = concat!("mcpvisor/", env!("CARGO_PKG_VERSION"));

/// No exporter could be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoExporter {
    /// By the library.
    #[error(transparent)]
    Build(#[from] ExporterBuildError),
    /// Of want of an HTTP client.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// Because nothing can be sent over gRPC to the endpoint.
    #[error("no gRPC client: {0}")]
    Grpc(#[from] tonic::transport::Error),
    /// Of want of a thread.
    #[error("no thread for the HTTP client")]
    Thread,
}

/// Sends spans as JSON.
pub(super) fn spans(target: &Target) -> Result<SpanExporter, NoExporter> {
    Ok(library_http(SpanExporter::builder().with_http(), target)?.build()?)
}

/// Sends metrics.
pub(super) fn metrics(target: &Target) -> Result<MetricExporter, NoExporter> {
    let builder = MetricExporter::builder();
    Ok(match target.protocol {
        Protocol::Grpc => library_grpc(builder.with_tonic(), target).build()?,
        _ => library_http(builder.with_http(), target)?.build()?,
    })
}

/// Sends log records.
pub(super) fn logs(target: &Target) -> Result<LogExporter, NoExporter> {
    let builder = LogExporter::builder();
    Ok(match target.protocol {
        Protocol::Grpc => library_grpc(builder.with_tonic(), target).build()?,
        _ => library_http(builder.with_http(), target)?.build()?,
    })
}

fn library_grpc<B: WithExportConfig + WithTonicConfig>(builder: B, target: &Target) -> B {
    let builder = builder
        .with_endpoint(&target.endpoint)
        .with_timeout(target.timeout)
        .with_metadata(MetadataMap::from_headers(headers(target)));
    let builder = if target.gzip { builder.with_compression(Compression::Gzip) } else { builder };
    if target.endpoint.starts_with("https:") {
        install_tls();
        builder.with_tls_config(ClientTlsConfig::new().with_native_roots())
    } else {
        builder
    }
}

fn library_http<B: WithExportConfig + WithHttpConfig>(
    builder: B,
    target: &Target,
) -> Result<B, NoExporter> {
    let headers = target.headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    let protocol = match target.protocol {
        Protocol::HttpJson => opentelemetry_otlp::Protocol::HttpJson,
        _ => opentelemetry_otlp::Protocol::HttpBinary,
    };
    let builder = builder
        .with_protocol(protocol)
        .with_endpoint(&target.endpoint)
        .with_timeout(target.timeout)
        .with_headers(headers.collect())
        .with_http_client(client(target)?);
    Ok(if target.gzip { builder.with_compression(Compression::Gzip) } else { builder })
}

/// The headers of a target; those that cannot be sent were refused with the configuration.
fn headers(target: &Target) -> HeaderMap {
    let headers = target.headers.iter().filter_map(|(name, value)| {
        let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_str(name).ok()?, value))
    });
    headers.collect()
}

/// What went wrong, and what that came of.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A client that waits, for the threads that export.
fn client(target: &Target) -> Result<Client, NoExporter> {
    install_tls();
    let (timeout, secure) = (target.timeout, target.endpoint.starts_with("https:"));
    let make = move || {
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout);
        if !secure {
            // no certificate is ever looked at, so the system need not have any
            builder = builder.tls_certs_only([]);
        }
        builder.build()
    };
    // it has a runtime of its own, which must not be made within ours
    let made = std::thread::spawn(make).join().map_err(|_panicked| NoExporter::Thread)?;
    Ok(made?)
}
