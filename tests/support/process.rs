//! The gateway as its users have it: a process, its children, and clients on its two faces.
//!
//! Every server is the scriptable `mcpvisor simulate`; it writes its id, its log and what it received into
//! the folder of the [`Setup`]. Only processes started here are ever looked at or ended.
//!
//! *Invariant:* every wait ends, at the latest after [`PATIENCE`], and a dropped gateway is killed.
#![allow(dead_code, unused_imports)] // each test program uses a part of it

#[path = "process/http.rs"]
mod http;
#[path = "process/legacy.rs"]
mod legacy;
#[path = "process/lines.rs"]
mod lines;
#[path = "process/proc.rs"]
mod proc;
#[path = "process/socket.rs"]
mod socket;
#[path = "websocket.rs"]
mod websocket;

pub(crate) use http::{Http, Reply};
pub(crate) use legacy::Legacy;
pub(crate) use lines::Lines;
pub(crate) use proc::{Process, family};
pub(crate) use socket::Socket;

use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const PROGRAM: &str = env!("CARGO_BIN_EXE_mcpvisor");

/// A configuration to be, and the folder everything of it lives in.
pub(crate) struct Setup {
    folder: tempfile::TempDir,
    config: Value,
}

impl Setup {
    /// `config` holds all keys but `servers`.
    pub(crate) fn new(config: Value) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), config }
    }

    /// Adds a faulty server with these flags (split at spaces) and settings.
    pub(crate) fn server(mut self, name: &str, flags: &str, settings: Value) -> Self {
        let mut server = settings;
        server["command"] = PROGRAM.into();
        let mut args = vec!["simulate".to_owned()];
        for kind in ["pid-file", "log", "record"] {
            args.extend([format!("--{kind}"), self.path(name, kind).display().to_string()]);
        }
        args.extend(flags.split_whitespace().map(str::to_owned));
        if args.iter().any(|flag| flag == "--control") {
            let file = self.path(name, "control").display().to_string();
            args.extend(["--control-file".to_owned(), file]);
        }
        server["args"] = json!(args);
        self.config["servers"][name] = server;
        self
    }

    /// Changes a setting of a server.
    pub(crate) fn set(&mut self, name: &str, key: &str, value: Value) {
        self.config["servers"][name][key] = value;
    }

    /// Adds a server reached in another way.
    pub(crate) fn entry(mut self, name: &str, settings: Value) -> Self {
        self.config["servers"][name] = settings;
        self
    }

    /// The folder of everything.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Takes a server whose flags are read from a file each time it starts; they may be changed so.
    pub(crate) fn flexible(mut self, name: &str, flags: &str, settings: Value) -> Self {
        self = self.server(name, "", settings);
        let file = self.path(name, "flags").display().to_string();
        let server = &mut self.config["servers"][name];
        let args = server["args"].take();
        let words = args.as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        let words: Vec<&str> = std::iter::once(PROGRAM).chain(words).collect();
        server["args"] = json!(["-c", format!("exec {} $(cat {file})", words.join(" "))]);
        server["command"] = "sh".into();
        self.change_flags(name, flags);
        self
    }

    /// Changes the flags of the next start of a flexible server.
    pub(crate) fn change_flags(&self, name: &str, flags: &str) {
        fs::write(self.path(name, "flags"), flags).unwrap();
    }

    /// Takes a server of any kind in place of a faulty one.
    pub(crate) fn replace(&mut self, name: &str, server: Value) {
        self.config["servers"][name] = server;
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.{kind}"))
    }

    /// The `log` or `record` of a server so far.
    pub(crate) fn read(&self, name: &str, kind: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name, kind)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The received lines of one method.
    pub(crate) fn received(&self, name: &str, method: &str) -> Vec<String> {
        let member = format!("\"method\":\"{method}\"");
        self.read(name, "record").into_iter().filter(|line| line.contains(&member)).collect()
    }

    /// The process of a server, once it has started.
    pub(crate) fn process(&self, name: &str) -> Process {
        let read = || fs::read_to_string(self.path(name, "pid-file")).ok()?.parse().ok();
        Process::of(eventually("the server started", read))
    }

    /// The control port of a server that has one, once it has started.
    pub(crate) fn control(&self, name: &str) -> SocketAddr {
        let read = || fs::read_to_string(self.path(name, "control")).ok()?.parse().ok();
        eventually("the server can be controlled", read)
    }

    /// Whether a server was ever started.
    pub(crate) fn was_started(&self, name: &str) -> bool {
        self.path(name, "pid-file").exists()
    }

    /// Forgets that a server was started and what it received.
    pub(crate) fn forget(&self, name: &str) {
        for kind in ["pid-file", "log", "record"] {
            let _not_there = fs::remove_file(self.path(name, kind));
        }
    }

    fn command(&self, subcommand: &str) -> Command {
        let config = self.folder.path().join("config.json");
        fs::write(&config, self.config.to_string()).unwrap();
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.path("gateway", "log"));
        let mut command = Command::new(PROGRAM);
        command
            .args([subcommand, "--log-level", "info", "--config"])
            .arg(config)
            .arg("--state-dir")
            .arg(self.folder.path().join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.unwrap());
        command
    }

    /// Starts `mcpvisor serve` and waits until it tells its address.
    pub(crate) fn serve(&self) -> Gateway {
        let mut command = self.command("serve");
        command.args(["--listen", "127.0.0.1:0"]);
        let (child, mut lines) = Lines::start(command);
        let welcome = lines.receive_text();
        let address = welcome.rsplit("http://").next().and_then(|url| url.strip_suffix("/mcp"));
        let address = address.unwrap_or_else(|| panic!("no address: {welcome}")).parse().unwrap();
        Gateway { child, address: Some(address) }
    }

    /// Starts `mcpvisor stdio` and shakes hands.
    pub(crate) fn stdio(&self) -> (Gateway, Lines) {
        let (child, mut lines) = Lines::start(self.command("stdio"));
        lines.initialize();
        (Gateway { child, address: None }, lines)
    }
}

