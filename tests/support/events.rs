//! A client of `/api/v1/events`: reads server-sent events as they come.

use crate::running::{PATIENCE, Running};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// An open stream.
pub(crate) struct Events {
    socket: TcpStream,
    heard: Receiver<(String, Value)>,
}

impl Events {
    /// Listens to these topics; HTTP/1.0, because then events come without chunks around them.
    pub(crate) fn listen(running: &Running, topics: &str) -> Self {
        let address = running.address;
        let mut socket = TcpStream::connect(address).unwrap();
        let head = format!("GET /api/v1/events?{topics} HTTP/1.0\r\nhost: {address}\r\n\r\n");
        socket.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(socket.try_clone().unwrap()).lines().map_while(Result::ok);
        let status = lines.next().unwrap();
        assert!(status.contains(" 200 "), "{status}");
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
        let (tells, heard) = channel();
        std::thread::spawn(move || {
            let mut event = String::new();
            for line in lines {
                if let Some(name) = line.strip_prefix("event: ") {
                    name.clone_into(&mut event);
                } else if let Some(data) = line.strip_prefix("data: ") {
                    let data = serde_json::from_str(data).unwrap();
                    if tells.send((event.clone(), data)).is_err() {
                        return;
                    }
                }
            }
        });
        Self { socket, heard }
    }

    /// The next event; `None` once the stream has ended.
    pub(crate) fn next(&self) -> Option<(String, Value)> {
        match self.heard.recv_timeout(PATIENCE) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing is told"),
        }
    }

    /// The next event of this name that this is true of; all others are passed over.
    pub(crate) fn until(&self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut passed = Vec::new();
        while Instant::now() < deadline {
            let event = self.next().unwrap_or_else(|| panic!("the stream ended: {passed:#?}"));
            if event.0 == name && holds(&event.1) {
                return event.1;
            }
            passed.push(event);
        }
        panic!("never: {name}, only {passed:#?}");
    }

    /// What comes within this time.
    pub(crate) fn within(&self, time: Duration) -> Vec<(String, Value)> {
        let deadline = Instant::now() + time;
        let left = || deadline.saturating_duration_since(Instant::now());
        std::iter::from_fn(|| self.heard.recv_timeout(left()).ok()).collect()
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _gone = self.socket.shutdown(Shutdown::Both);
    }
}
