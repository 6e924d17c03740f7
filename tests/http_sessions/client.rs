//! A client that sees every byte of an event stream, and can leave after any of them.

use crate::process::{INITIALIZED, PATIENCE, parse};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A client with a session.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) session: String,
    pub(crate) revision: &'static str,
}

/// A server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<String>,
    pub(crate) data: String,
}

/// A response, read as far as was asked for.
pub(crate) struct Response {
    socket: TcpStream,
    /// Everything read so far.
    pub(crate) text: String,
}

pub(crate) fn initialize(revision: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"open","method":"initialize","params":{{"protocolVersion":"{revision}","capabilities":{{}},"clientInfo":{{"name":"test","version":"1"}}}}}}"#
    )
}

impl Client {
    /// Opens a session of this revision.
    pub(crate) fn open(address: SocketAddr, revision: &'static str) -> Self {
        Self::try_open(address, revision).unwrap_or_else(|response| panic!("{}", response.text))
    }

    /// The same, for a gateway that may refuse.
    pub(crate) fn try_open(address: SocketAddr, revision: &'static str) -> Result<Self, Response> {
        let mut client = Self { address, session: String::new(), revision };
        let mut opened = client.post(&initialize(revision), "application/json");
        opened.finish();
        if opened.status() != 200 {
            return Err(opened);
        }
        client.session = opened.header("mcp-session-id").expect("a session id");
        assert_eq!(client.ask_status(INITIALIZED), 202);
        Ok(client)
    }

    /// Posts one message; nothing is read yet.
    pub(crate) fn post(&self, message: &str, accept: &str) -> Response {
        let length = message.len();
        let head = format!(
            "accept: {accept}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
        );
        self.send("POST", &head, message)
    }

    /// Posts one message and reads the whole answer.
    pub(crate) fn ask(&self, message: &str) -> Response {
        let mut response = self.post(message, "application/json, text/event-stream");
        response.finish();
        response
    }

    pub(crate) fn ask_status(&self, message: &str) -> u16 {
        self.ask(message).status()
    }

    /// Opens the standing stream, or resumes any.
    pub(crate) fn get(&self, last: Option<&str>) -> Response {
        let last = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        self.send("GET", &format!("accept: text/event-stream\r\n{last}"), "")
    }

    /// Ends the session.
    pub(crate) fn leave(&self) -> u16 {
        let mut response = self.send("DELETE", "", "");
        response.finish();
        response.status()
    }

    // HTTP/1.0, because then there are no chunks around the events
    fn send(&self, method: &str, headers: &str, body: &str) -> Response {
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let named = if self.session.is_empty() {
            String::new()
        } else {
            format!(
                "mcp-session-id: {}\r\nmcp-protocol-version: {}\r\n",
                self.session, self.revision
            )
        };
        let host = self.address;
        let head = format!("{method} /mcp HTTP/1.0\r\nhost: {host}\r\n{named}{headers}\r\n{body}");
        socket.write_all(head.as_bytes()).unwrap();
        Response { socket, text: String::new() }
    }
}

impl Response {
    /// Reads on until `enough` says so; whether it did.
    pub(crate) fn until(&mut self, enough: impl Fn(&Self) -> bool) -> bool {
        let mut buffer = [0; 4096];
        while !enough(self) {
            let count = self.socket.read(&mut buffer).unwrap();
            if count == 0 {
                return false;
            }
            self.text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        true
    }

    /// Reads at most so many bytes of the body more than the head.
    pub(crate) fn bytes(&mut self, count: usize) {
        let mut one = [0; 1];
        while self.text.find("\r\n\r\n").is_none_or(|at| self.text.len() < at + 4 + count) {
            if self.socket.read(&mut one).unwrap() == 0 {
                return;
            }
            self.text.push(char::from(one[0]));
        }
    }

    pub(crate) fn finish(&mut self) {
        assert!(!self.until(|_| false));
    }

    pub(crate) fn status(&self) -> u16 {
        self.text[9..12].parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let line = self.text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.map(str::to_owned)
    }

    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    pub(crate) fn json(&self) -> Value {
        parse(self.body())
    }

    /// The events that came whole.
    pub(crate) fn events(&self) -> Vec<Event> {
        let Some((whole, _torn)) = self.body().rsplit_once("\n\n") else { return Vec::new() };
        whole.split("\n\n").filter(|text| !text.starts_with(':')).map(event).collect()
    }

    /// Waits for so many events.
    pub(crate) fn wait_for(&mut self, count: usize) {
        assert!(self.until(|it| it.events().len() >= count), "ended early: {}", self.text);
    }
}

fn event(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap();
        let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
        match name {
            "id" => event.id = Some(value),
            "retry" => event.retry = Some(value),
            "data" => event.data = value,
            _ => {}
        }
    }
    event
}
