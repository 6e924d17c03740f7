//! One open WebSocket to a server.
//!
//! *Invariant:* everything readable is heard before [`Inbound::Lost`]; of what is to be sent, the
//! socket takes no more than one message beyond what its buffer holds.

use crate::downstream::evidence;
use crate::downstream::http::body;
use crate::downstream::http::remote::Remote;
use crate::downstream::outbox::Outbox;
use crate::downstream::streamable_http::FAREWELL;
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Inbound, Loss, Outbound, Transport};
use reqwest::Upgraded;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::timeout;
use yawc::close::CloseCode;
use yawc::{Frame, OpCode, WebSocket, WebSocketError};

/// A server spoken to over a WebSocket.
pub(in crate::downstream) struct WebSocketTransport {
    remote: Arc<Remote>,
    socket: WebSocket<Upgraded>,
    outbox: Outbox,
    heard: VecDeque<Inbound>,
    /// The library owes the server a pong or a goodbye, to be sent before more is read.
    owes: bool,
    /// Why nothing can be sent any more.
    mute: Option<Loss>,
    /// The server has said goodbye, or the connection is broken.
    ended: bool,
}

impl WebSocketTransport {
    pub(super) fn new(remote: Arc<Remote>, socket: WebSocket<Upgraded>) -> Self {
        let outbox = Outbox::new(remote.address().to_owned());
        Self {
            remote,
            socket,
            outbox,
            heard: VecDeque::new(),
            owes: false,
            mute: None,
            ended: false,
        }
    }

    /// Moves queued frames on. A failure is not the end yet: the server may have spoken last.
    fn write(&mut self, context: &mut Context<'_>) {
        if self.mute.is_some() {
            return;
        }
        if let Poll::Ready(Err(error)) = self.poll_write(context) {
            self.mute = Some(self.loss(&error));
        } else if self.outbox.is_overfull() {
            let detail = "the server does not read what it is sent".to_owned();
            self.mute = Some(Loss::Protocol { detail });
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        if self.outbox.is_empty() && !self.owes {
            return self.socket.poll_flush_unpin(context);
        }
        while let Poll::Ready(ready) = self.socket.poll_ready_unpin(context) {
            ready?;
            self.owes = false;
            let Some(message) = self.outbox.take() else { break };
            self.socket.start_send_unpin(Frame::text(message.to_bytes()))?;
        }
        self.socket.poll_flush_unpin(context)
    }

    fn hear(&mut self, frame: Frame) {
        match frame.opcode() {
            OpCode::Text => self.hear_text(&frame.into_payload()),
            OpCode::Binary | OpCode::Continuation => {
                let detail = "the server sends binary data".to_owned();
                self.end(Loss::Protocol { detail });
            }
            OpCode::Close => {
                (self.ended, self.owes) = (true, true);
                self.end(self.farewell(&frame));
            }
            OpCode::Ping => self.owes = true,
            OpCode::Pong => {}
        }
    }

    fn hear_text(&mut self, text: &Bytes) {
        let messages = match body::messages(text, self.remote.limits) {
            Ok(messages) => messages,
            Err(loss) => return self.end(loss),
        };
        let alone = messages.len() == 1;
        self.heard.extend(messages.into_iter().map(|message| match message {
            Ok(message) => Inbound::Message { message, related: None },
            // the id in it, if one can be read, lets its request fail now and not by timeout
            Err(noise) if alone => {
                Inbound::Noise(self.remote.discreet(evidence::noise(text, noise.fault)))
            }
            Err(noise) => Inbound::Noise(self.remote.discreet(noise)),
        }));
    }

    fn end(&mut self, loss: Loss) {
        self.heard.push_back(Inbound::Lost(loss));
    }

    /// What the server's goodbye means.
    fn farewell(&self, frame: &Frame) -> Loss {
        let code = frame.close_code();
        let number = code.map_or(1005, u16::from);
        let reason = match frame.close_reason() {
            Ok(Some(reason)) if !reason.is_empty() => {
                format!(", {}", self.remote.excerpt(reason.as_bytes()))
            }
            _ => String::new(),
        };
        let detail = format!("the server closed the WebSocket ({number}{reason})");
        match code {
            Some(
                CloseCode::Protocol
                | CloseCode::Unsupported
                | CloseCode::Invalid
                | CloseCode::Policy
                | CloseCode::Size
                | CloseCode::Extension,
            ) => Loss::Protocol { detail },
            _ => Loss::Unreachable { address: self.remote.address().to_owned(), detail },
        }
    }

    /// What a broken connection means.
    fn loss(&self, error: &WebSocketError) -> Loss {
        let address = || self.remote.address().to_owned();
        match error {
            WebSocketError::ConnectionClosed => Loss::Unreachable {
                address: address(),
                detail: "the connection ended without a goodbye".to_owned(),
            },
            WebSocketError::IoError(error) => {
                Loss::Unreachable { address: address(), detail: error.to_string() }
            }
            WebSocketError::FrameTooLarge => {
                let limit = self.remote.limits.max_bytes;
                let detail = format!(
                    "the server sent a message of more than {limit} bytes; raise `max_message_bytes`"
                );
                Loss::Protocol { detail }
            }
            other => Loss::Protocol { detail: format!("broken WebSocket frames: {other}") },
        }
    }
}

impl Transport for WebSocketTransport {
    fn send(&mut self, frame: Outbound) {
        self.outbox.push(frame);
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        loop {
            self.write(context);
            if let Some(heard) = self.heard.pop_front() {
                return Poll::Ready(heard);
            }
            let next = if self.owes && self.mute.is_none() {
                Poll::Pending
            } else {
                self.socket.poll_next_frame(context)
            };
            match next {
                Poll::Ready(Ok(frame)) => self.hear(frame),
                Poll::Ready(Err(error)) => {
                    (self.ended, self.owes) = (true, true);
                    let loss = self.mute.take().unwrap_or_else(|| self.loss(&error));
                    self.end(loss);
                }
                Poll::Pending => match self.mute.take() {
                    Some(loss) => self.end(loss),
                    None => return Poll::Pending,
                },
            }
        }
    }

    fn is_unsent(&self, id: u64) -> bool {
        self.outbox.is_unsent(id)
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        let Self { mut socket, remote, ended, .. } = *self;
        Box::pin(async move {
            let goodbye = async {
                if ended {
                    return Ok(());
                }
                socket.send(Frame::close(CloseCode::Normal, "")).await?;
                while socket.next_frame().await?.opcode() != OpCode::Close {}
                Ok::<_, WebSocketError>(())
            };
            let polite = matches!(timeout(FAREWELL, goodbye).await, Ok(Ok(())));
            tracing::debug!(address = remote.address(), polite, "WebSocket closed");
        })
    }
}
