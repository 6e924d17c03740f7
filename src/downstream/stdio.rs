//! Servers that are child processes: one JSON-RPC message a line over stdin and stdout.
//!
//! We own the child and everything it starts: its own process group, a guard that outlives us, and an
//! orderly stop (EOF, grace, TERM, grace, KILL).
//!
//! It never restarts a child and never shows the values of its environment.
//!
//! *Invariant:* dropping the connect future or the transport leaves no process of the group behind.

#[cfg(target_os = "linux")]
mod activity;
mod frames;
mod lines;
mod pace;
mod process;
mod program;
mod stderr;
mod transport;

pub use process::stop_bound;

use super::{Custodian, StdioTarget};
use crate::logs::{LogStore, ServerLog};
use crate::redaction::Redaction;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Connector, Loss, ServerName, Transport};
use process::How;
use secrecy::ExposeSecret;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;
use transport::StdioTransport;

/// Starts a server as a child process.
#[derive(Debug, Clone)]
pub struct StdioConnector {
    target: Arc<StdioTarget>,
    custodian: Custodian,
    redaction: Redaction,
    log: ServerLog,
}

impl StdioConnector {
    /// A connector for `target`; its processes are in the custody of `custodian`.
    pub fn new(target: StdioTarget, custodian: Custodian) -> Self {
        let redaction = Redaction::of(target.env.values());
        let log = ServerLog::new(LogStore::off(), ServerName::new(&target.command));
        Self { target: Arc::new(target), custodian, redaction, log }
    }

    /// Hides more than the values of the target's own environment in what the child said.
    #[must_use]
    pub fn hiding(self, redaction: Redaction) -> Self {
        Self { redaction, ..self }
    }

    /// Has what its processes write to stderr kept there.
    #[must_use]
    pub fn logging(self, log: ServerLog) -> Self {
        Self { log, ..self }
    }

    async fn open(self) -> Result<Box<dyn Transport>, Loss> {
        let target = Arc::clone(&self.target);
        let grace = target.stop_grace;
        let of = Arc::clone(&target);
        match process::start(move |how| command(&of, how), grace, &self.custodian).await {
            Ok(started) => {
                let Self { redaction, log, .. } = self;
                Ok(Box::new(StdioTransport::new(started, target.limits, grace, redaction, log)))
            }
            Err(error) => Err(Loss::CannotStart {
                command: target.command.clone(),
                detail: program::why_not(&target, &error),
            }),
        }
    }
}

impl Connector for StdioConnector {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        Box::pin(self.clone().open())
    }

    fn kind(&self) -> &'static str {
        "stdio"
    }
}

/// The child to be, not started yet.
fn command(target: &StdioTarget, how: How) -> Command {
    let mut command = program::command(target, how);
    command.args(&target.args);
    command.envs(target.env.iter().map(|(name, value)| (name, value.expose_secret())));
    if let Some(cwd) = &target.cwd {
        command.current_dir(cwd);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
