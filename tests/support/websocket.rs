//! A WebSocket client written by hand, so that it can misbehave.
//!
//! Source: RFC 6455.
#![allow(dead_code)] // each test uses its part

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// The headers of an ordinary handshake.
pub(crate) const HANDSHAKE: &str = "connection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// What was received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// With its code and reason.
    Close(u16, String),
}

/// A connection after the handshake.
pub(crate) struct WebSocket {
    stream: TcpStream,
    /// The head of the response that opened it.
    pub(crate) head: String,
}

impl WebSocket {
    /// Connects; `headers` go with the handshake.
    pub(crate) fn connect(address: SocketAddr, headers: &str) -> Self {
        Self::connect_at("/ws", address, headers)
    }

    /// Connects to this path.
    pub(crate) fn connect_at(path: &str, address: SocketAddr, headers: &str) -> Self {
        Self::ask_at(path, address, &format!("host: {address}\r\n{HANDSHAKE}{headers}"))
            .unwrap_or_else(|head| panic!("refused: {head}"))
    }

    /// Asks with exactly these headers; gives the head of the response when it is refused.
    pub(crate) fn ask(address: SocketAddr, headers: &str) -> Result<Self, String> {
        Self::ask_at("/ws", address, headers)
    }

    /// Asks at this path.
    pub(crate) fn ask_at(path: &str, address: SocketAddr, headers: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\n{headers}\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        if head.starts_with("HTTP/1.1 101 ") { Ok(Self { stream, head }) } else { Err(head) }
    }

    /// Gives sending so much time.
    pub(crate) fn patience(&self, longest: Duration) {
        self.stream.set_write_timeout(Some(longest)).unwrap();
    }

    /// The same connection, for another thread.
    pub(crate) fn another(&self) -> Self {
        Self { stream: self.stream.try_clone().unwrap(), head: self.head.clone() }
    }

    /// Sends one message.
    pub(crate) fn text(&self, message: &[u8]) {
        self.send(0x81, message);
    }

    /// Sends a frame with this first byte.
    pub(crate) fn send(&self, first: u8, payload: &[u8]) {
        self.try_send(first, payload).unwrap();
    }

    /// The same where the gateway may have closed already.
    pub(crate) fn try_send(&self, first: u8, payload: &[u8]) -> std::io::Result<()> {
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length @ 126..65_536 => {
                frame.push(0xfe);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                frame.push(0xff);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        let mask = [7, 1, 9, 4];
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        (&self.stream).write_all(&frame)
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&self, bytes: &[u8]) {
        (&self.stream).write_all(bytes).unwrap();
    }

    /// The next frame; `None` once the connection has ended.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let [first, second] = self.read::<2>()?;
        let length = match second {
            126 => u16::from_be_bytes(self.read()?).into(),
            127 => u64::from_be_bytes(self.read()?),
            length => length.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).ok()?;
        Some(match first {
            0x81 => Frame::Text(String::from_utf8(payload).unwrap()),
            0x88 => {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                let reason = String::from_utf8(payload.get(2..).unwrap_or_default().to_vec());
                Frame::Close(code, reason.unwrap())
            }
            0x89 => Frame::Ping(payload),
            0x8a => Frame::Pong(payload),
            other => panic!("a frame that begins with {other:#x}"),
        })
    }

    /// The next message.
    pub(crate) fn message(&mut self) -> serde_json::Value {
        loop {
            match self.frame() {
                Some(Frame::Text(text)) if text.contains("notifications/tools/list_changed") => {}
                Some(Frame::Text(text)) => return serde_json::from_str(&text).unwrap(),
                Some(Frame::Ping(payload)) => self.send(0x8a, &payload),
                Some(Frame::Pong(_)) => {}
                other => panic!("no message: {other:?}"),
            }
        }
    }

    /// The close code that comes, whatever comes before it.
    pub(crate) fn closed(&mut self) -> u16 {
        loop {
            match self.frame() {
                Some(Frame::Close(code, _)) => return code,
                Some(_) => {}
                None => panic!("ended without a close frame"),
            }
        }
    }

    /// Leaves without a goodbye.
    pub(crate) fn vanish(&self) {
        self.stream.shutdown(Shutdown::Both).unwrap();
    }

    fn read<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}
