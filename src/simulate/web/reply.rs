//! Answers over HTTP: a page, an object, an event stream.

use crate::simulate::outlet::Part;
use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

/// The connection is to break off without (the rest of) an answer.
#[derive(Debug, thiserror::Error)]
#[error("broken off on purpose")]
pub(super) struct Broken;

/// A status and a few words.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// A body of this kind.
pub(super) fn typed(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// Everything that is said, as one body. Correct servers say one object.
pub(super) async fn object(mut parts: mpsc::Receiver<Part>) -> Result<Response<Body>, Broken> {
    let mut body = Vec::new();
    while let Some(part) = parts.recv().await {
        match part {
            Part::Lines(lines) => {
                for line in lines {
                    body.extend_from_slice(&line);
                    body.push(b'\n');
                }
            }
            Part::Hold => return std::future::pending().await,
            Part::Cut => return Err(Broken),
        }
    }
    Ok(typed("application/json", Body::from(body)))
}

/// An event for each line that is said; `first` goes before.
pub(super) fn events(parts: mpsc::Receiver<Part>, first: Option<String>) -> Response<Body> {
    let said = stream::unfold(parts, |mut parts| async move {
        match parts.recv().await? {
            Part::Lines(lines) => Some((Ok(Bytes::from(spelled(&lines))), parts)),
            Part::Hold => std::future::pending().await,
            Part::Cut => Some((Err(Broken), parts)),
        }
    });
    let first = stream::iter(first.map(|text| Ok(Bytes::from(text))));
    typed("text/event-stream", Body::from_stream(first.chain(said)))
}

/// Lines as events.
fn spelled(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        for piece in line.split(|byte| *byte == b'\n') {
            text.extend_from_slice(b"data: ");
            text.extend_from_slice(piece);
            text.push(b'\n');
        }
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn each_line_is_an_event_and_a_spread_message_one_event_of_several_lines() {
        let lines = [b"{\n}".to_vec(), b"x".to_vec()];
        assert_eq!(spelled(&lines), b"data: {\ndata: }\n\ndata: x\n\n");
    }
}
