//! The gateway as users run it: the program with a configuration and a state folder of its own.

use crate::role;
use serde_json::{Value, json};
use std::error::Error;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long it may take to listen, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

static PROGRAM: OnceLock<String> = OnceLock::new();

/// Measures this program in place of the one that was built with the bench.
pub(crate) fn measure(program: String) {
    let _set_once = PROGRAM.set(program);
}

/// The program that is measured.
pub(crate) fn program() -> &'static str {
    PROGRAM.get().map_or(env!("CARGO_BIN_EXE_mcpvisor"), String::as_str)
}

/// A configuration's entry for this program as a server over pipes, with so many tools.
pub(crate) fn line_server(tools: usize) -> Result<Value, Box<dyn Error>> {
    line_server_with(&[&tools.to_string()])
}

/// The same with these arguments.
pub(crate) fn line_server_with(rest: &[&str]) -> Result<Value, Box<dyn Error>> {
    let args = role::arguments("lines", rest);
    Ok(json!({ "command": role::program()?, "args": args, "max_in_flight": 256 }))
}

/// A configuration's entry for `mcpvisor simulate` with these flags.
pub(crate) fn simulated(flags: &str) -> Value {
    let args: Vec<&str> = ["simulate"].into_iter().chain(flags.split_whitespace()).collect();
    json!({ "command": program(), "args": args })
}

/// A configuration's entry for a server behind a URL.
pub(crate) fn http_server(address: SocketAddr) -> Value {
    json!({ "url": format!("http://{address}/mcp"), "max_in_flight": 256 })
}

/// A folder with a configuration and a state.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn with(config: &Value) -> Result<Self, Box<dyn Error>> {
        let place = Self(tempfile::tempdir()?);
        fs::write(place.config(), config.to_string())?;
        Ok(place)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("config.json")
    }

    /// The arguments of a command with this configuration.
    pub(crate) fn arguments(&self, command: &str) -> Vec<String> {
        let state = self.path().join("state");
        [
            command,
            "--config",
            &self.config().to_string_lossy(),
            "--state-dir",
            &state.to_string_lossy(),
        ]
        .map(str::to_owned)
        .into()
    }
}

/// A running `mcpvisor serve`; it is killed when this is dropped.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: SocketAddr,
    /// How long it took from its start until it said that it serves.
    pub(crate) listening_after: Duration,
    pub(crate) place: Place,
}

impl Gateway {
    pub(crate) async fn start(config: &Value) -> Result<Self, Box<dyn Error>> {
        Self::start_in(Place::with(config)?, &[]).await
    }

    /// Starts it where another one was, or with more environment variables; listens once this returns.
    pub(crate) async fn start_in(
        place: Place,
        variables: &[(&str, String)],
    ) -> Result<Self, Box<dyn Error>> {
        let log = File::create(place.path().join("log"))?;
        let started = Instant::now();
        let mut child = Command::new(program())
            .args(place.arguments("serve"))
            .args(["--listen", "127.0.0.1:0"])
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut stdout =
            BufReader::new(child.stdout.take().ok_or("the gateway has no stdout")?).lines();
        let named = async {
            while let Some(line) = stdout.next_line().await? {
                if let Some((_, rest)) = line.split_once("http://") {
                    let address =
                        rest.split('/').next().unwrap_or_default().parse::<SocketAddr>()?;
                    return Ok::<_, Box<dyn Error>>(address);
                }
            }
            let said = fs::read_to_string(place.path().join("log")).unwrap_or_default();
            Err(format!("the gateway ended: {said}").into())
        };
        let address = tokio::time::timeout(PATIENCE, named)
            .await
            .map_err(|_| "the gateway does not listen")??;
        let listening_after = started.elapsed();
        // a full pipe would stop it
        tokio::spawn(async move { while let Ok(Some(_)) = stdout.next_line().await {} });
        Ok(Self { child, address, listening_after, place })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Stops it in order; what it leaves behind is there for the next one.
    pub(crate) async fn stop(mut self) -> Result<Place, Box<dyn Error>> {
        if let Some(pid) =
            self.child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()))
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .map_err(|_| "the gateway does not stop")??;
        Ok(self.place)
    }
}
