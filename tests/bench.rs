//! The protocol bench: what goes over a server's connection, watched, sent, recorded and replayed through
//! the API of a real gateway.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "bench/command.rs"]
mod command;
#[path = "support/faces.rs"]
mod faces;
#[path = "bench/frames.rs"]
mod frames;
#[path = "bench/replaying.rs"]
mod replaying;
#[path = "support/running.rs"]
mod running;
#[path = "bench/sending.rs"]
mod sending;

use running::{Answer, Heard, Running, eventually};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;

fn get(running: &Running, page: &str) -> Value {
    let answer = running.send(&format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\n"), b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn post(running: &Running, page: &str, body: &Value) -> Answer {
    ask(running, "POST", page, &body.to_string())
}

fn ask(running: &Running, method: &str, page: &str, body: &str) -> Answer {
    let head =
        format!("{method} {page} HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n");
    running.send(&head, body.as_bytes())
}

fn done(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// The code of a refusal, which has a message and a remedy.
fn refused(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = &serde_json::from_str::<Value>(&answer.body).unwrap()["error"];
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    assert!(error["remedy"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    error["code"].as_str().unwrap().to_owned()
}

/// Waits until a server is ready; returns its process.
fn until_ready(running: &Running, name: &str) -> Value {
    let page = format!("/api/v1/servers/{name}");
    eventually(&format!("{name} is ready"), || get(running, &page)["state"] == "ready");
    get(running, &page)["pid"].clone()
}

/// Watches the frames of a server.
struct Watch {
    socket: TcpStream,
    heard: Heard,
}

impl Watch {
    fn open(running: &Running, name: &str) -> Self {
        let watch = Self::try_open(running, name);
        watch.heard.until(": watching");
        watch
    }

    /// The same, for a stream that may be refused.
    fn try_open(running: &Running, name: &str) -> Self {
        let mut socket = TcpStream::connect(running.address).unwrap();
        // HTTP/1.0, because then events come without chunks around them
        let head = format!(
            "GET /api/v1/servers/{name}/frames HTTP/1.0\r\nhost: {}\r\n\r\n",
            running.address
        );
        socket.write_all(head.as_bytes()).unwrap();
        let heard = Heard::of(socket.try_clone().unwrap());
        Self { socket, heard }
    }

    /// The frames so far.
    fn frames(&self) -> Vec<Value> {
        let said = self.heard.so_far();
        let data = said.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The frames so far, once there is such a one.
    fn until(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Vec<Value> {
        eventually(what, || self.frames().iter().any(&is_it));
        self.frames()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _gone = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

fn request(id: &Value, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn call(id: &Value, text: &str) -> Value {
    request(id, "tools/call", &json!({ "name": "echo", "arguments": { "text": text } }))
}
