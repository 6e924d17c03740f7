//! Signals that ask the process to stop.
//!
//! *Invariant:* from [`Signals::listen`] on no such signal ends the process by itself, and none is
//! lost: one that comes before anybody waits is kept.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask to stop.
#[derive(Debug)]
pub struct Signals {
    /// Terminate and interrupt; nothing where they cannot be had.
    #[cfg(unix)]
    both: Option<(Signal, Signal)>,
}

#[cfg(unix)]
impl Signals {
    /// Starts listening. Needs a runtime.
    pub fn listen() -> Self {
        let terminate = signal(SignalKind::terminate()).ok();
        Self { both: terminate.zip(signal(SignalKind::interrupt()).ok()) }
    }

    /// The name of the next signal that asks to stop.
    pub async fn next(&mut self) -> &'static str {
        let Some((terminate, interrupt)) = &mut self.both else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Starts listening. Needs a runtime.
    pub fn listen() -> Self {
        Self {}
    }

    /// Returns when Ctrl-C is pressed. Untested on this platform.
    pub async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }
}
