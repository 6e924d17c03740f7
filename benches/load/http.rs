//! A Streamable HTTP client on raw keep-alive connections, just good enough for a trusted peer.
//!
//! Hand-written to be cheap: the client must not be what is measured.

use crate::work::{Batch, FIRST_ID, INITIALIZE, INITIALIZED, Load, Reply, Template};
use futures_util::future::try_join_all;
use memchr::memmem;
use std::cell::Cell;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One MCP session over as many connections as calls are in flight.
pub(crate) struct HttpSession {
    address: SocketAddr,
    id: Option<String>,
    connections: Vec<Connection>,
    tool: String,
    next_id: u64,
}

impl HttpSession {
    pub(crate) async fn open(address: SocketAddr, tool: &str) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        let id = connection.initialize(address).await?;
        let (connections, tool) = (vec![connection], tool.to_owned());
        Ok(Self { address, id, connections, tool, next_id: FIRST_ID })
    }

    /// Makes all calls, `in_flight` at a time.
    pub(crate) async fn run(&mut self, load: &Load) -> Result<Batch> {
        while self.connections.len() < load.in_flight {
            self.connections.push(Connection::open(self.address).await?);
        }
        let template = Template::of(&self.tool, load.what);
        let head = head(self.address, self.id.as_deref(), template.len());
        let end = self.next_id + load.calls as u64;
        let next = Cell::new(self.next_id);
        self.next_id = end;
        let (head, next, template) = (head.as_bytes(), &next, &template);
        let workers =
            self.connections.iter_mut().take(load.in_flight).map(|connection| async move {
                let mut batch = Batch::default();
                let mut request = Vec::with_capacity(head.len() + template.len());
                while next.get() < end {
                    let id = next.replace(next.get() + 1);
                    request.clear();
                    request.extend_from_slice(head);
                    template.write(id, &mut request);
                    let sent = Instant::now();
                    connection.exchange(&request).await?;
                    let latency = sent.elapsed();
                    let reply = Reply::of(connection.body());
                    if reply.id() != Some(id) {
                        return Err(Error::other(connection.refusal()));
                    }
                    batch.note(latency, &reply);
                    if load.rest > 0 {
                        tokio::time::sleep(latency * load.rest).await;
                    }
                }
                Ok::<Batch, Error>(batch)
            });
        let mut total = Batch::default();
        for batch in try_join_all(workers).await? {
            total.merge(batch);
        }
        Ok(total)
    }

    /// Any request of this session; its answer is the body of the first connection.
    pub(crate) async fn ask(&mut self, text: &str) -> Result<&[u8]> {
        let request = head(self.address, self.id.as_deref(), text.len()) + text;
        let connection = &mut self.connections[0];
        connection.exchange(request.as_bytes()).await?;
        Ok(connection.body())
    }
}

/// The head of a POST with so many bytes.
fn head(address: SocketAddr, session: Option<&str>, length: usize) -> String {
    let session = session.map_or_else(String::new, |id| {
        format!("Mcp-Session-Id: {id}\r\nMCP-Protocol-Version: 2025-11-25\r\n")
    });
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{session}Content-Length: {length}\r\n\r\n"
    )
}

/// One connection, which has one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was received: a head, then a body.
    received: Vec<u8>,
    /// Where the body starts.
    start: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::new(), start: 0 })
    }

    /// Opens a session; its id, if it has one.
    pub(crate) async fn initialize(&mut self, address: SocketAddr) -> Result<Option<String>> {
        self.exchange((head(address, None, INITIALIZE.len()) + INITIALIZE).as_bytes()).await?;
        if !Reply::of(self.body()).succeeded() {
            return Err(Error::other(self.refusal()));
        }
        let id = header(&self.received[..self.start], "mcp-session-id").map(str::to_owned);
        let request = head(address, id.as_deref(), INITIALIZED.len()) + INITIALIZED;
        self.exchange(request.as_bytes()).await?;
        Ok(id)
    }

    /// Asks for a page; its status.
    pub(crate) async fn get(&mut self, address: SocketAddr, path: &str) -> Result<u16> {
        self.exchange(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await?;
        let status = self.received.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
        status.and_then(|code| code.parse().ok()).ok_or_else(|| Error::other(self.refusal()))
    }

    /// Opens the event stream of a session and leaves it open.
    pub(crate) async fn listen(&mut self, address: SocketAddr, id: &str) -> Result<()> {
        let request = format!(
            "GET /mcp HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\
             Mcp-Session-Id: {id}\r\nMCP-Protocol-Version: 2025-11-25\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.read_head().await?;
        let accepted = self.received.starts_with(b"HTTP/1.1 200");
        accepted.then_some(()).ok_or_else(|| Error::other(self.refusal()))
    }

    /// One request and its whole response.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<()> {
        self.stream.write_all(request).await?;
        self.read_head().await?;
        let head = &self.received[..self.start];
        if let Some(length) = header(head, "content-length") {
            let length: usize = length.parse().map_err(Error::other)?;
            return self.read_up_to(self.start + length).await;
        }
        if header(head, "transfer-encoding").is_some() { self.read_chunks().await } else { Ok(()) }
    }

    async fn read_head(&mut self) -> Result<()> {
        self.received.clear();
        loop {
            self.read_up_to(self.received.len() + 1).await?;
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                self.start = end + 4;
                return Ok(());
            }
        }
    }

    /// Reads until so much was received.
    async fn read_up_to(&mut self, length: usize) -> Result<()> {
        self.received.reserve(length.saturating_sub(self.received.len()).max(4096));
        while self.received.len() < length {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the peer closed the connection"));
            }
        }
        Ok(())
    }

    /// Reads all chunks and leaves what is in them.
    async fn read_chunks(&mut self) -> Result<()> {
        let mut at = self.start;
        loop {
            let line = loop {
                if let Some(length) = memmem::find(&self.received[at..], b"\r\n") {
                    break length;
                }
                self.read_up_to(self.received.len() + 1).await?;
            };
            let size = std::str::from_utf8(&self.received[at..at + line]).map_err(Error::other)?;
            let size = usize::from_str_radix(size, 16).map_err(Error::other)?;
            self.received.drain(at..at + line + 2);
            self.read_up_to(at + size + 2).await?;
            at += size;
            self.received.drain(at..at + 2);
            if size == 0 {
                return Ok(());
            }
        }
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.received[self.start..]
    }

    /// What was answered, in short.
    pub(crate) fn refusal(&self) -> String {
        String::from_utf8_lossy(&self.received).chars().take(400).collect()
    }
}

/// The value of a header in this head.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        let value = found.eq_ignore_ascii_case(name.as_bytes()).then_some(value)?;
        Some(std::str::from_utf8(value.strip_prefix(b":")?).ok()?.trim())
    })
}
