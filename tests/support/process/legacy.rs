//! A client of legacy HTTP+SSE: one event stream it reads when asked to, a connection a message.

use super::{INITIALIZE, INITIALIZED, PATIENCE, Reply};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

/// A client with a session, which lives as long as this.
pub(crate) struct Legacy {
    address: SocketAddr,
    stream: Reply,
    path: String,
}

impl Legacy {
    /// Opens the stream and shakes hands.
    pub(crate) fn open(address: SocketAddr) -> Self {
        let mut stream = Reply::read(send(address, "GET /sse", "accept: text/event-stream", ""));
        assert_eq!(stream.status, 200);
        let path = stream.message().unwrap();
        let mut client = Self { address, stream, path };
        client.post(INITIALIZE);
        assert!(client.message().is_some());
        client.post(INITIALIZED);
        client
    }

    /// Posts a message, which must be taken.
    pub(crate) fn post(&self, message: &str) {
        let length = message.len();
        let headers = format!("content-type: application/json\r\ncontent-length: {length}");
        let posted = send(self.address, &format!("POST {}", self.path), &headers, message);
        assert_eq!(Reply::read(posted).status, 202);
    }

    /// The next message on the stream.
    pub(crate) fn message(&mut self) -> Option<String> {
        self.stream.message()
    }

    /// All messages to the end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.stream.rest()
    }
}

fn send(address: SocketAddr, line: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head =
        format!("{line} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    stream
}
