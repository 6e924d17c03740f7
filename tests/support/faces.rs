//! One client for each way in, all of the same shape: bytes go in, texts of messages come out.
//!
//! *Invariant:* no answer is thrown away.
#![allow(dead_code)] // each test uses its part

#[path = "websocket.rs"]
mod websocket;

use crate::running::{PATIENCE, Running, send, wait};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use websocket::{Frame, WebSocket};

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    Http,
    Sse,
    Stdio,
    WebSocket,
}

impl Face {
    pub(crate) const ALL: [Self; 4] = [Self::Http, Self::Sse, Self::Stdio, Self::WebSocket];
}

/// A client's conversation.
pub(crate) struct Client {
    way: Way,
    said: Sender<String>,
    heard: Receiver<String>,
    last_id: u64,
    pub(crate) session: Option<String>,
    /// Of its address, behind that of everything: `/servers/NAME` or `/groups/NAME`.
    part: String,
}

enum Way {
    Http(SocketAddr),
    Sse(SocketAddr, String),
    Stdio(Child, Option<ChildStdin>),
    WebSocket(WebSocket),
}

/// The text of a request.
pub(crate) fn request(id: &str, method: &str, params: &Value) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

pub(crate) fn initialize(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    })
}

impl Client {
    /// A client that has not said anything.
    pub(crate) fn connect(face: Face, running: &Running) -> Self {
        Self::connect_at(face, running, "")
    }

    /// The same, for a part of the servers.
    pub(crate) fn connect_at(face: Face, running: &Running, part: &str) -> Self {
        let (said, heard) = channel();
        let way = match face {
            Face::Http => Way::Http(running.address),
            Face::Sse => open_stream(running.address, part, said.clone()),
            Face::Stdio => start(running, part, said.clone()),
            Face::WebSocket => open_socket(running.address, part, said.clone()),
        };
        Self { way, said, heard, last_id: 1000, session: None, part: part.to_owned() }
    }

    /// A client that has shaken hands.
    pub(crate) fn open(face: Face, running: &Running) -> Self {
        Self::open_at(face, running, "")
    }

    /// The same, for a part of the servers.
    pub(crate) fn open_at(face: Face, running: &Running, part: &str) -> Self {
        let mut client = Self::connect_at(face, running, part);
        assert_eq!(client.initialize("2025-11-25")["protocolVersion"], "2025-11-25");
        client
    }

    /// Shakes hands; returns the result.
    pub(crate) fn initialize(&mut self, version: &str) -> Value {
        let text = request("0", "initialize", &initialize(version));
        if let Way::Http(address) = self.way {
            let answer = post(address, &format!("/mcp{}", self.part), "", text.as_bytes());
            self.session = answer.header("mcp-session-id").map(str::to_owned);
            self.said.send(answer.body).unwrap();
        } else {
            self.send(text.as_bytes());
        }
        let result = self.receive()["result"].clone();
        self.send(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        result
    }

    /// Sends one message and does not wait for what comes of it.
    pub(crate) fn send(&mut self, message: &[u8]) {
        let said = self.said.clone();
        match &mut self.way {
            Way::Http(address) => {
                let named = |id: &String| format!("mcp-session-id: {id}\r\n");
                let headers = self.session.as_ref().map(named).unwrap_or_default();
                let (address, message) = (*address, message.to_owned());
                let path = format!("/mcp{}", self.part);
                std::thread::spawn(move || {
                    let answer = post(address, &path, &headers, &message);
                    assert!(answer.status < 500, "{answer:?}");
                    if !answer.body.is_empty() {
                        let _test_is_over = said.send(answer.body);
                    }
                });
            }
            Way::Sse(address, path) => {
                let answer = post(*address, path, "", message);
                assert!(answer.status < 500, "{answer:?}");
                if answer.status != 202 {
                    said.send(answer.body).unwrap();
                }
            }
            Way::Stdio(_, stdin) => {
                let stdin = stdin.as_mut().unwrap();
                stdin.write_all(message).unwrap();
                stdin.write_all(b"\n").unwrap();
            }
            Way::WebSocket(socket) => socket.text(message),
        }
    }

    /// The next message, as it came; that tools have changed may be said at any time.
    pub(crate) fn receive_text(&mut self) -> String {
        loop {
            let text = self.heard.recv_timeout(PATIENCE).expect("no message came");
            if !text.contains("notifications/tools/list_changed") {
                return text;
            }
        }
    }

    /// Waits until it is said that tools have changed; nothing else may be said before.
    pub(crate) fn hears_that_tools_changed(&mut self) {
        let text = self.heard.recv_timeout(PATIENCE).expect("no message came");
        assert!(text.contains("notifications/tools/list_changed"), "{text}");
    }

    /// The next message.
    pub(crate) fn receive(&mut self) -> Value {
        let text = self.receive_text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Sends one request; returns its answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(request(&id.to_string(), method, params).as_bytes());
        let answer = self.receive();
        assert_eq!(answer["id"], id, "the answer to something else: {answer}");
        answer
    }

    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// The names of all tools, in the order they are listed.
    pub(crate) fn tools(&mut self) -> Vec<String> {
        let listed = self.ask("tools/list", &json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Proves that the conversation goes on: a call is executed and answered.
    pub(crate) fn still_works(&mut self, tool: &str, after: &str) {
        let answer = self.call(tool, &json!({ "text": "well" }));
        assert_eq!(answer["result"]["content"][0]["text"], "well", "after {after}: {answer}");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Way::Stdio(child, stdin) = &mut self.way {
            *stdin = None;
            wait(child);
        }
    }
}

fn post(address: SocketAddr, path: &str, headers: &str, body: &[u8]) -> crate::running::Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
         accept: application/json\r\n{headers}"
    );
    send(address, &head, body)
}

/// Opens a legacy event stream; HTTP/1.0, because then events come without chunks around them.
fn open_stream(address: SocketAddr, part: &str, said: Sender<String>) -> Way {
    let mut socket = TcpStream::connect(address).unwrap();
    let head =
        format!("GET /sse{part} HTTP/1.0\r\nhost: {address}\r\naccept: text/event-stream\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(socket).lines().map_while(Result::ok);
    let path = lines.find_map(|line| Some(line.strip_prefix("data:")?.trim().to_owned())).unwrap();
    std::thread::spawn(move || {
        for line in lines {
            if let Some(data) = line.strip_prefix("data:")
                && said.send(data.trim_start().to_owned()).is_err()
            {
                return;
            }
        }
    });
    Way::Sse(address, path)
}

fn open_socket(address: SocketAddr, part: &str, said: Sender<String>) -> Way {
    let socket = WebSocket::connect_at(&format!("/ws{part}"), address, "");
    let mut reading = socket.another();
    std::thread::spawn(move || {
        while let Some(frame) = reading.frame() {
            if let Frame::Text(text) = frame
                && said.send(text).is_err()
            {
                return;
            }
        }
    });
    Way::WebSocket(socket)
}

/// Starts `mcpvisor stdio` with the same configuration.
fn start(running: &Running, part: &str, said: Sender<String>) -> Way {
    let config = running.place.text("config.json");
    let mut command = running.place.command(&["stdio", "--config", &config]);
    if let Some((kind, name)) = part.trim_start_matches('/').split_once('/') {
        command.args([&format!("--{}", kind.trim_end_matches('s')), name]);
    }
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if said.send(line).is_err() {
                return;
            }
        }
    });
    Way::Stdio(child, stdin)
}
