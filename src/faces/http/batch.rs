//! A POST that carries a batch: one array of answers, or an event stream with each of them.
//!
//! Source: MCP 2025-03-26 "Transports", Streamable HTTP, sending messages.
//!
//! *Invariant:* a batch is refused before any of it is delivered, or not at all.

use super::Shared;
use super::events::{EventStream, OnDrop, Purpose};
use super::media::Accepts;
use super::refusal::Refusal;
use super::reply;
use crate::faces::batch;
use crate::faces::outbox::Outbox;
use axum::response::Response;
use bytes::Bytes;
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::session::{Held, Outgoing, SessionGone, SessionHandle};
use mcpvisor_actors::wire::{Batch, Payload, WireError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How a response to a batch begins.
#[derive(Debug)]
enum Start {
    /// All is answered, or nothing more will be.
    Answers(Vec<Outgoing>),
    /// These came, and more is to come.
    Events(Vec<Outgoing>),
}

/// Delivers a batch and answers it in the form that fits.
pub(super) async fn post(
    face: &Shared,
    accepts: Accepts,
    session: Result<SessionHandle, Refusal>,
    bytes: &Bytes,
    ambient: Option<TraceContext>,
) -> Result<Response, Refusal> {
    let session = match session {
        // a batch says itself that it belongs to a session
        Err(Refusal::NoSession) => return Err(WireError::Batch.into()),
        session => Some(session?).filter(batch::allowed).ok_or(WireError::Batch)?,
    };
    let batch = Batch::parse(bytes, face.settings.limits)?;
    let (requests, awaited) = (batch.requests(), batch.answers());
    let admissions = batch::admit(&batch, || face.clients.admit()).ok_or(Refusal::Overloaded)?;
    let (stream, outbox) = reply::outbox(accepts);
    let mut abandon = OnDrop::new({
        let (session, requests) = (session.clone(), requests.clone());
        move || requests.iter().for_each(|id| session.abandon(id))
    });
    let delivered = batch::deliver(batch, &session, admissions, &stream, ambient.as_ref());
    delivered.map_err(|SessionGone| Refusal::UnknownSession)?;
    drop(stream);
    match start(&outbox, awaited, accepts, face.settings.json_patience).await {
        Start::Answers(answers) => {
            abandon.disarm();
            Ok(together(answers))
        }
        Start::Events(first) if face.resumption.serves(&session) => {
            abandon.disarm();
            let manner = face.manner();
            Ok(face.resumption.answer(&session, &requests, awaited, outbox, first, manner))
        }
        Start::Events(first) => {
            let purpose = Purpose::Answer(abandon, awaited);
            let events = EventStream::new(outbox, purpose, face.settings.keep_alive);
            Ok(events.starting_with(first).into_response())
        }
    }
}

/// Waits until the form of the response is known.
async fn start(outbox: &Outbox, awaited: usize, accepts: Accepts, patience: Duration) -> Start {
    let mut came = Vec::new();
    if awaited > 0 && accepts == Accepts::Events {
        return Start::Events(came);
    }
    let deadline = Instant::now() + patience;
    while came.len() < awaited {
        let next = match accepts {
            Accepts::Json => Ok(outbox.next().await),
            Accepts::Either | Accepts::Events => timeout_at(deadline, outbox.next()).await,
        };
        match next {
            Ok(Some(outgoing)) if outgoing.answer => came.push(outgoing),
            Ok(Some(_unwanted)) if accepts == Accepts::Json => {}
            Ok(Some(said)) => {
                came.push(said);
                return Start::Events(came);
            }
            Ok(None) => break,
            Err(_elapsed) => return Start::Events(came),
        }
    }
    Start::Answers(came)
}

/// One array with all answers; nothing when there are none.
fn together(answers: Vec<Outgoing>) -> Response {
    if answers.is_empty() {
        return reply::accepted();
    }
    let (payloads, held): (Vec<Payload>, Vec<Held>) =
        answers.into_iter().map(|answer| (answer.payload, answer.held)).unzip();
    reply::json(&Batch::of_answers(&payloads), Held::together(held))
}
