//! A client that writes HTTP/1.1 by hand.

use crate::world::PATIENCE;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of the error in the body.
    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {self:?}"))
    }

    /// The messages of an event stream, in order.
    pub(crate) fn events(&self) -> Vec<Value> {
        events(&self.body)
    }
}

/// The messages of the whole events in a text.
pub(crate) fn events(text: &str) -> Vec<Value> {
    let whole = text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// Sends one request on a connection of its own and reads to the end.
pub(crate) async fn send(address: SocketAddr, head: &str, body: &str) -> Response {
    let mut socket = open(address, head, body).await;
    let mut read = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut read)).await.expect("it does not end").unwrap();
    let text = String::from_utf8(read).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response { status, head: head.to_owned(), body: body.to_owned() }
}

/// The same for a POST of JSON; HTTP/1.0, so that events come without chunks around them.
pub(crate) async fn post(address: SocketAddr, headers: &str, body: &str) -> Response {
    send(address, &posting(headers), body).await
}

/// The head of a POST.
pub(crate) fn posting(headers: &str) -> String {
    format!(
        "POST /mcp HTTP/1.0\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{headers}"
    )
}

/// Sends a request and leaves the connection open.
pub(crate) async fn open(address: SocketAddr, head: &str, body: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let text = format!("{head}host: {address}\r\ncontent-length: {length}\r\n\r\n{body}");
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

/// An event stream that is read as it comes.
pub(crate) struct Stream {
    socket: TcpStream,
    read: Vec<u8>,
}

impl Stream {
    pub(crate) async fn post(address: SocketAddr, headers: &str, body: &str) -> Self {
        let socket = open(address, &posting(headers), body).await;
        Self { socket, read: Vec::new() }
    }

    /// The next message; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.read.drain(..end + 2).collect();
                if let Some(message) = events(std::str::from_utf8(&event).unwrap()).pop() {
                    return Some(message);
                }
            }
            let more = timeout(PATIENCE, self.socket.read_buf(&mut self.read)).await;
            if more.expect("nothing comes").unwrap() == 0 {
                return None;
            }
        }
    }
}
