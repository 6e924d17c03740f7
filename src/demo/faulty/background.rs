//! What the `faulty` server does besides answering: floods, a child, deafness to signals.

use super::lines::complain;
use super::server::Server;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Starts what runs from the beginning.
pub(super) fn start(server: &Arc<Server>) {
    if server.args.grandchild {
        // stdout and stderr are inherited: they stay open when this process is gone
        let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn();
        if let Err(error) = child {
            complain(&format!("error: cannot start sleep: {error}"));
        }
    }
    if server.args.flood_stderr {
        std::thread::spawn(|| {
            loop {
                complain("warning: the same thing happened again, and again, and again");
            }
        });
    }
    if server.args.ignore_term {
        ignore_signals();
    }
}

/// Starts what waits for the client to be initialized.
pub(super) fn initialized(server: &Arc<Server>) {
    if server.args.server_request {
        server.send(&[("id", "\"faulty-ping\""), ("method", "\"ping\"")]);
        server.send(&[("id", "\"faulty-roots\""), ("method", "\"roots/list\"")]);
    }
    if server.args.flood_list_changed {
        let server = Arc::clone(server);
        std::thread::spawn(move || {
            loop {
                server.tools_changed();
            }
        });
    }
}

/// Stays when stdin has ended, if that is to be ignored.
pub(super) fn outlive(server: &Server) {
    if server.args.ignore_term {
        loop {
            std::thread::park();
        }
    }
}

/// Catches the signals and does nothing about them. Returns when they are caught.
#[cfg(unix)]
fn ignore_signals() {
    use tokio::signal::unix::{SignalKind, signal};

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
                    _ = terminate.recv() => complain("SIGTERM ignored"),
                    _ = hangup.recv() => complain("SIGHUP ignored"),
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

#[cfg(not(unix))]
fn ignore_signals() {
    complain("error: --ignore-term needs Unix signals");
}
