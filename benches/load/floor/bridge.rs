//! HTTP before pipes: one child, a table of who waits for which id, and one writer that sends at once what was
//! asked at once.

use super::envelope::Envelope;
use super::{Fault, listen};
use crate::role;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};

/// Messages that are written at once.
const BATCH: usize = 128;

struct Floor {
    next_id: AtomicU64,
    pending: Mutex<HashMap<u64, oneshot::Sender<Vec<u8>>>>,
    writer: mpsc::Sender<Vec<u8>>,
}

pub(super) async fn serve() -> Result<(), Box<dyn Error>> {
    let (_child, stdin, stdout) = role::lines()?;
    let (writer, messages) = mpsc::channel(1024);
    let floor = Arc::new(Floor { next_id: AtomicU64::new(1), pending: Mutex::default(), writer });
    tokio::spawn(write(stdin, messages));
    tokio::spawn(read(Arc::clone(&floor), stdout));
    listen(floor, answer).await
}

async fn answer(
    floor: Arc<Floor>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Fault> {
    let text = request.into_body().collect().await?.to_bytes();
    let envelope = Envelope::of(&text).ok_or("no message")?;
    let own = floor.next_id.fetch_add(1, Ordering::Relaxed);
    let mut line = Vec::with_capacity(text.len() + 24);
    envelope.write_as(&text, &own.to_string(), &mut line);
    line.push(b'\n');
    let Some(id) = envelope.id else {
        floor.writer.send(line).await?;
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::ACCEPTED;
        return Ok(response);
    };
    let (sender, reply) = oneshot::channel();
    floor.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(own, sender);
    floor.writer.send(line).await?;

    let reply = reply.await?;
    let mut back = Vec::with_capacity(reply.len() + 24);
    let answer = Envelope::of(&reply).ok_or("no answer")?;
    answer.write_as(&reply, id.get(), &mut back);
    let mut response = Response::new(Full::from(back));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if envelope.method.is_some_and(|method| method == "initialize") {
        response.headers_mut().insert("mcp-session-id", HeaderValue::from_static("load"));
    }
    Ok(response)
}

async fn write(mut stdin: ChildStdin, mut messages: mpsc::Receiver<Vec<u8>>) -> Result<(), Fault> {
    let mut batch = Vec::with_capacity(BATCH);
    while messages.recv_many(&mut batch, BATCH).await > 0 {
        stdin.write_all(&batch.concat()).await?;
        batch.clear();
    }
    Ok(())
}

async fn read(floor: Arc<Floor>, stdout: ChildStdout) -> Result<(), Fault> {
    let mut stdout = BufReader::with_capacity(64 * 1024, stdout);
    loop {
        let mut line = Vec::with_capacity(256);
        if stdout.read_until(b'\n', &mut line).await? == 0 {
            std::process::exit(1); // what is pending is never answered
        }
        line.pop();
        let id = Envelope::of(&line).and_then(|envelope| envelope.id?.get().parse().ok());
        let Some(id) = id else { continue };
        let waiting = floor.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(waiting) = waiting {
            let _client_left = waiting.send(line);
        }
    }
}