/// A server of the same kind, reached without a gateway.
pub(crate) fn direct(flags: &str) -> (Gateway, Lines) {
    let mut command = Command::new(PROGRAM);
    command.arg("simulate").args(flags.split_whitespace());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let (child, mut lines) = Lines::start(command);
    lines.initialize();
    (Gateway { child, address: None }, lines)
}

/// A process started here; killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    address: Option<SocketAddr>,
}

impl Gateway {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// A client with a session of its own.
    pub(crate) fn client(&self) -> Http {
        Http::open(self.address())
    }

    /// The same on a WebSocket.
    pub(crate) fn socket(&self) -> Socket {
        Socket::open(self.address())
    }

    pub(crate) fn process(&self) -> Process {
        Process::of(self.child.id())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end; the exit code, nothing after a signal.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        eventually("the process ended", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // it may have gone by itself
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Polls until `probe` gives something.
pub(crate) fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Polls until `probe` is true.
pub(crate) fn until(what: &str, mut probe: impl FnMut() -> bool) {
    eventually(what, || probe().then_some(()));
}

/// A `tools/call` with raw arguments; the id is raw, too.
pub(crate) fn call(id: &str, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

/// The same with a raw progress token.
pub(crate) fn call_with_progress(id: &str, tool: &str, token: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}},"_meta":{{"progressToken":{token}}}}}}}"#
    )
}

/// Any other request.
pub(crate) fn request(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// The notification that gives a request up.
pub(crate) fn cancelled(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":"no longer wanted"}}}}"#
    )
}

/// A message as a value.
pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The reason of a failure of the gateway's own, in the answer to a call.
pub(crate) fn reason(answer: &Value) -> &str {
    answer["result"]["_meta"]["mcpvisor/error"]["reason"].as_str().unwrap_or("none")
}

pub(crate) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":"open","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
