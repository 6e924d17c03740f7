//! Logs: human on a terminal, JSON elsewhere, always on stderr, never with a secret in them.
//!
//! *Invariant:* who logs never waits: lines that nobody takes are dropped and counted.

mod delivery;
mod gauges;
mod hub;
mod instruments;
mod labels;
mod meters;
pub mod names;
mod otlp;
mod peers;
mod pushed;
mod records;
mod series;
mod settings;
mod spans;
mod stderr;
mod tracer;

pub use gauges::Watch;
pub use hub::{Hub, Sink};
pub use instruments::Instruments;
pub use settings::{Protocol, Queue, Sampling, Settings, Target};
pub use stderr::dropped;

use crate::config::LogFormat;
use crate::logs::{self, Relay};
use crate::redaction::Redaction;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};
use std::panic::{self, PanicHookInfo};
use std::time::Duration;
use stderr::Stderr;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// How long the end of the process waits for what was logged to be written.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long a crash of a part waits for the same; it may be the end.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What to log and how.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A level, or directives as in `info,mcpvisor::downstream=debug`.
    pub level: String,
    /// The format.
    pub format: LogFormat,
}

/// The log level is not one.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a log level; use error, warn, info, debug, trace or directives such as `info,mcpvisor=debug`"
)]
pub struct BadLevel(String);

/// Starts logging. A second call in the same process changes nothing.
pub fn init(settings: &LogSettings, redaction: Redaction) -> Result<(), BadLevel> {
    // the spans of the actor library say nothing that our fields do not, and what becomes of exports is
    // said by ourselves, once
    let filter = EnvFilter::builder()
        .parse(format!("ractor=warn,opentelemetry=off,{}", settings.level))
        .map_err(|_| BadLevel(settings.level.clone()))?;
    let human = match settings.format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => io::stderr().is_terminal(),
    };
    let format = if human { LogFormat::Human } else { LogFormat::Json };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Stderr::of_process(redaction, format))
        .with_ansi(human && io::stderr().is_terminal());
    let lines = if human {
        lines.with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    };
    let all = tracing_subscriber::registry().with(filter).with(lines).with(Relay);
    if all.with(records::Records).try_init().is_ok() {
        panic::set_hook(Box::new(told));
    }
    Ok(())
}

/// Waits until what was logged so far is written, if somebody takes it. Blocks.
pub fn flush() {
    stderr::flush(FAREWELL);
    logs::flush(FAREWELL);
}

/// A panic is a line of the log like any other; nothing is written past the queue.
fn told(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let what = text.unwrap_or("a panic");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        tracing::error!(what, place, %trace, "a fault inside; please report it");
    } else {
        tracing::error!(what, place, "a fault inside; please report it");
    }
    stderr::flush(LAST_WORDS);
    logs::flush(LAST_WORDS);
}
