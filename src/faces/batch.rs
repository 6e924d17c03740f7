//! Batches on a connection that is a session: what is said meanwhile is passed on at once, the answers
//! come together as one array.
//!
//! Source: JSON-RPC 2.0 §6; MCP 2025-03-26 "Base protocol", batching.
//!
//! *Invariant:* either every message of a batch is delivered or none; each request keeps its slot until
//! the array with its answer is written.

use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::session::{
    Admission, ClientStream, ClientStreamReader, Held, Outgoing, SessionGone, SessionHandle,
};
use mcpvisor_actors::wire::{Batch, Kind, ProtocolVersion, WireError, error_reply};

/// Whether this session may send batches.
pub(super) fn allowed(session: &SessionHandle) -> bool {
    session.revision() == Some(ProtocolVersion::V2025_03_26)
}

/// Takes a slot for each request; `None` when there is not one for all of them.
pub(super) fn admit(
    batch: &Batch,
    mut admission: impl FnMut() -> Option<Admission>,
) -> Option<Vec<Admission>> {
    batch.requests().iter().map(|_| admission()).collect()
}

/// Delivers every message; what is to be said goes to `stream`. `ambient` is what came beside them of
/// their trace.
pub(super) fn deliver(
    batch: Batch,
    session: &SessionHandle,
    admissions: Vec<Admission>,
    stream: &ClientStream,
    ambient: Option<&TraceContext>,
) -> Result<(), SessionGone> {
    let mut admissions = admissions.into_iter();
    for message in batch {
        match message {
            Ok(message) => {
                let asks = matches!(message.kind(), Kind::Request { .. });
                let admission = if asks { admissions.next() } else { None };
                session.deliver_within(message, admission, stream.clone(), ambient.cloned())?;
            }
            Err(fault) => {
                let _gone = stream.answer(refusal(&fault), None);
            }
        }
    }
    Ok(())
}

/// The same for a connection: the answers go to `connection` as one array.
pub(super) fn deliver_together(
    batch: Batch,
    session: &SessionHandle,
    admissions: Vec<Admission>,
    connection: ClientStream,
    ambient: Option<&TraceContext>,
) -> Result<(), SessionGone> {
    let awaited = batch.answers();
    let (stream, reader) = ClientStream::new();
    deliver(batch, session, admissions, &stream, ambient)?;
    if awaited > 0 {
        drop(tokio::spawn(collect(reader, awaited, connection)));
    }
    Ok(())
}

/// Passes on what comes until all is answered, or nothing more will be.
async fn collect(mut reader: ClientStreamReader, awaited: usize, connection: ClientStream) {
    let (mut answers, mut all_held) = (Vec::new(), Vec::new());
    while answers.len() < awaited {
        match reader.next().await {
            Some(Outgoing { payload, answer: true, held }) => {
                answers.push(payload);
                all_held.push(held);
            }
            Some(said) => {
                if !connection.pass(said) {
                    return;
                }
            }
            None => break,
        }
    }
    if !answers.is_empty() {
        let (payload, held) = (Batch::of_answers(&answers), Held::together(all_held));
        let _gone = connection.pass(Outgoing { payload, answer: true, held });
    }
}

fn refusal(fault: &WireError) -> mcpvisor_actors::wire::Payload {
    error_reply(None, fault.code(), &fault.to_string(), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use mcpvisor_actors::wire::Payload;

    fn payload(text: &'static str) -> Payload {
        Bytes::from_static(text.as_bytes()).into()
    }

    #[tokio::test]
    async fn what_is_said_comes_at_once_and_the_answers_together() {
        let (stream, reader) = ClientStream::new();
        let (connection, mut client) = ClientStream::new();
        let collecting = tokio::spawn(collect(reader, 3, connection));
        assert!(stream.answer(payload("1"), None));
        stream.notify(payload("said")).unwrap();
        let said = client.next().await.unwrap();
        assert_eq!((&said.payload.to_bytes()[..], said.answer), (&b"said"[..], false));
        assert!(stream.answer(payload("2"), None));
        // the third was cancelled: it is not answered
        drop(stream);
        collecting.await.unwrap();
        let answers = client.next().await.unwrap();
        assert_eq!((&answers.payload.to_bytes()[..], answers.answer), (&b"[1,2]"[..], true));
        assert!(client.next().await.is_none());
    }

    #[tokio::test]
    async fn a_batch_that_is_cancelled_as_a_whole_gets_no_array() {
        let (stream, reader) = ClientStream::new();
        let (connection, mut client) = ClientStream::new();
        drop(stream);
        collect(reader, 2, connection).await;
        assert!(client.next().await.is_none());
    }
}
