//! A Streamable HTTP client on raw keep-alive connections, just good enough for a trusted peer.
//!
//! Hand-written to be cheap: the client must not be what is measured.

use crate::batch::{Batch, INITIALIZE, INITIALIZED, Load, Reply, write_call};
use futures_util::future::try_join_all;
use std::cell::Cell;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// One MCP session over as many connections as calls are in flight.
pub(crate) struct HttpSession {
    address: SocketAddr,
    id: Option<String>,
    connections: Vec<Connection>,
    tool: &'static str,
    next_id: u64,
}

impl HttpSession {
    pub(crate) async fn open(address: SocketAddr, tool: &'static str) -> Result<Self> {
        let mut connection = Connection::open(address).await?;
        let head = head(address, None);
        connection.exchange(&head, INITIALIZE.as_bytes()).await?;
        if !connection.reply().is_some_and(|reply| reply.succeeded()) {
            return Err(Error::other("initialize was refused"));
        }
        let id = connection.session.take();
        connection.exchange(&self::head(address, id.as_deref()), INITIALIZED.as_bytes()).await?;
        Ok(Self { address, id, connections: vec![connection], tool, next_id: 1 })
    }

    /// Makes all calls, `in_flight` at a time.
    pub(crate) async fn run(&mut self, load: &Load<'_>) -> Result<Batch> {
        while self.connections.len() < load.in_flight {
            self.connections.push(Connection::open(self.address).await?);
        }
        let head = head(self.address, self.id.as_deref());
        let end = self.next_id + load.calls as u64;
        let next = Cell::new(self.next_id);
        self.next_id = end;
        let (tool, head, next) = (self.tool, &head, &next);
        let workers =
            self.connections.iter_mut().take(load.in_flight).map(|connection| async move {
                let mut batch = Batch::default();
                let mut body = Vec::with_capacity(load.payload.len() + 128);
                while next.get() < end {
                    let id = next.replace(next.get() + 1);
                    write_call(&mut body, id, tool, load.payload);
                    let sent = Instant::now();
                    connection.exchange(head, &body).await?;
                    match connection.reply().filter(|reply| reply.id == Some(id)) {
                        Some(reply) => batch.note(sent.elapsed(), &reply),
                        None => return Err(Error::other(connection.refusal())),
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
}

/// Everything of a request up to the length of its body.
fn head(address: SocketAddr, session: Option<&str>) -> String {
    let session = session.map_or_else(String::new, |id| {
        format!("Mcp-Session-Id: {id}\r\nMCP-Protocol-Version: 2025-11-25\r\n")
    });
    format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\n{session}Content-Length: "
    )
}

struct Connection {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
    line: String,
    status: u16,
    session: Option<String>,
    body: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::with_capacity(64 * 1024, stream),
            request: Vec::new(),
            line: String::new(),
            status: 0,
            session: None,
            body: Vec::new(),
        })
    }

    /// One request and its whole response.
    async fn exchange(&mut self, head: &str, body: &[u8]) -> Result<()> {
        self.request.clear();
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(format!("{}\r\n\r\n", body.len()).as_bytes());
        self.request.extend_from_slice(body);
        self.stream.get_mut().write_all(&self.request).await?;

        self.next_line().await?;
        let status = self.line.split(' ').nth(1).and_then(|code| code.parse().ok());
        self.status = status.ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            self.next_line().await?;
            if self.line.is_empty() {
                break;
            }
            let Some((name, value)) = self.line.split_once(':') else { continue };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().map_err(Error::other)?,
                "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
                "mcp-session-id" => self.session = Some(value.to_owned()),
                _ => {}
            }
        }
        self.body.clear();
        if !chunked {
            return self.take(length).await;
        }
        loop {
            self.next_line().await?;
            let size = usize::from_str_radix(&self.line, 16).map_err(Error::other)?;
            self.take(size).await?;
            self.next_line().await?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    async fn next_line(&mut self) -> Result<()> {
        self.line.clear();
        if self.stream.read_line(&mut self.line).await? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the peer closed the connection"));
        }
        self.line.truncate(self.line.trim_end().len());
        Ok(())
    }

    /// Appends the next `size` bytes to the body.
    async fn take(&mut self, size: usize) -> Result<()> {
        let start = self.body.len();
        self.body.resize(start + size, 0);
        self.stream.read_exact(&mut self.body[start..]).await.map(drop)
    }

    /// The answer in the body, which is JSON or events.
    fn reply(&self) -> Option<Reply<'_>> {
        Reply::parse(&self.body).or_else(|| {
            let mut lines = self.body.split(|byte| *byte == b'\n');
            lines.find_map(|line| Reply::parse(line.strip_prefix(b"data:")?))
        })
    }

    fn refusal(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        format!("HTTP status {}: {}", self.status, text.chars().take(200).collect::<String>())
    }
}
