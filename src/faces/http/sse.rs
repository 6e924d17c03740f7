//! Legacy HTTP+SSE: one event stream a session, messages by POST, everything comes on the stream.
//!
//! Source: MCP 2024-11-05 "Transports", HTTP with SSE.
//!
//! *Invariant:* the session lives exactly as long as its event stream; a client that does not read
//! its stream is refused further requests, long before it holds all of the gateway's slots.

use super::Shared;
use super::events::{EventStream, OnDrop, Purpose};
use super::media;
use super::refusal::{Refusal, Refused, method_not_allowed};
use super::selected::Selected;
use super::trace;
use crate::faces::batch;
use crate::faces::outbox::Outbox;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dashmap::DashMap;
use mcpvisor_actors::session::{Admission, ClientStream, SessionGone, SessionHandle};
use mcpvisor_actors::wire::{Batch, Kind, WireError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Requests of one client in flight, or answered and unread: each keeps a slot of the gateway's.
pub(super) const MAX_REQUESTS: usize = 256;

/// The open event streams by session id.
pub(super) type Streams = Arc<DashMap<String, Legacy>>;

/// A session and the stream all of its messages go to.
#[derive(Debug, Clone)]
pub(super) struct Legacy {
    session: SessionHandle,
    stream: ClientStream,
    outbox: Outbox,
    requests: Arc<Semaphore>,
}

impl Legacy {
    /// Takes one of the gateway's slots for a request, and one of this client's share in them.
    fn admit(&self, face: &Shared) -> Result<Admission, Refusal> {
        if self.outbox.is_stuck() {
            return Err(Refusal::Unread);
        }
        let share = Arc::clone(&self.requests).try_acquire_owned();
        let share = share.map_err(|_| Refusal::Overloaded)?;
        Ok(face.clients.admit().ok_or(Refusal::Overloaded)?.and(share))
    }
}

/// `GET /sse` opens a session. Its messages go to the same address whatever part it sees.
pub(super) async fn open(Selected(face): Selected, request: Request) -> Response {
    if request.method() != Method::GET {
        return method_not_allowed("GET");
    }
    let outcome = match media::check_stream(request.headers()) {
        Ok(()) => connect(&face).await,
        Err(why) => Err(why),
    };
    outcome.map_err(Refused::from).unwrap_or_else(IntoResponse::into_response)
}

async fn connect(face: &Shared) -> Result<Response, Refusal> {
    let session = face.clients.clone().through("sse").open().await.ok_or(Refusal::NoRoom)?;
    let (stream, outbox) = Outbox::of_connection();
    session.attach(stream.clone()).map_err(|SessionGone| Refusal::NoRoom)?;
    let id = session.id().to_owned();
    let endpoint = format!("/messages?sessionId={id}");
    let requests = Arc::new(Semaphore::new(MAX_REQUESTS));
    let legacy = Legacy { session: session.clone(), stream, outbox: outbox.clone(), requests };
    face.legacy.insert(id.clone(), legacy);
    let alive = {
        let (clients, id) = (face.clients.clone(), id.clone());
        move || clients.find(&id).is_some()
    };
    // no more messages are taken and the session's own stream is gone: the outbox ends with the
    // last call's stream
    let last = OnDrop::new({
        let (streams, session, id) = (Arc::clone(&face.legacy), session.clone(), id.clone());
        move || {
            streams.remove(&id);
            let (elsewhere, _unread) = ClientStream::new();
            let _ended_already = session.attach(elsewhere);
        }
    });
    let farewell = OnDrop::new({
        let streams = Arc::clone(&face.legacy);
        move || {
            streams.remove(&id);
            session.close();
        }
    });
    let purpose = Purpose::Everything(face.closing.subscribe(), last);
    Ok(EventStream::new(outbox, purpose, face.settings.keep_alive)
        .announcing("endpoint", &endpoint)
        .while_wanted(alive)
        .finally(farewell)
        .into_response())
}

/// `POST /messages?sessionId=…` delivers one message.
pub(super) async fn messages(State(face): State<Arc<Shared>>, request: Request) -> Response {
    if request.method() != Method::POST {
        return method_not_allowed("POST");
    }
    let (head, body) = request.into_parts();
    let outcome = deliver(&face, &head.uri, &head.headers, body).await;
    outcome.unwrap_or_else(IntoResponse::into_response)
}

async fn deliver(
    face: &Shared,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let bytes = face.posted(headers, body).await?;
    let message = match face.parsed(&bytes) {
        Ok(message) => message,
        Err(WireError::Batch) => return Ok(deliver_batch(face, uri, headers, &bytes)?),
        Err(fault) => return Err(Refusal::from(fault).into()),
    };
    let request = match message.kind() {
        Kind::Request { id, .. } => Some(id.clone()),
        Kind::Notification { .. } | Kind::Response { .. } => None,
    };
    let refused = |why: Refusal| why.of(request.clone());
    let id = session_id(uri.query().unwrap_or_default());
    let id = id.ok_or_else(|| refused(Refusal::NoSessionId))?;
    let legacy = face.legacy.get(id).map(|entry| entry.value().clone());
    let legacy = legacy.ok_or_else(|| refused(Refusal::UnknownSession))?;
    let admission = match &request {
        Some(_) => Some(legacy.admit(face).map_err(refused)?),
        None => None,
    };
    let Legacy { session, stream, .. } = legacy;
    let delivered = session.deliver_within(message, admission, stream, trace::ambient(headers));
    if let Err(SessionGone) = delivered {
        // without this sender the event stream ends, and the client sees that it must connect anew
        face.legacy.remove(id);
        return Err(refused(Refusal::UnknownSession));
    }
    Ok((StatusCode::ACCEPTED, "Accepted").into_response())
}

/// The same for a batch: its answers come as one array.
fn deliver_batch(
    face: &Shared,
    uri: &Uri,
    headers: &HeaderMap,
    bytes: &Bytes,
) -> Result<Response, Refusal> {
    let id = session_id(uri.query().unwrap_or_default()).ok_or(WireError::Batch)?;
    let legacy = face.legacy.get(id).map(|entry| entry.value().clone());
    let legacy = legacy.ok_or(Refusal::UnknownSession)?;
    let legacy = Some(legacy).filter(|it| batch::allowed(&it.session)).ok_or(WireError::Batch)?;
    let batch = Batch::parse(bytes, face.settings.limits)?;
    let mut why = Refusal::Overloaded;
    let slot = || legacy.admit(face).map_err(|refused| why = refused).ok();
    let Some(admissions) = batch::admit(&batch, slot) else { return Err(why) };
    let Legacy { session, stream, .. } = legacy;
    let ambient = trace::ambient(headers);
    let delivered = batch::deliver_together(batch, &session, admissions, stream, ambient.as_ref());
    delivered.map_err(|SessionGone| Refusal::UnknownSession)?;
    Ok((StatusCode::ACCEPTED, "Accepted").into_response())
}

/// The `sessionId` of a query; ids are plain ASCII, so nothing is escaped.
fn session_id(query: &str) -> Option<&str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, value)| *name == "sessionId" && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::session_id;

    #[test]
    fn the_session_is_read_from_the_query() {
        for (query, id) in [
            ("sessionId=a-1", Some("a-1")),
            ("x=1&sessionId=a-1&y=2", Some("a-1")),
            ("sessionId=", None),
            ("sessionid=a", None),
            ("sessionId", None),
            ("", None),
        ] {
            assert_eq!(session_id(query), id, "{query}");
        }
    }
}
