//! Streamable HTTP: one POST a message, a GET for what belongs to no request, a DELETE to leave. A session
//! is known only at the address it was opened at. Both eras share the endpoint: what a client sends says
//! which one it speaks.
//!
//! Source: MCP 2025-03-26 to 2025-11-25 "Transports", Streamable HTTP; 2026-07-28 "Versioning and
//! Compatibility".
//!
//! *Invariant:* a request's connection that ends before its answer has the call cancelled, unless the
//! client knows an event id to come back with; a session whose `initialize` fails is closed.

use super::Shared;
use super::batch;
use super::events::{EventStream, OnDrop, Purpose};
use super::media::{self, Accepts};
use super::refusal::{Refusal, Refused, method_not_allowed};
use super::reply::{self, Start};
use super::selected::Selected;
use super::{stateless, trace};
use crate::faces::outbox::Outbox;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use mcpvisor_actors::bridge::Incoming;
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::session::{ClientStream, NoRoom, SessionGone, SessionHandle};
use mcpvisor_actors::wire::{Kind, Limits, Message, Payload, RawId, Strictness, WireError};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Every method of `/mcp`.
pub(super) async fn endpoint(Selected(face): Selected, request: Request) -> Response {
    let (head, body) = request.into_parts();
    serve(&face, &head, body).await
}

/// The same for the part of the servers that `face` shows.
pub(super) async fn serve(face: &Shared, head: &Parts, body: Body) -> Response {
    let outcome = match head.method {
        Method::POST => post(face, &head.headers, body).await,
        _ if media::is_stateless(&head.headers) => Ok(method_not_allowed("POST")),
        Method::GET => Box::pin(listen(face, &head.headers)).await.map_err(Refused::from),
        Method::DELETE => leave(face, &head.headers).await.map_err(Refused::from),
        _ => Ok(method_not_allowed("GET, POST, DELETE")),
    };
    outcome.unwrap_or_else(IntoResponse::into_response)
}

async fn post(face: &Shared, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
    let accepts = Accepts::of_post(headers)?;
    let bytes = face.posted(headers, body).await?;
    let message = match face.parsed(&bytes) {
        Ok(message) => message,
        Err(WireError::Batch) => {
            media::check_version(headers)?;
            let ambient = trace::ambient(headers);
            let session = session(face, headers).await;
            return Ok(Box::pin(batch::post(face, accepts, session, &bytes, ambient)).await?);
        }
        Err(fault) => return Err(Refusal::from(fault).into()),
    };
    let id = match message.kind() {
        Kind::Request { id, .. } => Some(id.clone()),
        Kind::Notification { .. } | Kind::Response { .. } => None,
    };
    let refused = |why: Refusal| why.of(id.clone());
    match Incoming::of(&message, media::version(headers)) {
        Incoming::Modern(meta) => {
            let served = Box::pin(stateless::call(face, accepts, headers, &meta, message));
            return served.await.map_err(refused);
        }
        Incoming::Refused(fault) => {
            return Err(refused(stateless::refused(headers, &message, fault)));
        }
        Incoming::EraFree if media::is_stateless(headers) => {
            return stateless::tell(face, headers, &message).map_err(refused);
        }
        Incoming::EraFree | Incoming::Legacy => {}
    }
    media::check_version(headers).map_err(refused)?;
    let outcome = match (session(face, headers).await, message.kind()) {
        (Ok(session), Kind::Request { id, .. }) => {
            let id = id.clone();
            call(face, accepts, &session, id, message, trace::ambient(headers)).await
        }
        (Ok(session), _) => tell(&session, message),
        (Err(_), Kind::Request { method, .. }) if &**method == "initialize" => {
            Box::pin(initialize(face, accepts, message, trace::ambient(headers))).await
        }
        (Err(why), _) => Err(why),
    };
    outcome.map_err(refused)
}

/// The session a request names, alive or of an earlier run.
async fn session(face: &Shared, headers: &HeaderMap) -> Result<SessionHandle, Refusal> {
    let named = headers.get(SESSION).ok_or(Refusal::NoSession)?;
    let id = named.to_str().map_err(|_| Refusal::UnknownSession)?;
    if let Some(session) = face.clients.find(id) {
        return Ok(session);
    }
    // a client that hangs up ends this request, but not what it began
    let (clients, id) = (face.clients.clone(), id.to_owned());
    let restoring = tokio::spawn(async move { clients.find_or_restore(&id).await });
    let found = restoring.await.map_err(|_| Refusal::NoRoom)?;
    found.map_err(|NoRoom| Refusal::NoRoom)?.ok_or(Refusal::UnknownSession)
}

