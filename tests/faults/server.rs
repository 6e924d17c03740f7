//! A simulated server that is to misbehave: where it is, how it is started and told what to do.
//!
//! Over stdio the gateway starts it; over HTTP it is a process of the test. Its flags stand in a
//! file that is read at each start, so that a cause can be removed while the gateway tries on.
//!
//! *Invariant:* a process started here is gone when this is dropped.

use crate::peer::Control;
use crate::process::{Process, eventually, until};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mcpvisor");
/// Starts the program with the flags of a file, in the same process.
const START: &str = r#"exec "$0" simulate $(cat "$1")"#;

/// How the gateway reaches a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Stdio,
    Http,
    Sse,
}

impl Transport {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::Sse => "sse",
        }
    }
}

/// A server and its files.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) transport: Transport,
    folder: PathBuf,
    flags: String,
    child: Option<Child>,
    address: Option<SocketAddr>,
    control: Option<String>,
}

impl Server {
    /// Makes one; over HTTP it is started.
    pub(crate) fn new(name: &str, transport: Transport, flags: &str, folder: &Path) -> Self {
        let mut server = Self {
            name: name.to_owned(),
            transport,
            folder: folder.to_owned(),
            flags: String::new(),
            child: None,
            address: None,
            control: None,
        };
        server.will_start_with(flags);
        if transport != Transport::Stdio {
            server.start();
        }
        server
    }

    /// Its entry in the configuration.
    pub(crate) fn entry(&self, settings: &str) -> Value {
        let mut entry: Value = serde_json::from_str(settings).unwrap();
        if let Some(address) = self.address {
            let (kind, path) = match self.transport {
                Transport::Sse => ("sse", "sse"),
                _ => ("streamable-http", "mcp"),
            };
            entry["type"] = kind.into();
            entry["url"] = format!("http://{address}/{path}").into();
        } else {
            entry["command"] = "sh".into();
            entry["args"] = json!(["-c", START, PROGRAM, self.path("flags")]);
        }
        entry
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.name))
    }

    /// Decides how the next start goes.
    pub(crate) fn will_start_with(&mut self, flags: &str) {
        flags.clone_into(&mut self.flags);
        let mut words = vec!["--control 127.0.0.1:0".to_owned()];
        for kind in ["control-file", "log", "record", "pid-file"] {
            words.push(format!("--{kind} {}", self.path(kind).display()));
        }
        if self.transport != Transport::Stdio {
            let listen = self.address.map_or_else(|| "127.0.0.1:0".into(), |it| it.to_string());
            let transport = self.transport.word();
            words.push(format!("--transport {transport} --listen {listen} --until-eof"));
        }
        words.push(flags.to_owned());
        // in one go: it may be starting at this moment
        fs::write(self.path("flags.new"), words.join(" ")).unwrap();
        fs::rename(self.path("flags.new"), self.path("flags")).unwrap();
    }

    /// Starts a process of the test; returns when it listens, or has ended.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new("sh");
        command.args(["-c", START, PROGRAM]).arg(self.path("flags"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.child = Some(child);
        if let Some(url) = line.trim_end().strip_prefix("listening on http://") {
            self.address = Some(url.split('/').next().unwrap().parse().unwrap());
            self.will_start_with(&self.flags.clone()); // at the same address
        }
    }

    /// Ends a process of the test at once.
    pub(crate) fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            // it may have gone by itself
            let _gone = child.kill();
            let _status = child.wait();
        }
    }

    /// Waits until a process that was not there the last time tells its control port.
    pub(crate) fn is_new(&mut self) {
        let known = self.control.take();
        let told = || {
            let text = fs::read_to_string(self.path("control-file")).ok()?;
            let open = text.parse::<SocketAddr>().is_ok_and(|at| TcpStream::connect(at).is_ok());
            (open && known.as_ref() != Some(&text)).then_some(text)
        };
        self.control = Some(eventually("a new process told its control port", told));
    }

    /// Its control port.
    pub(crate) fn control(&mut self) -> Control {
        if self.control.is_none() {
            self.is_new();
        }
        Control::take(self.control.as_ref().unwrap().parse().unwrap())
    }

    /// The id of its last process.
    pub(crate) fn process(&self) -> Process {
        let read = || fs::read_to_string(self.path("pid-file")).ok()?.parse().ok();
        Process::of(eventually("it was started", read))
    }

    /// Waits until that process is no more.
    pub(crate) fn is_gone(&self, process: &Process) {
        until(&format!("{} is gone", self.name), || !process.runs());
    }

    /// The lines of one of its files.
    pub(crate) fn read(&self, kind: &str) -> Vec<String> {
        let bytes = fs::read(self.path(kind)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
    }

    /// When one of its files was written.
    pub(crate) fn written(&self, kind: &str) -> Option<SystemTime> {
        fs::metadata(self.path(kind)).ok()?.modified().ok()
    }

    /// How many requests of a method it received.
    pub(crate) fn received(&self, method: &str) -> usize {
        let member = format!("\"method\":\"{method}\"");
        self.read("record").iter().filter(|line| line.contains(&member)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
