//! Bodies and event data as messages, under a cap.
//!
//! Never keeps more of a broken answer than an excerpt.

use super::buffers;
use super::response::{Fault, Response};
use crate::downstream::evidence;
use bytes::Bytes;
use mcpvisor_actors::server::{Loss, Noise};
use mcpvisor_actors::wire::{Kind, Limits, Message, Strictness, WireError, elements};
use reqwest::header::CONTENT_LENGTH;

/// How many bytes of something broken are kept; fewer are shown.
pub(crate) const EXCERPT: usize = 1000;

/// Messages in one batch.
const MAX_MESSAGES: usize = 1024;

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// Larger than the cap; its first bytes.
    TooLarge(Bytes),
    /// The connection broke.
    Broken(Fault),
}

/// Reads a whole body of at most `limit` bytes; one that came in one piece is not copied.
pub(crate) async fn read(response: &mut Response, limit: usize) -> Result<Bytes, BodyFault> {
    let declared = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let declared = declared.and_then(|text| text.parse().ok()).unwrap_or(0);
    let Some(first) = next(response).await? else { return Ok(Bytes::new()) };
    let too_large = |start: &[u8]| {
        BodyFault::TooLarge(Bytes::copy_from_slice(&start[..start.len().min(EXCERPT)]))
    };
    if first.len() > limit {
        return Err(too_large(&first));
    }
    // a body that goes on is copied at once, so that what follows can be read to the same place
    let mut chunk = Some(Bytes::new());
    if first.len() >= declared {
        chunk = next(response).await?;
        if chunk.is_none() {
            return Ok(first);
        }
    }
    let mut all = buffers::SHARED.take(declared.clamp(first.len(), limit));
    all.extend_from_slice(&first);
    drop(first);
    while let Some(more) = chunk {
        if all.len() + more.len() > limit {
            return Err(too_large(&all));
        }
        all.extend_from_slice(&more);
        drop(more);
        chunk = next(response).await?;
    }
    Ok(buffers::SHARED.lend(all))
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, BodyFault> {
    response.chunk().await.map_err(BodyFault::Broken)
}

/// The start of some bytes on one line.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One message, or the messages of a batch (revision 2025-03-26). A batch above the cap may hold
/// any answer, so that nothing of it can be left out quietly: it is a loss.
pub(crate) fn messages(data: &Bytes, limits: Limits) -> Result<Vec<Result<Message, Noise>>, Loss> {
    let one = |bytes: Bytes| {
        Message::parse(bytes.clone(), limits, Strictness::Liberal)
            .map_err(|fault| noise(fault, &bytes))
    };
    let data = match data.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => data.slice_ref(rest),
        None => data.clone(),
    };
    if data.trim_ascii_start().first() == Some(&b'[')
        && let Ok(batch) = elements(&data, MAX_MESSAGES)
    {
        return match batch {
            Some(all) => {
                Ok(all.into_iter().map(|raw| one(data.slice_ref(raw.get().as_bytes()))).collect())
            }
            None => Err(Loss::Protocol {
                detail: format!("the server sent a batch of more than {MAX_MESSAGES} messages"),
            }),
        };
    }
    Ok(vec![one(data)])
}

/// Evidence of something that is no message; if it was meant as an answer, of which request.
pub(crate) fn noise(fault: WireError, bytes: &[u8]) -> Noise {
    Noise { fault, excerpt: excerpt(bytes), id: evidence::request_id(bytes, None) }
}

/// The request of ours the message answers, if it does: all our ids are numbers.
pub(crate) fn answered(message: &Message) -> Option<u64> {
    match message.kind() {
        Kind::Response { id: Some(raw), .. } => raw.as_number(),
        _ => None,
    }
}

/// Whether the message answers our request `id`.
pub(crate) fn answers(message: &Message, id: u64) -> bool {
    answered(message) == Some(id)
}

/// Whether the message answers a request of ours, whichever.
pub(crate) fn is_answer(message: &Message) -> bool {
    answered(message).is_some()
}

/// Whether a response is an error.
pub(crate) fn is_error(message: &Message) -> bool {
    matches!(message.kind(), Kind::Response { ok: false, .. })
}

/// An error without an id that is the whole answer to our request `id` gets that id.
pub(crate) fn adopt(message: Message, id: u64, limits: Limits) -> Message {
    match message.kind() {
        Kind::Response { id: None, ok: false } => {
            let bytes = message.with_id(id.to_string().as_bytes(), &[]).to_bytes();
            Message::parse(bytes, limits, Strictness::Liberal).unwrap_or(message)
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(data: &'static str) -> Vec<Result<String, WireError>> {
        messages(&Bytes::from_static(data.as_bytes()), Limits::default())
            .unwrap()
            .into_iter()
            .map(|one| match one {
                Ok(message) => Ok(String::from_utf8_lossy(message.bytes()).into_owned()),
                Err(noise) => Err(noise.fault),
            })
            .collect()
    }

    #[test]
    fn a_batch_is_taken_apart_byte_for_byte_and_a_bad_member_costs_itself_only() {
        let a = r#"{"id":1,"result":{"n": 1.0}}"#;
        assert_eq!(texts("\u{feff}{\"id\":1,\"result\":{\"n\": 1.0}}"), [Ok(a.to_owned())]);
        let batch = texts(r#" [ {"id":1,"result":{"n": 1.0}} , 7 ]"#);
        assert_eq!(batch[0], Ok(a.to_owned()));
        assert!(batch[1].is_err());
        assert!(matches!(texts("[{")[..], [Err(_)]));
    }

    #[test]
    fn an_error_without_an_id_becomes_the_answer() {
        for text in [
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","error":{"code":1,"message":"m"}}"#,
        ] {
            let message = messages(&Bytes::from_static(text.as_bytes()), Limits::default());
            let message = message.unwrap().into_iter().next().unwrap().unwrap();
            assert!(!answers(&message, 5) && !is_answer(&message));
            assert!(answers(&adopt(message, 5, Limits::default()), 5));
        }
    }

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt(b"<html>\r\n  <b>no</b>"), "<html> <b>no</b>");
        assert_eq!(excerpt(&[b'x'; 5000]).len(), EXCERPT);
    }
}
