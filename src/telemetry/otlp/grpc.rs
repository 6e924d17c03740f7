//! Sends an encoded request over gRPC.
//!
//! Source: OTLP specification 1, "OTLP/gRPC Response", "OTLP/gRPC Throttling".
//!
//! *Invariant:* what a collector says of a failure is never shown, only its code.

use super::NoExporter;
use super::backoff::Again;
use super::sending::Refusal;
use crate::downstream::http::install_tls;
use crate::telemetry::settings::Target;
use bytes::{Buf, BufMut, Bytes};
use hyper::http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Extensions, Request, Status};
use tonic_types::StatusExt;

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Calls one collector.
#[derive(Debug)]
pub(super) struct Call {
    endpoint: Endpoint,
    gzip: bool,
    metadata: MetadataMap,
    /// Made by the first call, where there is a runtime.
    service: Option<Grpc<Channel>>,
}

impl Call {
    pub(super) fn new(target: &Target) -> Result<Self, NoExporter> {
        let mut endpoint = Endpoint::from_shared(target.endpoint.clone())?
            .user_agent(super::USER_AGENT)?
            .timeout(target.timeout);
        if target.endpoint.starts_with("https:") {
            install_tls();
            endpoint = endpoint.tls_config(ClientTlsConfig::new().with_native_roots())?;
        }
        let metadata = MetadataMap::from_headers(super::headers(target));
        Ok(Self { endpoint, gzip: target.gzip, metadata, service: None })
    }

    fn service(&self) -> Grpc<Channel> {
        let service = Grpc::new(self.endpoint.connect_lazy());
        if !self.gzip {
            return service;
        }
        let gzip = CompressionEncoding::Gzip;
        service.send_compressed(gzip).accept_compressed(gzip)
    }

    /// Sends it once.
    pub(super) async fn send(&mut self, body: Bytes) -> Result<(), Refusal> {
        let mut service = self.service.take().unwrap_or_else(|| self.service());
        service.ready().await.map_err(|error| Refusal {
            text: format!("the collector cannot be reached: {}", super::chain(&error)),
            again: Again::Never,
        })?;
        let request = Request::from_parts(self.metadata.clone(), Extensions::new(), body);
        let path = PathAndQuery::from_static(EXPORT);
        let done = service.unary(request, path, Encoded).await;
        self.service = Some(service);
        done.map(|_taken| ()).map_err(|status| refusal(&status))
    }
}

fn refusal(status: &Status) -> Refusal {
    let wait = status.get_details_retry_info().and_then(|info| info.retry_delay);
    let again = match (status.code(), wait) {
        (Code::Unavailable | Code::ResourceExhausted, Some(wait)) => Again::After(wait),
        (
            Code::Unavailable
            | Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::DataLoss,
            _,
        ) => Again::Soon,
        _ => Again::Never,
    };
    let mut text = format!("the collector answers with gRPC code {}", status.code() as i32);
    // a cause is ours: of the connection
    if let Some(cause) = std::error::Error::source(status) {
        text = format!("the collector cannot be reached: {}", super::chain(cause));
    }
    Refusal { text, again }
}

/// Takes requests that are encoded, and reads nothing of the answers.
#[derive(Debug, Clone, Copy)]
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, body: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(body);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        from.advance(from.remaining());
        Ok(Some(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tonic_types::ErrorDetails;

    #[test]
    fn only_what_may_go_better_is_sent_again() {
        for (code, expected) in [
            (Code::Unavailable, Again::Soon),
            (Code::DeadlineExceeded, Again::Soon),
            (Code::ResourceExhausted, Again::Never),
            (Code::Unauthenticated, Again::Never),
            (Code::InvalidArgument, Again::Never),
        ] {
            let refusal = refusal(&Status::new(code, "secret"));
            assert_eq!(refusal.again, expected, "{code:?}");
            assert!(!refusal.text.contains("secret"), "{}", refusal.text);
        }
        let wait = Duration::from_secs(7);
        let details = ErrorDetails::with_retry_info(Some(wait));
        let status = Status::with_error_details(Code::ResourceExhausted, "", details);
        assert_eq!(refusal(&status).again, Again::After(wait));
    }
}
