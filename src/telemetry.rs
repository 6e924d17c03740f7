//! Logs: human on a terminal, JSON elsewhere, always on stderr, never with a secret in them.

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
mod tracer;

pub use gauges::Watch;
pub use hub::{Hub, Sink};
pub use instruments::Instruments;
pub use settings::{Protocol, Queue, Sampling, Settings, Target};

use crate::config::LogFormat;
use crate::redaction::Redaction;
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

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
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(Lines(redaction))
        .with_ansi(human && io::stderr().is_terminal());
    let lines = if human {
        lines.with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    };
    let all = tracing_subscriber::registry().with(filter).with(lines).with(records::Records);
    let _already = all.try_init();
    Ok(())
}

/// Writes one event at a time, cleaned.
struct Lines(Redaction);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

/// The formatter hands over each event as a whole.
struct Line<'a>(&'a Redaction);

impl Write for Line<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(&self.0.clean(event))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
