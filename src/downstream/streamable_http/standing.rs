//! The standing GET stream: what the server says on its own account.
//!
//! A server need not offer it. Once offered, it is kept open while the connection stands.

use crate::downstream::http::events::{EventDecoder, Item};
use crate::downstream::http::remote::{Remote, is_event_stream};
use crate::downstream::http::reports::Reports;
use crate::downstream::http::response::Response;
use crate::downstream::http::stream::EventStream;
use mcpvisor_actors::server::Loss;
use std::sync::Arc;
use std::time::Duration;

/// Wait before the stream is opened again; doubled each time nothing came on it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What a try to open the stream came to.
enum Opening {
    /// It is open.
    Open(Response),
    /// It is not offered (any more).
    NotOffered,
    /// Not now.
    Later,
    /// The server or its session is gone.
    Gone(Loss),
}

/// Reads the standing stream for as long as the server offers it.
pub(super) async fn listen(remote: Arc<Remote>, reports: Reports) {
    let mut decoder = EventDecoder::new(remote.limits.max_bytes);
    let mut wait = FIRST_WAIT;
    let mut offered = false;
    loop {
        match open(&remote, decoder.last_id(), offered).await {
            Opening::Open(response) => {
                offered = true;
                let mut stream = EventStream::new(response, &mut decoder);
                match read(&mut stream, &remote, &reports).await {
                    Ok(heard_any) => wait = if heard_any { FIRST_WAIT } else { wait },
                    Err(loss) => return reports.lost(loss).await,
                }
            }
            Opening::NotOffered => return,
            Opening::Later => {}
            Opening::Gone(loss) => return reports.lost(loss).await,
        }
        tokio::time::sleep(wait.max(decoder.retry().unwrap_or_default().min(LONGEST_WAIT))).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Reads one stream to its end; whether anything came on it.
async fn read(
    stream: &mut EventStream<'_>,
    remote: &Remote,
    reports: &Reports,
) -> Result<bool, Loss> {
    let mut heard_any = false;
    while let Ok(Some(item)) = stream.next(remote).await {
        heard_any = true;
        match item {
            Item::Event(event) if event.is_message() => {
                reports.data(&event.data, None).await?;
            }
            Item::Event(_) => {}
            Item::TooLarge(start) => {
                reports.too_large(&start, None).await;
            }
        }
    }
    Ok(heard_any)
}

async fn open(remote: &Remote, last_id: Option<&str>, offered: bool) -> Opening {
    let response = match remote.send(remote.get(last_id)).await {
        Ok(response) => response,
        Err(verdict) if verdict.fatal => return Opening::Gone(verdict.loss),
        Err(_) => return Opening::Later,
    };
    match response.status().as_u16() {
        200..=299 if is_event_stream(&response) => Opening::Open(response),
        // Before the first stream a 404 only says that there is none; after it, the session is gone.
        404 if offered && remote.in_session() => Opening::Gone(Loss::SessionLost),
        408 | 429 | 500 | 502..=599 => Opening::Later,
        _ => Opening::NotOffered,
    }
}
