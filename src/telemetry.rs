//! Logs: human on a terminal, JSON elsewhere, always on stderr, never with a secret in them.

mod hub;

pub use hub::{Hub, Sink};

use crate::config::LogFormat;
use crate::redaction::Redaction;
use std::io::{self, IsTerminal, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

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
    // the spans of the actor library say nothing that our fields do not
    let filter = EnvFilter::builder()
        .parse(format!("ractor=warn,{}", settings.level))
        .map_err(|_| BadLevel(settings.level.clone()))?;
    let human = match settings.format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Lines(redaction))
        .with_ansi(human && io::stderr().is_terminal());
    let _already = if human {
        lines.with_target(false).try_init().map_err(drop)
    } else {
        lines.json().flatten_event(true).with_span_list(false).try_init().map_err(drop)
    };
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
