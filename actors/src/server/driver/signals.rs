//! What concerns every driver (levels, roots, wishes, the end), told as commands.
//!
//! A driver that looked at each of these itself would do so with every frame; so a task of its own waits for
//! them.

use super::link::Command;
use crate::server::Loss;
use crate::server::instance::closing;
use crate::session::LogLevel;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Something changed that a driver has to look at.
#[derive(Debug)]
pub(super) enum Signal {
    /// Clients want other log messages.
    Levels,
    /// Clients may have other roots.
    Roots,
    /// Clients want other resources watched.
    Wishes,
    /// The connection is to be ended.
    Close(Loss),
}

/// What is waited for.
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) levels: watch::Receiver<Option<LogLevel>>,
    pub(super) roots: watch::Receiver<()>,
    pub(super) wishes: watch::Receiver<()>,
    pub(super) close: watch::Receiver<Option<Loss>>,
}

impl Signals {
    /// Tells them until what comes back is dropped, or the end was told.
    pub(super) fn tell(mut self, commands: mpsc::UnboundedSender<Command>) -> JoinSet<()> {
        let mut telling = JoinSet::new();
        telling.spawn(async move {
            loop {
                let signal = tokio::select! {
                    Ok(()) = self.levels.changed() => Signal::Levels,
                    Ok(()) = self.roots.changed() => Signal::Roots,
                    Ok(()) = self.wishes.changed() => Signal::Wishes,
                    loss = closing(&mut self.close) => Signal::Close(loss),
                };
                let last = matches!(signal, Signal::Close(_));
                if commands.send(Command::Signal(signal)).is_err() || last {
                    return;
                }
            }
        });
        telling
    }
}
