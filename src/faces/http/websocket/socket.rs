//! A WebSocket with an end to listen and an end to speak, both in one task.
//!
//! *Invariant:* the lock is held for one poll, never across an await; a peer that takes nothing is
//! read no further than its next ping.

use crate::faces::connection::{Heard, Input, Output};
use futures_util::{FutureExt, SinkExt};
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::wire::Payload;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use yawc::{Frame, HttpStream, OpCode, WebSocket, WebSocketError};

/// A client's WebSocket; clones are the same one.
#[derive(Clone)]
pub(super) struct Socket(Arc<Mutex<WebSocket<HttpStream>>>);

impl Socket {
    pub(super) fn new(socket: WebSocket<HttpStream>) -> Self {
        Self(Arc::new(Mutex::new(socket)))
    }

    fn lock(&self) -> MutexGuard<'_, WebSocket<HttpStream>> {
        lock(&self.0)
    }

    /// The next frame; messages are whole. Cancel-safe.
    pub(super) async fn frame(&self) -> Result<Frame, WebSocketError> {
        poll_fn(|context| self.lock().poll_next_frame(context)).await
    }

    /// Takes a frame to be sent, once there is room; also sends what the library owes the peer.
    pub(super) async fn feed(&self, frame: Frame) -> Result<(), WebSocketError> {
        self.ready().await?;
        self.lock().start_send_unpin(frame)
    }

    /// Waits for room.
    pub(super) async fn ready(&self) -> Result<(), WebSocketError> {
        poll_fn(|context| self.lock().poll_ready_unpin(context)).await
    }

    /// Sends off what was taken.
    pub(super) async fn flush(&self) -> Result<(), WebSocketError> {
        poll_fn(|context| self.lock().poll_flush_unpin(context)).await
    }
}

/// Why a client is heard no more.
#[derive(Debug)]
pub(super) enum Fault {
    /// It said goodbye.
    Left,
    /// It sent binary data.
    Binary,
    /// It sent text that is none.
    NotText,
    /// It gave no sign of life.
    Silent,
    /// It broke the rules, or the connection broke.
    Broken(WebSocketError),
}

/// The end to listen. Asks for a sign of life now and then.
pub(super) struct Ears<F> {
    socket: Socket,
    /// Whether the session is still there.
    alive: F,
    every: Duration,
    patience: Duration,
}

impl<F: Fn() -> bool + Send> Ears<F> {
    pub(super) fn new(socket: Socket, alive: F, every: Duration, patience: Duration) -> Self {
        Self { socket, alive, every, patience }
    }
}

impl<F: Fn() -> bool + Send> Input for Ears<F> {
    type Error = Fault;

    /// Silence is counted only while we listen: what was said meanwhile waits to be read.
    async fn next(&mut self) -> Result<Option<Heard>, Fault> {
        let mut heard = Instant::now();
        loop {
            if !(self.alive)() {
                return Ok(None);
            }
            let Ok(frame) = timeout(self.every, self.socket.frame()).await else {
                if heard.elapsed() >= self.patience {
                    return Err(Fault::Silent);
                }
                // where there is no room for a ping, something else waits to be taken
                let ping = async {
                    self.socket.feed(Frame::ping("")).await?;
                    self.socket.flush().await
                };
                let _told_by_reading = ping.now_or_never();
                continue;
            };
            heard = Instant::now();
            let frame = frame.map_err(Fault::Broken)?;
            match frame.opcode() {
                OpCode::Text if !frame.is_utf8() => return Err(Fault::NotText),
                OpCode::Text => return Ok(Some(Heard::Text(frame.into_payload()))),
                OpCode::Binary | OpCode::Continuation => return Err(Fault::Binary),
                OpCode::Close => return Err(Fault::Left),
                // the library owes a pong for each ping: no further one before it is sent
                OpCode::Ping => match timeout(self.patience, self.socket.ready()).await {
                    Ok(ready) => ready.map_err(Fault::Broken)?,
                    Err(_elapsed) => return Err(Fault::Silent),
                },
                OpCode::Pong => {}
            }
        }
    }
}

/// The end to speak.
pub(super) struct Mouth(pub(super) Socket);

impl Output for Mouth {
    type Error = WebSocketError;

    async fn write(&mut self, message: Payload) -> Result<(), WebSocketError> {
        self.0.feed(Frame::text(message.to_bytes())).await
    }

    async fn flush(&mut self) -> Result<(), WebSocketError> {
        self.0.flush().await
    }
}
