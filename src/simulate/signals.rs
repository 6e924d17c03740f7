//! Signals that ask to stop: obeyed, or survived while [`Fault::IgnoreTerm`] is on.
//!
//! They are heard by a thread of their own, so that a frozen server still hears them.

use super::fault::Fault;
use super::lines::complain;
use super::server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the thread runs.
static CAUGHT: AtomicBool = AtomicBool::new(false);

/// Catches the signals. Returns when they are caught.
#[cfg(unix)]
pub(super) fn catch(server: &Arc<Server>) {
    use tokio::signal::unix::{SignalKind, signal};

    if CAUGHT.swap(true, Ordering::SeqCst) {
        return;
    }
    let server = Arc::clone(server);
    let (caught, ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut hangup = signal(SignalKind::hangup())?;
            // the receiver waits for exactly this
            let _heard = caught.send(());
            loop {
                tokio::select! {
                    _ = terminate.recv() => obey(&server, "SIGTERM"),
                    _ = hangup.recv() => obey(&server, "SIGHUP"),
                }
            }
            #[allow(unreachable_code)] // names the error type of `?`
            Ok::<(), std::io::Error>(())
        })
    });
    if ready.recv().is_err() {
        complain("error: cannot catch signals");
    }
}

#[cfg(unix)]
fn obey(server: &Server, signal: &str) {
    if server.faults.on(Fault::IgnoreTerm) {
        complain(&format!("{signal} ignored"));
    } else {
        std::process::exit(0);
    }
}

#[cfg(not(unix))]
pub(super) fn catch(server: &Arc<Server>) {
    if !CAUGHT.swap(true, Ordering::SeqCst) && server.faults.on(Fault::IgnoreTerm) {
        complain("error: --ignore-term needs Unix signals");
    }
}
