//! A WebSocket server written by hand, so that it can misbehave.

use crate::peer::DEADLINE;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A listening socket.
pub(crate) struct Server(TcpListener);

impl Server {
    pub(crate) async fn bind() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    pub(crate) fn url(&self) -> reqwest::Url {
        let address = self.0.local_addr().unwrap();
        format!("ws://{address}/ws?key=query-secret").parse().unwrap()
    }

    /// The next request for a WebSocket; not answered yet.
    pub(crate) async fn asked(&self) -> Asked {
        let (mut stream, _) = timeout(DEADLINE, self.0.accept()).await.expect("nobody").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        Asked { stream, head: String::from_utf8(head).unwrap() }
    }

    /// The next connection, opened as asked for.
    pub(crate) async fn opened(&self) -> Socket {
        self.asked().await.accept("").await
    }
}

/// A request for a WebSocket.
pub(crate) struct Asked {
    stream: TcpStream,
    pub(crate) head: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Opens it, with further headers.
    pub(crate) async fn accept(mut self, headers: &str) -> Socket {
        let mut hash = Sha1::new();
        hash.update(self.header("sec-websocket-key").unwrap());
        hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let proof = BASE64_STANDARD.encode(hash.finalize());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {proof}\r\n{headers}\r\n"
        );
        self.stream.write_all(head.as_bytes()).await.unwrap();
        Socket(self.stream)
    }

    /// Answers with exactly this.
    pub(crate) async fn answer(mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.shutdown().await.unwrap();
    }
}

/// An open connection.
pub(crate) struct Socket(TcpStream);

impl Socket {
    pub(crate) async fn text(&mut self, text: &str) {
        self.send(0x81, text.as_bytes()).await;
    }

    /// Sends a frame with this first byte.
    pub(crate) async fn send(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..126) => frame.push(u8::try_from(length).unwrap()),
            Ok(length) => {
                frame.push(126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(127);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend(payload);
        // it may have been given up in the middle
        let _given_up = self.0.write_all(&frame).await;
    }

    /// Says goodbye.
    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        self.send(0x88, &[&code.to_be_bytes(), reason.as_bytes()].concat()).await;
    }

    /// The first byte and the payload of the next frame; `None` once the connection has ended.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        timeout(DEADLINE, self.read()).await.expect("nothing comes")
    }

    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await.ok()?;
        let second = self.0.read_u8().await.ok()?;
        assert!(second & 0x80 != 0, "a client masks its frames");
        let length = match second & 0x7f {
            126 => self.0.read_u16().await.ok()?.into(),
            127 => self.0.read_u64().await.ok()?,
            length => length.into(),
        };
        let mask = self.0.read_u32().await.ok()?.to_be_bytes();
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        Some((first, payload))
    }

    /// The text of the next frame.
    pub(crate) async fn message(&mut self) -> String {
        let (first, payload) = self.frame().await.expect("the end");
        assert_eq!(first, 0x81);
        String::from_utf8(payload).unwrap()
    }
}
