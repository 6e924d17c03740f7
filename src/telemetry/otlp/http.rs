//! Sends an encoded request over HTTP.
//!
//! Source: OTLP specification 1, "OTLP/HTTP Response".
//!
//! *Invariant:* an answer's body is read only so far as a connection needs to be used again, and never shown.

use super::NoExporter;
use super::backoff::Again;
use super::sending::Refusal;
use crate::downstream::http::install_tls;
use crate::telemetry::settings::Target;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, redirect};
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

/// Most that is read of an answer.
const ANSWER: usize = 64 * 1024;

/// Posts to one URL.
#[derive(Debug)]
pub(super) struct Post {
    client: Client,
    url: String,
    headers: HeaderMap,
    gzip: bool,
}

impl Post {
    pub(super) fn new(target: &Target) -> Result<Self, NoExporter> {
        install_tls();
        let mut client = Client::builder()
            .user_agent(super::USER_AGENT)
            .redirect(redirect::Policy::none())
            .timeout(target.timeout);
        if !target.endpoint.starts_with("https:") {
            // no certificate is ever looked at, so the system need not have any
            client = client.tls_certs_only([]);
        }
        let mut headers = super::headers(target);
        let kind = HeaderValue::from_static("application/x-protobuf");
        headers.insert(header::CONTENT_TYPE, kind);
        if target.gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let (client, url) = (client.build()?, target.endpoint.clone());
        Ok(Self { client, url, headers, gzip: target.gzip })
    }

    /// The body as it is sent.
    pub(super) fn packed(&self, body: Vec<u8>) -> Result<Bytes, io::Error> {
        if !self.gzip {
            return Ok(body.into());
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&body)?;
        Ok(packer.finish()?.into())
    }

    /// Sends it once.
    pub(super) async fn send(&self, body: Bytes) -> Result<(), Refusal> {
        let request = self.client.post(&self.url).headers(self.headers.clone()).body(body);
        let mut answer = request.send().await.map_err(|error| Refusal {
            text: format!(
                "the collector cannot be reached: {}",
                super::chain(&error.without_url())
            ),
            again: Again::Soon,
        })?;
        let status = answer.status();
        let wait = answer.headers().get(header::RETRY_AFTER).and_then(|it| it.to_str().ok());
        let wait = wait.and_then(|text| asked(text, SystemTime::now()));
        // an answer that was read leaves its connection for the next request
        let mut read = 0;
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read > ANSWER {
                break;
            }
        }
        if status.is_success() {
            return Ok(());
        }
        let text = format!("the collector answers with HTTP status {}", status.as_u16());
        let again = match (status.as_u16(), wait) {
            (429 | 503, Some(wait)) => Again::After(wait),
            (429 | 502 | 503 | 504, _) => Again::Soon,
            _ => Again::Never,
        };
        Err(Refusal { text, again })
    }
}

/// The time a `Retry-After` asks for: seconds, or a date.
fn asked(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| {
        let date = httpdate::parse_http_date(text).ok()?;
        Some(date.duration_since(now).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_asks_for_time_in_seconds_or_by_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        for (text, expected) in [
            (" 12 ", Some(12)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(asked(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
