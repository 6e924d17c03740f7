//! A client of streamable HTTP that hides nothing: one connection a request, read when asked to.

use super::{INITIALIZE, INITIALIZED, PATIENCE, parse};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A client with a session.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    address: SocketAddr,
    session: Option<String>,
}

/// The head of a response, and its body as far as it is read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    body: Box<dyn BufRead + Send>,
}

impl Http {
    /// Opens a session and shakes hands.
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::try_open(address).unwrap_or_else(|reply| panic!("{} {}", reply.status, reply.head))
    }

    /// The same, for a gateway that may refuse.
    pub(crate) fn try_open(address: SocketAddr) -> Result<Self, Box<Reply>> {
        let mut client = Self { address, session: None };
        let reply = client.post(INITIALIZE);
        if reply.status != 200 {
            return Err(Box::new(reply));
        }
        client.session = reply.header("mcp-session-id");
        assert_eq!(client.post(INITIALIZED).status, 202);
        Ok(client)
    }

    /// A client of 2026-07-28, which has no session.
    pub(crate) fn stateless(address: SocketAddr) -> Self {
        Self { address, session: None }
    }

    /// Posts a message; the answer is not read yet.
    pub(crate) fn post(&self, message: &str) -> Reply {
        Reply::read(self.begin(message))
    }

    /// Opens the stream for what belongs to no request.
    pub(crate) fn listen(&self) -> Reply {
        let reply = self.exchange("GET", "accept: text/event-stream", "");
        assert_eq!(reply.status, 200);
        reply
    }

    /// Another client of the same gateway.
    pub(crate) fn another(&self) -> Self {
        Self::open(self.address)
    }

    /// Ends the session.
    pub(crate) fn leave(&self) {
        assert_eq!(self.exchange("DELETE", "accept: */*", "").status, 200);
    }

    /// Sends without waiting for anything; dropping the connection gives the request up.
    pub(crate) fn begin(&self, message: &str) -> TcpStream {
        self.begin_with("", message)
    }

    /// The same with more headers, each with the end of its line.
    pub(crate) fn begin_with(&self, more: &str, message: &str) -> TcpStream {
        let length = message.len();
        let headers = format!(
            "{more}accept: application/json, text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {length}"
        );
        self.send("POST", &headers, message)
    }

    /// Sends a request and gives everything up to its answer.
    pub(crate) fn ask(&self, request: &str) -> Vec<String> {
        let mut reply = self.post(request);
        assert_eq!(reply.status, 200, "{}", reply.head);
        reply.rest()
    }

    /// The answer to a request alone.
    pub(crate) fn answer(&self, request: &str) -> Value {
        parse(&self.ask(request).pop().unwrap())
    }

    fn send(&self, method: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let session = self.session.as_ref().map_or_else(String::new, |session| {
            format!("mcp-session-id: {session}\r\nmcp-protocol-version: 2025-11-25\r\n")
        });
        let host = self.address;
        let head = format!(
            "{method} /mcp HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{session}{headers}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        stream
    }

    fn exchange(&self, method: &str, headers: &str, body: &str) -> Reply {
        Reply::read(self.send(method, headers, body))
    }
}

impl Reply {
    /// Reads the head of a response.
    pub(crate) fn read(stream: TcpStream) -> Self {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "the connection ended: {head:?}");
        }
        let status = head[9..12].parse().unwrap();
        let chunked = head.contains("transfer-encoding: chunked");
        let body: Box<dyn BufRead + Send> = if chunked {
            Box::new(BufReader::new(Chunks { stream, left: 0, ended: false }))
        } else {
            Box::new(stream)
        };
        Self { status, head, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.map(str::to_owned)
    }

    /// The next message of an event stream, or the one of a document.
    pub(crate) fn message(&mut self) -> Option<String> {
        let events = self.head.contains("text/event-stream");
        let mut line = String::new();
        while self.body.read_line(&mut line).unwrap() > 0 {
            let text = line.trim_end_matches('\n');
            match text.strip_prefix("data: ") {
                Some(data) if events => return Some(data.to_owned()),
                None if !events => return Some(text.to_owned()),
                _ => line.clear(),
            }
        }
        None
    }

    /// All messages to the end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.message()).collect()
    }
}

/// The chunked transfer encoding, read.
struct Chunks<R> {
    stream: R,
    left: usize,
    ended: bool,
}

impl<R: BufRead> Read for Chunks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 && !self.ended {
            let mut size = String::new();
            while size.trim_ascii().is_empty() {
                if self.stream.read_line(&mut size)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            self.left = usize::from_str_radix(size.trim_ascii(), 16).map_err(io::Error::other)?;
            self.ended = self.left == 0;
        }
        let most = buffer.len().min(self.left);
        let read = self.stream.read(&mut buffer[..most])?;
        self.left -= read;
        Ok(read)
    }
}
