//! Load tool: what a call costs through the gateway, next to the same call without it.
//!
//! `cargo bench --bench load -- --mode all --sessions 1 --in-flight 8 --calls 20000 --payload 100`
//!
//! All modes are set up first and then take turns in short rounds, so that whatever else the
//! machine does hits all of them alike. It never runs without `--bench`, and every wait is bounded.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod batch;
mod http;
mod lines;
mod measure;
mod origin;
mod subject;
mod table;

use batch::Load;
use clap::{Parser, ValueEnum};
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use subject::Subject;
use table::Row;

/// How long one round of one mode may take before that mode is given up.
const ROUND_LIMIT: Duration = Duration::from_secs(120);
const WARM_UP_CALLS: usize = 200;

/// Compares calls made directly with calls made through the gateway.
#[derive(Debug, Parser)]
struct Args {
    /// Client sessions.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    sessions: u64,
    /// Calls in flight in each session.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=256))]
    in_flight: u64,
    /// Calls of each mode, over all sessions.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    calls: u64,
    /// Bytes of text in each call, and in its answer.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(0..=4_194_304))]
    payload: u64,
    /// Rounds the calls are divided into.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// What to measure.
    #[arg(long, value_enum, default_value_t = Choice::All)]
    mode: Choice,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    All,
    DirectStdio,
    GatewayStdio,
    DirectHttp,
    GatewayHttp,
    /// What telemetry costs: nothing counted, metrics alone (the default), all of it sent.
    Telemetry,
}

/// Who is measured, and over what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    DirectStdio,
    GatewayStdio,
    DirectHttp,
    GatewayHttp,
    Uncounted,
    Exporting,
}

impl Mode {
    const ALL: [Self; 6] = [
        Self::DirectStdio,
        Self::GatewayStdio,
        Self::DirectHttp,
        Self::GatewayHttp,
        Self::Uncounted,
        Self::Exporting,
    ];

    fn chosen(self, choice: Choice) -> bool {
        match choice {
            Choice::All => !matches!(self, Self::Uncounted | Self::Exporting),
            Choice::DirectStdio => self == Self::DirectStdio,
            Choice::GatewayStdio => self == Self::GatewayStdio,
            Choice::DirectHttp => self == Self::DirectHttp,
            Choice::GatewayHttp => self == Self::GatewayHttp,
            Choice::Telemetry => {
                matches!(self, Self::GatewayHttp | Self::Uncounted | Self::Exporting)
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::DirectStdio => "direct-stdio",
            Self::GatewayStdio => "gateway-stdio",
            Self::DirectHttp => "direct-http",
            Self::GatewayHttp => "gateway-http",
            Self::Uncounted => "no-telemetry",
            Self::Exporting => "full-otlp",
        }
    }

    /// What a mode is compared with, when that was measured, too.
    fn baselines(self) -> &'static [Self] {
        match self {
            Self::GatewayStdio => &[Self::DirectStdio],
            Self::GatewayHttp => &[Self::DirectHttp, Self::Uncounted],
            Self::Exporting => &[Self::Uncounted],
            Self::DirectStdio | Self::DirectHttp | Self::Uncounted => &[],
        }
    }

    /// The variables of the gateway; `sink` takes telemetry.
    fn variables(self, sink: std::net::SocketAddr) -> Vec<(&'static str, String)> {
        match self {
            Self::Uncounted => vec![("OTEL_SDK_DISABLED", "true".into())],
            Self::Exporting => vec![("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{sink}"))],
            _ => Vec::new(),
        }
    }
}

fn main() -> ExitCode {
    let given = |flag: &str| std::env::args().any(|arg| arg == flag);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = if given(origin::FLAG) {
        runtime().map_err(Into::into).and_then(|runtime| runtime.block_on(origin::serve()))
    } else if given("--bench") {
        let args = Args::parse();
        runtime().map_err(Into::into).and_then(|runtime| runtime.block_on(compare(&args)))
    } else {
        return ExitCode::SUCCESS; // listed or run as a test
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // stderr may be gone; there is nobody else to tell
            let _unheard = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn compare(args: &Args) -> Result<(), Box<dyn Error>> {
    let payload = "x".repeat(usize::try_from(args.payload)?);
    let rounds = usize::try_from(args.rounds)?;
    let sessions = usize::try_from(args.sessions)?;
    let load = |calls: usize| Load {
        calls,
        in_flight: args.in_flight.try_into().unwrap_or(1),
        payload: &payload,
    };
    let per_round = load((usize::try_from(args.calls)? / rounds / sessions).max(1));

    let origin = origin::Origin::start().await?;
    let mut rows = Vec::new();
    for mode in Mode::ALL.into_iter().filter(|mode| mode.chosen(args.mode)) {
        let mut row = Row::new(mode);
        match Subject::start(mode, sessions, &origin).await {
            Ok(mut subject) => {
                round(&mut row, &mut subject, &load(WARM_UP_CALLS)).await;
                row.forget_warm_up();
                row.subject = Some(subject);
            }
            Err(error) => row.failure = Some(error.to_string()),
        }
        rows.push(row);
    }
    for number in 0..rounds {
        let mut order: Vec<&mut Row> = rows.iter_mut().collect();
        if number % 2 == 1 {
            order.reverse();
        }
        for row in order {
            if let (Some(mut subject), None) = (row.subject.take(), &row.failure) {
                round(row, &mut subject, &per_round).await;
                row.subject = Some(subject);
            }
        }
    }
    let text = table::render(&rows);
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

/// One round of one mode; what went wrong is noted in its row.
async fn round(row: &mut Row, subject: &mut Subject, load: &Load<'_>) {
    let cpu_before = subject.cpu_ms();
    let started = Instant::now();
    match tokio::time::timeout(ROUND_LIMIT, subject.run(load)).await {
        Ok(Ok(batch)) => {
            row.wall += started.elapsed();
            row.cpu_ms += subject.cpu_ms() - cpu_before;
            row.rss_mib = subject.rss_mib();
            row.batch.merge(batch);
        }
        Ok(Err(error)) => row.failure = Some(error.to_string()),
        Err(_) => row.failure = Some(format!("a round took longer than {ROUND_LIMIT:?}")),
    }
}
