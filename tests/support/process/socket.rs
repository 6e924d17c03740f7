//! A client on a WebSocket.

use super::websocket::{Frame, WebSocket};
use super::{INITIALIZE, INITIALIZED, parse};
use std::net::SocketAddr;

/// A connection that has shaken hands.
pub(crate) struct Socket(WebSocket);

impl Socket {
    pub(super) fn open(address: SocketAddr) -> Self {
        let mut client = Self(WebSocket::connect(address, ""));
        let answer = client.ask(INITIALIZE).pop().unwrap();
        assert_eq!(parse(&answer)["result"]["protocolVersion"], "2025-11-25", "{answer}");
        client.0.text(INITIALIZED.as_bytes());
        client
    }

    pub(crate) fn send(&self, message: &str) {
        self.0.text(message.as_bytes());
    }

    /// The next message.
    pub(crate) fn receive_text(&mut self) -> String {
        loop {
            match self.0.frame() {
                Some(Frame::Text(text)) => return text,
                Some(Frame::Ping(payload)) => self.0.send(0x8a, &payload),
                other => panic!("no message came: {other:?}"),
            }
        }
    }

    /// Sends a request and gives everything up to its answer.
    pub(crate) fn ask(&mut self, request: &str) -> Vec<String> {
        self.send(request);
        let id = parse(request)["id"].clone();
        let mut messages = Vec::new();
        loop {
            let text = self.receive_text();
            let message = parse(&text);
            messages.push(text);
            if message["id"] == id && message.get("method").is_none() {
                return messages;
            }
        }
    }
}
