//! The event stream of HTTP+SSE, from its opening to its end.

use crate::downstream::http::events::{Event, EventDecoder, Item};
use crate::downstream::http::remote::{Remote, content_type, is_event_stream};
use crate::downstream::http::reports::Reports;
use crate::downstream::http::response::Response;
use crate::downstream::http::stream::EventStream;
use mcpvisor_actors::server::Loss;
use reqwest::Url;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Reads the stream and reports what it says; its end is the end of the connection.
pub(super) async fn listen(remote: Arc<Remote>, reports: Reports, endpoints: mpsc::Sender<Url>) {
    let Err(loss) = read(&remote, &reports, &endpoints).await;
    reports.lost(loss).await;
}

async fn read(
    remote: &Remote,
    reports: &Reports,
    endpoints: &mpsc::Sender<Url>,
) -> Result<std::convert::Infallible, Loss> {
    let mut decoder = EventDecoder::new(remote.limits.max_bytes);
    let opening = async {
        let mut stream = EventStream::new(open(remote).await?, &mut decoder);
        loop {
            let event = next(&mut stream, remote, reports).await?;
            if event.name == "endpoint" {
                break Ok((stream, resolve(remote, &event)?));
            }
            said(reports, &event).await?;
        }
    };
    let after = remote.connect_timeout;
    let (mut stream, endpoint) = tokio::time::timeout(after, opening)
        .await
        .unwrap_or(Err(Loss::TimedOut { stage: "endpoint event", after }))?;
    let _gone = endpoints.send(endpoint).await;
    loop {
        let event = next(&mut stream, remote, reports).await?;
        if event.name == "endpoint" {
            let _gone = endpoints.send(resolve(remote, &event)?).await;
        } else {
            said(reports, &event).await?;
        }
    }
}

async fn open(remote: &Remote) -> Result<Response, Loss> {
    let response = remote.send(remote.get(None)).await.map_err(|verdict| verdict.loss)?;
    if !response.status().is_success() {
        return match remote.refusal(response, false, false).await {
            Err(verdict) => Err(verdict.loss),
            Ok(_) => Err(Loss::StreamEnded),
        };
    }
    if is_event_stream(&response) {
        Ok(response)
    } else {
        let kind = remote.excerpt(content_type(&response).as_bytes());
        Err(Loss::Protocol {
            detail: format!("`{kind}` came in place of an event stream; check `url`"),
        })
    }
}

/// The next event, past those above the cap.
async fn next(
    stream: &mut EventStream<'_>,
    remote: &Remote,
    reports: &Reports,
) -> Result<Event, Loss> {
    loop {
        match stream.next(remote).await.map_err(|verdict| verdict.loss)? {
            Some(Item::Event(event)) => return Ok(event),
            Some(Item::TooLarge(start)) => {
                reports.too_large(&start, None).await;
            }
            None => {
                let detail = "the event stream ended".to_owned();
                return Err(Loss::Unreachable { address: remote.address().to_owned(), detail });
            }
        }
    }
}

async fn said(reports: &Reports, event: &Event) -> Result<(), Loss> {
    if event.is_message() {
        reports.data(&event.data, None).await?;
    }
    Ok(())
}

/// The address to post to, as the server names it relative to its own.
fn resolve(remote: &Remote, event: &Event) -> Result<Url, Loss> {
    let fault = |what| Loss::Protocol { detail: format!("the `endpoint` event names {what}") };
    let text = std::str::from_utf8(&event.data).map_err(|_| fault("no address"))?;
    let url = remote.url().join(text.trim()).map_err(|_| fault("no address"))?;
    if url.origin() == remote.url().origin() {
        Ok(url)
    } else {
        Err(fault("an address at another origin, which is not followed"))
    }
}
