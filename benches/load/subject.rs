//! What is measured in one mode: its processes and the sessions with them.

use crate::Mode;
use crate::batch::{Batch, Load};
use crate::http::HttpSession;
use crate::lines::LineSession;
use crate::measure;
use crate::origin::Origin;
use futures_util::future::try_join_all;
use std::error::Error;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a mode may take from its first process to its first answered call.
const START_LIMIT: Duration = Duration::from_secs(30);
const DIRECT_TOOL: &str = "echo";
const GATEWAY_TOOL: &str = "echo.echo";

enum Session {
    Lines(Box<LineSession>),
    Http(HttpSession),
}

impl Session {
    async fn run(&mut self, load: &Load<'_>) -> io::Result<Batch> {
        match self {
            Self::Lines(session) => session.run(load).await,
            Self::Http(session) => session.run(load).await,
        }
    }
}

/// The processes of a mode, ready to be called. They end when this is dropped.
pub(crate) struct Subject {
    sessions: Vec<Session>,
    /// The gateway, or without one the server.
    measured: Vec<u32>,
    /// Only held: it dies with this.
    #[allow(dead_code)]
    gateway: Option<Child>,
    _folder: TempDir,
}

impl Subject {
    /// Starts everything and waits for a first successful call in each session.
    pub(crate) async fn start(
        mode: Mode,
        sessions: usize,
        origin: &Origin,
    ) -> Result<Self, Box<dyn Error>> {
        let started =
            tokio::time::timeout(START_LIMIT, Self::start_unbounded(mode, sessions, origin));
        started.await.map_err(|_| format!("no successful call within {START_LIMIT:?}"))?
    }

    async fn start_unbounded(
        mode: Mode,
        sessions: usize,
        origin: &Origin,
    ) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("config.yaml");
        let config_path = config.to_string_lossy();
        let mut subject =
            Self { sessions: Vec::new(), measured: Vec::new(), gateway: None, _folder: folder };
        match mode {
            Mode::DirectStdio => {
                subject.open_lines(sessions, &["simulate"], DIRECT_TOOL).await?;
            }
            Mode::GatewayStdio => {
                let program = env!("CARGO_BIN_EXE_mcpvisor");
                let server = format!("command: {program:?}\n    args: [simulate]");
                write_config(&config, &server)?;
                let args = ["stdio", "--config", &config_path];
                subject.open_lines(sessions, &args, GATEWAY_TOOL).await?;
            }
            Mode::DirectHttp => {
                subject.measured.extend(origin.pid());
                subject.open_http(sessions, origin.address, DIRECT_TOOL).await?;
            }
            Mode::GatewayHttp | Mode::Uncounted | Mode::Exporting => {
                write_config(&config, &format!("url: \"http://{}/mcp\"", origin.address))?;
                let (child, address) = start_gateway(mode, &config_path, origin.address).await?;
                subject.measured.extend(child.id());
                subject.gateway = Some(child);
                subject.open_http(sessions, address, GATEWAY_TOOL).await?;
            }
        }
        subject.wait_until_ready().await?;
        Ok(subject)
    }

    async fn open_lines(
        &mut self,
        count: usize,
        args: &[&str],
        tool: &'static str,
    ) -> io::Result<()> {
        for _ in 0..count {
            let session = LineSession::start(args, tool).await?;
            self.measured.extend(session.pid());
            self.sessions.push(Session::Lines(Box::new(session)));
        }
        Ok(())
    }

    async fn open_http(
        &mut self,
        count: usize,
        at: SocketAddr,
        tool: &'static str,
    ) -> io::Result<()> {
        for _ in 0..count {
            self.sessions.push(Session::Http(HttpSession::open(at, tool).await?));
        }
        Ok(())
    }

    /// A gateway may still be starting its servers: calls until one succeeds.
    async fn wait_until_ready(&mut self) -> io::Result<()> {
        let one = Load { calls: 1, in_flight: 1, payload: "ready?" };
        for session in &mut self.sessions {
            while session.run(&one).await?.failed > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Makes the calls in every session at once.
    pub(crate) async fn run(&mut self, load: &Load<'_>) -> io::Result<Batch> {
        let mut total = Batch::default();
        for batch in try_join_all(self.sessions.iter_mut().map(|session| session.run(load))).await?
        {
            total.merge(batch);
        }
        Ok(total)
    }

    /// CPU time used so far by the measured processes, without their children.
    pub(crate) fn cpu_ms(&self) -> u64 {
        self.measured.iter().filter_map(|pid| measure::cpu_ms(*pid)).sum()
    }

    /// Memory held now by the measured processes.
    pub(crate) fn rss_mib(&self) -> f64 {
        self.measured.iter().filter_map(|pid| measure::rss_mib(*pid)).sum()
    }
}

fn write_config(path: &Path, server: &str) -> io::Result<()> {
    fs::write(path, format!("servers:\n  echo:\n    {server}\n"))
}

/// Starts the gateway's HTTP face; the address is in its log.
async fn start_gateway(
    mode: Mode,
    config: &str,
    origin: SocketAddr,
) -> Result<(Child, SocketAddr), Box<dyn Error>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
        .args(["serve", "--config", config, "--listen", "127.0.0.1:0"])
        .envs(mode.variables(origin))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stderr = child.stderr.take().ok_or("the gateway has no stderr")?;
    let mut log = BufReader::new(stderr).lines();
    while let Some(line) = log.next_line().await? {
        if let Some(address) = address_in(&line).filter(|address| *address != origin) {
            // a full pipe would stop the gateway
            tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
            return Ok((child, address));
        }
    }
    Err("the gateway ended without naming its address".into())
}

/// The first loopback address with a real port in a line of log.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.match_indices("127.0.0.1:").find_map(|(at, host)| {
        let port = line[at + host.len()..].split(|c: char| !c.is_ascii_digit()).next()?;
        let address: SocketAddr = format!("{host}{port}").parse().ok()?;
        (address.port() != 0).then_some(address)
    })
}