/// Opens a session and delivers its `initialize`.
async fn initialize(
    face: &Shared,
    accepts: Accepts,
    message: Message,
    ambient: Option<TraceContext>,
) -> Result<Response, Refusal> {
    let admission = face.clients.admit().ok_or(Refusal::Overloaded)?;
    let session = face.clients.open().await.ok_or(Refusal::NoRoom)?;
    let mut close = OnDrop::new({
        let session = session.clone();
        move || session.close()
    });
    let (stream, outbox) = Outbox::new();
    let params = message.params().map(<[u8]>::to_vec).unwrap_or_default();
    let delivered = session.deliver_within(message, Some(admission), stream, ambient);
    delivered.map_err(|SessionGone| Refusal::NoRoom)?;
    let answer = reply::answer(&outbox).await.ok_or(Refusal::NoRoom)?;
    let id = HeaderValue::from_str(session.id()).map_err(|_| Refusal::NoRoom)?;
    let opened = is_result(&answer.payload, face.settings.limits);
    let mut response = match accepts {
        Accepts::Json | Accepts::Either => reply::json(&answer.payload, answer.held),
        Accepts::Events => EventStream::of_one(answer.payload),
    };
    if opened {
        close.disarm();
        face.clients.remember(&session, &params);
        response.headers_mut().insert(SESSION, id);
    }
    Ok(response)
}

/// Whether an answer is a result, not an error.
fn is_result(answer: &Payload, limits: Limits) -> bool {
    Message::parse(answer.to_bytes(), limits, Strictness::Liberal)
        .is_ok_and(|message| matches!(message.kind(), Kind::Response { ok: true, .. }))
}

/// Delivers a request and answers it in the form that fits.
async fn call(
    face: &Shared,
    accepts: Accepts,
    session: &SessionHandle,
    id: RawId,
    message: Message,
    ambient: Option<TraceContext>,
) -> Result<Response, Refusal> {
    let admission = face.clients.admit().ok_or(Refusal::Overloaded)?;
    let (stream, outbox) = reply::outbox(accepts);
    let delivered = session.deliver_within(message, Some(admission), stream, ambient);
    delivered.map_err(|SessionGone| Refusal::UnknownSession)?;
    let mut abandon = OnDrop::new({
        let (session, id) = (session.clone(), id.clone());
        move || session.abandon(&id)
    });
    Ok(match reply::start(&outbox, accepts, face.settings.json_patience).await {
        Start::Answer(answer) => {
            abandon.disarm();
            reply::json(&answer.payload, answer.held)
        }
        Start::Nothing => {
            abandon.disarm();
            reply::accepted()
        }
        Start::Events(first) if face.resumption.serves(session) => {
            abandon.disarm();
            face.resumption.answer(session, &[id], 1, outbox, first, face.manner())
        }
        Start::Events(first) => {
            EventStream::new(outbox, Purpose::Answer(abandon, 1), face.settings.keep_alive)
                .starting_with(first)
                .into_response()
        }
    })
}

/// Delivers what has no answer: a notification, or the client's answer to a request of ours.
fn tell(session: &SessionHandle, message: Message) -> Result<Response, Refusal> {
    let (stream, _nothing_comes) = ClientStream::new();
    let delivered = session.deliver(message, None, stream);
    delivered.map_err(|SessionGone| Refusal::UnknownSession)?;
    Ok(reply::accepted())
}

/// Opens the stream for what belongs to no request.
async fn listen(face: &Shared, headers: &HeaderMap) -> Result<Response, Refusal> {
    media::check_stream(headers)?;
    media::check_version(headers)?;
    let session = session(face, headers).await?;
    if face.resumption.serves(&session) {
        return match headers.get(LAST_EVENT).map(HeaderValue::to_str) {
            None => face.resumption.listen(&session, face.manner()),
            Some(Ok(last)) => face.resumption.resume(&session, last, face.manner()),
            Some(Err(_)) => Err(Refusal::NoSuchEvent),
        };
    }
    let (stream, outbox) = Outbox::new();
    session.attach(stream).map_err(|SessionGone| Refusal::UnknownSession)?;
    let purpose = Purpose::Listen(face.closing.subscribe());
    Ok(EventStream::new(outbox, purpose, face.settings.keep_alive)
        .while_wanted(move || session.is_alive())
        .into_response())
}

/// Ends the session.
async fn leave(face: &Shared, headers: &HeaderMap) -> Result<Response, Refusal> {
    media::check_version(headers)?;
    let session = session(face, headers).await?;
    face.clients.end(&session);
    face.resumption.forget(&session);
    Ok(StatusCode::OK.into_response())
}
