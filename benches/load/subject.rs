//! What is measured in one mode: its processes and the sessions with them.

use crate::gateway::{self, Gateway, Place, http_server, line_server};
use crate::http::HttpSession;
use crate::lines::LineSession;
use crate::measure;
use crate::mode::Mode;
use crate::role::{self, Listening};
use crate::work::{Batch, Load, What};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// How long a mode may take from its first process to its first answered call.
const START_LIMIT: Duration = Duration::from_secs(30);
const DIRECT_TOOL: &str = "echo";
const GATEWAY_TOOL: &str = "echo.echo";

enum Session {
    Lines(Box<LineSession>),
    Http(HttpSession),
}

impl Session {
    async fn run(&mut self, load: &Load) -> io::Result<Batch> {
        match self {
            Self::Lines(session) => session.run(load).await,
            Self::Http(session) => session.run(load).await,
        }
    }
}

/// Lives as long as the subject.
#[allow(dead_code)] // only held: it dies with this
enum Held {
    Gateway(Gateway),
    Floor(Listening),
    Place(Place),
}

/// The processes of a mode, ready to be called. They end when this is dropped.
pub(crate) struct Subject {
    sessions: Vec<Session>,
    /// What is between, or else the server.
    measured: Vec<u32>,
    held: Vec<Held>,
}

impl Subject {
    /// Starts everything and waits for a first successful call in each session.
    pub(crate) async fn start(
        mode: Mode,
        sessions: usize,
        origin: &Listening,
    ) -> Result<Self, Box<dyn Error>> {
        let mut subject = Self { sessions: Vec::new(), measured: Vec::new(), held: Vec::new() };
        let started = tokio::time::timeout(START_LIMIT, async {
            subject.open(mode, sessions, origin).await?;
            subject.wait_until_ready().await?;
            Ok(subject)
        });
        started.await.map_err(|_| format!("no successful call within {START_LIMIT:?}"))?
    }

    async fn open(
        &mut self,
        mode: Mode,
        sessions: usize,
        origin: &Listening,
    ) -> Result<(), Box<dyn Error>> {
        let behind = origin.address.to_string();
        let it = role::program()?;
        match mode {
            Mode::DirectStdio => {
                self.open_lines(sessions, &it, &role::arguments("lines", &[]), DIRECT_TOOL).await?;
            }
            Mode::FloorStdio => {
                self.open_lines(sessions, &it, &role::arguments("pipe", &[]), DIRECT_TOOL).await?;
            }
            Mode::GatewayStdio => {
                let place = Place::with(&one(&line_server(1)?))?;
                let arguments = place.arguments("stdio");
                self.open_lines(sessions, gateway::program(), &arguments, GATEWAY_TOOL).await?;
                self.held.push(Held::Place(place));
            }
            Mode::DirectHttp => {
                self.measured.extend(origin.pid());
                self.open_http(sessions, origin.address, DIRECT_TOOL).await?;
            }
            Mode::FloorHttp => self.open_floor(sessions, "http", &[&behind]).await?,
            Mode::Copy => self.open_floor(sessions, "copy", &[&behind]).await?,
            Mode::FloorBridge => self.open_floor(sessions, "bridge", &[]).await?,
            Mode::GatewayHttp | Mode::NoTelemetry | Mode::FullOtlp => {
                let variables = match mode {
                    Mode::NoTelemetry => vec![("OTEL_SDK_DISABLED", "true".to_owned())],
                    Mode::FullOtlp => {
                        vec![("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{behind}"))]
                    }
                    _ => Vec::new(),
                };
                self.open_gateway(sessions, &http_server(origin.address), &variables).await?;
            }
            Mode::GatewayBridge => self.open_gateway(sessions, &line_server(1)?, &[]).await?,
        }
        Ok(())
    }

    async fn open_floor(
        &mut self,
        sessions: usize,
        role: &str,
        rest: &[&str],
    ) -> Result<(), Box<dyn Error>> {
        let floor = Listening::start(role, rest).await?;
        self.measured.extend(floor.pid());
        self.open_http(sessions, floor.address, DIRECT_TOOL).await?;
        self.held.push(Held::Floor(floor));
        Ok(())
    }

    async fn open_gateway(
        &mut self,
        sessions: usize,
        server: &Value,
        variables: &[(&str, String)],
    ) -> Result<(), Box<dyn Error>> {
        let gateway = Gateway::start_in(Place::with(&one(server))?, variables).await?;
        self.measured.push(gateway.pid());
        self.open_http(sessions, gateway.address, GATEWAY_TOOL).await?;
        self.held.push(Held::Gateway(gateway));
        Ok(())
    }

    async fn open_lines(
        &mut self,
        count: usize,
        program: &str,
        args: &[String],
        tool: &str,
    ) -> io::Result<()> {
        for _ in 0..count {
            let session = LineSession::start(program, args, tool).await?;
            self.measured.extend(session.pid());
            self.sessions.push(Session::Lines(Box::new(session)));
        }
        Ok(())
    }

    async fn open_http(&mut self, count: usize, at: SocketAddr, tool: &str) -> io::Result<()> {
        for _ in 0..count {
            self.sessions.push(Session::Http(HttpSession::open(at, tool).await?));
        }
        Ok(())
    }

    /// A gateway may still be starting its servers: calls until one succeeds.
    async fn wait_until_ready(&mut self) -> io::Result<()> {
        let one = Load::new(1, 1, What::Echo(8));
        for session in &mut self.sessions {
            while session.run(&one).await?.failed > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Makes the calls in every session at once.
    pub(crate) async fn run(&mut self, load: &Load) -> io::Result<Batch> {
        let mut total = Batch::default();
        for batch in try_join_all(self.sessions.iter_mut().map(|session| session.run(load))).await?
        {
            total.merge(batch);
        }
        Ok(total)
    }

    /// CPU time used so far by the measured processes, without their children.
    pub(crate) fn cpu(&self) -> Duration {
        self.measured.iter().filter_map(|pid| measure::cpu(*pid)).sum()
    }

    /// Calls of `write` so far.
    pub(crate) fn writes(&self) -> f64 {
        self.measured.iter().filter_map(|pid| measure::writes(*pid)).sum()
    }

    /// Memory held now by the measured processes.
    pub(crate) fn rss_kib(&self) -> f64 {
        self.measured.iter().filter_map(|pid| measure::rss_kib(*pid)).sum()
    }

    /// The most they ever held.
    pub(crate) fn peak_rss_kib(&self) -> f64 {
        self.measured.iter().filter_map(|pid| measure::peak_rss_kib(*pid)).sum()
    }
}

/// A configuration with one server.
fn one(server: &Value) -> Value {
    json!({ "servers": { "echo": server } })
}
