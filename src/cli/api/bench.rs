//! The bench's part of the client: what takes longer than a report, or has no end.

use super::{Api, NoReport, refused, unreachable};
use crate::admin::SendAnswer;
use reqwest::{RequestBuilder, Response};
use std::time::Duration;

/// Longest silence of a stream; the gateway says something every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// What an answer takes above what the gateway waits for itself.
const ABOVE: Duration = Duration::from_secs(5);
/// No answer takes so long.
const NO_END: Duration = Duration::from_secs(366 * 86_400);

/// A stream of server-sent events.
pub(in crate::cli) struct Events {
    response: Response,
    url: reqwest::Url,
    text: Vec<u8>,
}

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Event {
    /// Its name.
    pub(in crate::cli) name: String,
    /// Its data.
    pub(in crate::cli) data: String,
}

impl Api {
    /// Sends a message to a server.
    pub(in crate::cli) async fn send_message(
        &self,
        server: &str,
        ask: String,
        timeout: Duration,
    ) -> Result<SendAnswer, NoReport> {
        let request = self.client.post(self.page(server, "send"));
        let request = request.header(reqwest::header::CONTENT_TYPE, "application/json");
        let request = request.body(ask).timeout(timeout + ABOVE);
        let answer = self.answered(request).await?;
        let text = answer.bytes().await.map_err(|error| unreachable(&self.url, &error))?;
        serde_json::from_slice(&text).map_err(|_| refused(&text, &self.url))
    }

    /// The frames of a server, from now on.
    pub(in crate::cli) async fn frames(&self, server: &str) -> Result<Events, NoReport> {
        let request = self.client.get(self.page(server, "frames")).timeout(NO_END);
        let response = self.answered(request).await?;
        Ok(Events { response, url: self.url.clone(), text: Vec::new() })
    }

    fn page(&self, server: &str, what: &str) -> reqwest::Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(["api", "v1", "servers", server, what]);
        }
        url
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Response, NoReport> {
        let failed = |error: reqwest::Error| unreachable(&self.url, &error);
        let answer = self.token.on(request).send().await.map_err(failed)?;
        self.admitted(answer.status())?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let text = answer.bytes().await.map_err(failed)?;
        Err(refused(&text, &self.url))
    }
}

impl Events {
    /// The next event; `None` when the gateway ended the stream.
    pub(in crate::cli) async fn next(&mut self) -> Result<Option<Event>, NoReport> {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let whole: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(event) = read(&String::from_utf8_lossy(&whole)) {
                    return Ok(Some(event));
                }
                continue; // a comment
            }
            match tokio::time::timeout(SILENCE, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.text.extend_from_slice(&chunk),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(error)) => return Err(unreachable(&self.url, &error)),
                Err(_) => {
                    let (url, reason) = (self.url.to_string(), "it says nothing any more".into());
                    return Err(NoReport::Unreachable { url, reason });
                }
            }
        }
    }
}

/// One event as the gateway writes them: a name, and one line of data.
fn read(text: &str) -> Option<Event> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let (name, data) = (field("event: ")?, field("data: ")?);
    Some(Event { name: name.to_owned(), data: data.to_owned() })
}
