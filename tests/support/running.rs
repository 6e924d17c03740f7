//! The real program in processes of its own, with a configuration written for the test.
//!
//! *Invariant:* every wait ends, at the latest after [`PATIENCE`]; once dropped, the process is gone.
#![allow(dead_code)] // each test uses its part

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration in it and a place for the state.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn with(config: &Value) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("config.json", &config.to_string());
        place
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.text(name)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The program, with this place's state and nothing of the caller's own configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcpvisor"));
        command.args(args).env_remove("MCPVISOR_CONFIG");
        command.env("MCPVISOR__STATE_DIR", self.path("state"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A server entry: `mcpvisor simulate` with these flags.
pub(crate) fn faulty(flags: &[&str]) -> Value {
    let args: Vec<&str> = ["simulate"].iter().chain(flags).copied().collect();
    json!({ "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": args })
}

/// `mcpvisor serve` on a free port.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) stdout: Heard,
    pub(crate) stderr: Heard,
    pub(crate) place: Place,
}

impl Running {
    pub(crate) fn serve(config: &Value) -> Self {
        Self::serve_with(config, &[])
    }

    pub(crate) fn serve_with(config: &Value, args: &[&str]) -> Self {
        let place = Place::with(config);
        let config = place.text("config.json");
        Self::start(place, &[&["serve", "--config", &config], args].concat())
    }

    /// Any command line that serves HTTP.
    pub(crate) fn start(place: Place, args: &[&str]) -> Self {
        Self::start_in(place, args, &[])
    }

    /// The same with more environment variables.
    pub(crate) fn start_in(place: Place, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let args = [args, &["--listen", "127.0.0.1:0"]].concat();
        let mut command = place.command(&args);
        let mut child = command.envs(variables.iter().copied()).spawn().unwrap();
        let stdout = Heard::of(child.stdout.take().unwrap());
        let stderr = Heard::of(child.stderr.take().unwrap());
        let said = stdout.until("/mcp");
        let url = said.split("http://").nth(1).unwrap_or_else(|| panic!("{}", stderr.so_far()));
        let address = url.split('/').next().unwrap().parse().unwrap();
        Self { child, address, stdout, stderr, place }
    }

    /// One that was started in another way; nothing is heard of it.
    pub(crate) fn adopt(child: Child, address: SocketAddr, place: Place) -> Self {
        Self { child, address, stdout: Heard::default(), stderr: Heard::default(), place }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Stops it in order; returns how it ended.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        wait(&mut self.child)
    }

    /// Stops it in order; what it leaves behind is there for the next one.
    #[cfg(unix)]
    pub(crate) fn end(mut self) -> Place {
        let place = std::mem::replace(&mut self.place, Place::with(&json!({})));
        assert!(self.stop().success());
        place
    }

    /// Sends one HTTP/1.1 request and reads the answer to its end.
    pub(crate) fn send(&self, head: &str, body: &[u8]) -> Answer {
        send(self.address, head, body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // it may have gone by itself
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Waits for a process that is about to end.
pub(crate) fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "the process does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Polls until `holds`.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Sends one request on a connection of its own. The head has no blank line and no length.
pub(crate) fn send(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = head.replace("{host}", &address.to_string());
    let length = body.len();
    let head = format!("{head}connection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    // a refusal may come before all of it is read
    let _refused = socket.write_all(body);
    let mut text = Vec::new();
    // after a refusal the rest may be a reset
    let _reset = socket.read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// What a stream has said so far.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<(Mutex<(String, bool)>, Condvar)>);

impl Heard {
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let heard = Self::default();
        let mine = heard.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                mine.0.0.lock().unwrap().0.push_str(&String::from_utf8_lossy(&line));
                mine.0.1.notify_all();
                line.clear();
            }
            mine.0.0.lock().unwrap().1 = true;
            mine.0.1.notify_all();
        });
        heard
    }

    pub(crate) fn so_far(&self) -> String {
        self.0.0.lock().unwrap().0.clone()
    }

    /// Everything up to now, once `text` is part of it or the stream has ended.
    pub(crate) fn until(&self, text: &str) -> String {
        let guard = self.0.0.lock().unwrap();
        let waiting = |(said, ended): &mut (String, bool)| !said.contains(text) && !*ended;
        let (guard, late) = self.0.1.wait_timeout_while(guard, PATIENCE, waiting).unwrap();
        assert!(!late.timed_out(), "{text:?} was never said, only:\n{}", guard.0);
        guard.0.clone()
    }

    /// Everything, once the stream has ended.
    pub(crate) fn whole(&self) -> String {
        let guard = self.0.0.lock().unwrap();
        let (guard, late) = self.0.1.wait_timeout_while(guard, PATIENCE, |it| !it.1).unwrap();
        assert!(!late.timed_out(), "the stream does not end:\n{}", guard.0);
        guard.0.clone()
    }
}
