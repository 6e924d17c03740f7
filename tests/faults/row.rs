//! A fault, the transports it is tried on, and what is done and expected.

use crate::server::Transport;
use crate::subject::Subject;

pub(crate) const STDIO: &[Transport] = &[Transport::Stdio];
pub(crate) const OVER_HTTP: &[Transport] = &[Transport::Http, Transport::Sse];
pub(crate) const ALL: &[Transport] = &[Transport::Stdio, Transport::Http, Transport::Sse];

/// One line of the table of faults.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Faults of `mcpvisor simulate`, by the names of their flags or commands; the first names it.
    pub(crate) faults: &'static [&'static str],
    pub(crate) on: &'static [Transport],
    /// Flags it is started with.
    pub(crate) flags: &'static str,
    /// Its settings, as JSON.
    pub(crate) settings: &'static str,
    /// What the error of a call may be due to; one of them stands in each such text.
    pub(crate) causes: &'static [&'static str],
    /// What is done and expected.
    pub(crate) play: fn(&mut Subject),
}

impl Row {
    pub(crate) const fn new(
        faults: &'static [&'static str],
        on: &'static [Transport],
        play: fn(&mut Subject),
    ) -> Self {
        Self { faults, on, flags: "", settings: "{}", causes: &[], play }
    }

    pub(crate) const fn flags(self, flags: &'static str) -> Self {
        Self { flags, ..self }
    }

    pub(crate) const fn settings(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    pub(crate) const fn causes(self, causes: &'static [&'static str]) -> Self {
        Self { causes, ..self }
    }
}
