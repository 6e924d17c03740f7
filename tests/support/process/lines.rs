//! A client in lines, on the stdin and stdout of a process.

use super::{INITIALIZE, INITIALIZED, PATIENCE, parse};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The client's ends of the pipes.
pub(crate) struct Lines {
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    paused: Arc<AtomicBool>,
}

impl Lines {
    pub(super) fn start(mut command: Command) -> (Child, Self) {
        let mut child = command.spawn().unwrap();
        let paused = Arc::<AtomicBool>::default();
        let stdout = lines(child.stdout.take().unwrap(), Arc::clone(&paused));
        let stdin = child.stdin.take();
        (child, Self { stdin, stdout, paused })
    }

    pub(super) fn initialize(&mut self) {
        let answer = self.ask(INITIALIZE).pop().unwrap();
        assert_eq!(parse(&answer)["result"]["protocolVersion"], "2025-11-25", "{answer}");
        self.send(INITIALIZED);
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn receive_text(&mut self) -> String {
        self.stdout.recv_timeout(PATIENCE).expect("no line came")
    }

    pub(crate) fn receive(&mut self) -> Value {
        parse(&self.receive_text())
    }

    /// Sends a request and gives everything up to its answer.
    pub(crate) fn ask(&mut self, request: &str) -> Vec<String> {
        self.send(request);
        let id = parse(request)["id"].clone();
        let mut messages = Vec::new();
        loop {
            let text = self.receive_text();
            let message = parse(&text);
            messages.push(text);
            if message["id"] == id && message.get("method").is_none() {
                return messages;
            }
        }
    }

    /// The answer to a request alone.
    pub(crate) fn answer(&mut self, request: &str) -> Value {
        parse(&self.ask(request).pop().unwrap())
    }

    /// Everything up to the end of stdout.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        loop {
            match self.stdout.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(RecvTimeoutError::Timeout) => panic!("stdout was not closed"),
            }
        }
    }

    pub(crate) fn close(&mut self) {
        self.stdin = None;
    }

    /// From now on leaves what comes unread, or reads on.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }
}

fn lines(stream: impl Read + Send + 'static, paused: Arc<AtomicBool>) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            while paused.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
