//! Simulated servers over HTTP in processes of their own, and a hand on their control ports.
//!
//! *Invariant:* once dropped, or when the test dies, the process is gone.

use crate::process::{PATIENCE, Reply, eventually};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

/// A simulated server over HTTP.
pub(crate) struct Simulated {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) control: Control,
    pub(crate) url: String,
}

impl Simulated {
    /// Starts one; flags are split at spaces.
    pub(crate) fn start(flags: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
            .args(["simulate", "--control", "127.0.0.1:0", "--until-eof"])
            .args(flags.split_whitespace())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = |what: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().strip_prefix(what).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let url = told("listening on ");
        let control = Control::take(told("control on ").parse().unwrap());
        let address = url.split('/').nth(2).unwrap().parse().unwrap();
        Self { child, address, control, url }
    }

    /// Closes its stdin.
    pub(crate) fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for the end; the exit code, nothing after a signal.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        eventually("the process ended", || self.child.try_wait().unwrap()).code()
    }

    /// Sends one request.
    pub(crate) fn send(&self, line: &str, body: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (host, length) = (self.address, body.len());
        let head = format!(
            "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        Reply::read(stream)
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // it may have gone by itself
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// A connection to a control port.
pub(crate) struct Control(BufReader<TcpStream>);

impl Control {
    pub(crate) fn take(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The answer to a command; empty when the connection has ended.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        let stream = self.0.get_mut();
        // it may have been closed by the other side
        let _closed = stream.write_all(format!("{command}\n").as_bytes());
        let mut line = String::new();
        let _reset = self.0.read_line(&mut line);
        line.trim_end().to_owned()
    }

    /// Gives a command that is to be obeyed.
    pub(crate) fn order(&mut self, command: &str) {
        assert_eq!(self.ask(command), "ok", "{command}");
    }

    /// The status, as a value.
    pub(crate) fn status(&mut self) -> Value {
        let answer = self.ask("status");
        serde_json::from_str(answer.strip_prefix("ok ").unwrap()).unwrap()
    }
}
