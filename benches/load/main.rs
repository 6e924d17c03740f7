//! Load tool: what a call costs through the gateway, next to the same call without it and next to the least
//! that can stand between; and all of the table of goals.
//!
//! `benches/load/run` prints the table; `cargo bench --bench load -- --mode gateway-http --mode floor-http
//! --sessions 32 --in-flight 4` compares what one likes.
//!
//! It never runs without `--bench`, every wait is bounded, everything is on loopback, and whatever it starts
//! ends with it.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod answer;
mod count;
#[path = "../support/fleet.rs"]
mod fleet;
mod floor;
mod gateway;
mod goals;
mod http;
mod line_origin;
mod lines;
mod measure;
#[path = "../../tests/support/memory.rs"]
mod memory;
mod mode;
mod origin;
#[path = "../support/parts.rs"]
mod parts;
mod role;
mod rounds;
mod rows;
mod subject;
mod table;
mod work;

use clap::Parser;
use mode::Mode;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use work::{Load, What};

/// Compares calls made directly with calls made through the gateway.
#[derive(Debug, Parser)]
struct Args {
    /// Compare these modes with each other instead of printing the table of goals; may be given again.
    #[arg(long, value_enum)]
    mode: Vec<Mode>,
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
    /// Rounds the calls are divided into, and of each comparison of the table.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=100))]
    rounds: u64,
    /// Rows of the table; all when none is named.
    #[arg(long, num_args = 1.., value_name = "ROW")]
    only: Vec<u8>,
    /// How long the soak of the table takes.
    #[arg(long, default_value = "2m", value_parser = humantime::parse_duration, value_name = "TIME")]
    soak: Duration,
    /// The program to measure, in place of the one built with the bench.
    #[arg(long, value_name = "FILE")]
    gateway: Option<String>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let done = if let Some(done) = role::play() {
        done
    } else if std::env::args().any(|argument| argument == "--bench") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(run(Args::parse())))
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

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    if let Some(program) = args.gateway {
        gateway::measure(program);
    }
    let rounds = usize::try_from(args.rounds)?;
    if args.mode.is_empty() {
        let rows = if args.only.is_empty() { rows::ALL.to_vec() } else { args.only };
        return rows::print(&rows, &rows::Settings { rounds, soak: args.soak }).await;
    }
    let sessions = usize::try_from(args.sessions)?;
    let calls = usize::try_from(args.calls)? / rounds / sessions;
    let what = What::Echo(usize::try_from(args.payload)?);
    let load = Load::new(calls.max(1), usize::try_from(args.in_flight)?, what);
    let turns = rounds::alternate(&args.mode, sessions, &load, rounds).await?;
    std::io::stdout().lock().write_all(table::render(&turns).as_bytes())?;
    Ok(())
}
