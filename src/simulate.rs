//! `mcpvisor simulate`: a hand-written MCP server whose faults are chosen by flags and at run time.
//!
//! Tests need servers that die, stall, babble and break the protocol, and a correct library cannot
//! do that. So this one writes its own messages and does exactly what its flags and its control
//! port say. It never does harm beyond its own process, its `--grandchild` and the files it is told
//! to write.
//!
//! *Invariant:* without a fault it is a correct server of 2025-11-25, of 2026-07-28 or of both: one answer per request, and every
//! executed call is in the `--log` before it is answered.

mod answer;
mod background;
mod call;
mod control;
mod end;
mod fault;
mod faults;
mod files;
mod flags;
mod lines;
mod listeners;
mod modern;
mod offers;
mod outlet;
mod request;
mod server;
mod sessions;
mod settings;
mod signals;
mod stdio;
mod tools;
mod web;

pub use faults::Values;
pub use settings::Settings;

use crate::exit::Exit;
use fault::{FAULTS, Fault, Reach};
use faults::Faults;
use files::Files;
use lines::complain;
use server::Server;
use settings::Kind;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long a server over HTTP lives when nobody says otherwise.
const LIFE: u64 = 3600;
/// Threads for requests that block.
const THREADS: usize = 2048;

/// What to simulate.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    faults: Values,
}

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
enum SimulateError {
    #[error("--{0} needs --transport http, sse or ws")]
    NeedsHttp(&'static str),
    #[error(transparent)]
    File(#[from] files::FileError),
    #[error("cannot listen on {0}: {1}; is the port taken by another process?")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("no network can be had: {0}")]
    Network(#[source] io::Error),
}

impl SimulateError {
    fn code(&self) -> ExitCode {
        match self {
            Self::NeedsHttp(_) => Exit::Usage.into(),
            Self::File(_) | Self::Listen(..) => ExitCode::from(73), // EX_CANTCREAT
            Self::Network(_) => Exit::GaveUp.into(),
        }
    }
}

/// Serves until its transport, a signal or a fault ends it.
pub fn simulate(options: Options) -> ExitCode {
    match start(options) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("error: {error}"));
            error.code()
        }
    }
}

fn start(Options { settings, faults }: Options) -> Result<ExitCode, SimulateError> {
    let http = settings.transport != Kind::Stdio;
    let misplaced = FAULTS.iter().find(|row| row.reach == Reach::Http && faults.on(row.fault));
    if let (Some(row), false) = (misplaced, http) {
        return Err(SimulateError::NeedsHttp(row.name));
    }
    let files = Files::open(&settings)?;
    if let Some(code) = faults.get(Fault::CrashAtStart) {
        return Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)));
    }
    if settings.crash_unless.as_ref().is_some_and(|file| !file.exists()) {
        return Ok(ExitCode::from(settings.exit_code));
    }
    std::thread::sleep(faults.time(Fault::SlowStart));
    let server = Arc::new(Server::new(settings, Faults::new(&faults), files));
    end_in_time(&server);
    if http { serve_http(&server) } else { serve_stdio(&server) }
}

fn serve_stdio(server: &Arc<Server>) -> Result<ExitCode, SimulateError> {
    if let Some(control) = open_control(server)? {
        // stdout belongs to the protocol
        complain(&control);
    }
    background::start(server);
    stdio::serve(server);
    Ok(ExitCode::SUCCESS)
}

fn serve_http(server: &Arc<Server>) -> Result<ExitCode, SimulateError> {
    signals::catch(server);
    let (listener, address) = bind(server.settings.listen)?;
    let (scheme, path) = match server.settings.transport {
        Kind::Sse => ("http", "sse"),
        Kind::Ws => ("ws", "ws"),
        Kind::Http | Kind::Stdio => ("http", "mcp"),
    };
    say(&format!("listening on {scheme}://{address}/{path}"));
    if let Some(control) = open_control(server)? {
        say(&control);
    }
    background::start(server);
    if server.settings.until_eof {
        let server = Arc::clone(server);
        std::thread::spawn(move || {
            // however stdin ends, it has ended
            let _end = io::copy(&mut io::stdin().lock(), &mut io::sink());
            server.faults.wait_while(Fault::IgnoreTerm);
            std::process::exit(0);
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .build()
        .map_err(SimulateError::Network)?;
    runtime.block_on(web::serve(Arc::clone(server), listener)).map_err(SimulateError::Network)?;
    Ok(ExitCode::SUCCESS)
}

/// Ends the process when its life is over, whatever it is doing.
fn end_in_time(server: &Server) {
    let life = server.settings.max_life.or_else(|| (!server.is_stdio()).then_some(LIFE));
    if let Some(seconds) = life {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(seconds));
            std::process::exit(0);
        });
    }
}

/// Opens the control port, if there is to be one; what to tell about it.
fn open_control(server: &Arc<Server>) -> Result<Option<String>, SimulateError> {
    let Some(address) = server.settings.control else { return Ok(None) };
    let (listener, address) = bind(address)?;
    if let Some(path) = &server.settings.control_file {
        files::write(path, &address.to_string())?;
    }
    control::listen(server, listener);
    Ok(Some(format!("control on {address}")))
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SimulateError> {
    let failed = |error| SimulateError::Listen(address, error);
    let listener = TcpListener::bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Tells where it is; nobody reading is no reason to stop.
fn say(line: &str) {
    let mut stdout = io::stdout();
    let _unheard = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
