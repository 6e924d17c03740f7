//! What the simulated server does besides answering: floods, storms, a child.
//!
//! *Invariant:* of each kind at most one runs, and it ends when its fault is switched off.

use super::fault::Fault;
use super::lines::complain;
use super::server::{Exchange, Server};
use mcpvisor_actors::mutex::lock;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Rest of a storm nobody hears.
const UNHEARD: Duration = Duration::from_millis(5);
/// A storm that lags more than this behind its rate forgets what it owes.
const LAG: Duration = Duration::from_secs(1);
/// Faults with a thread of their own.
const STORMS: [Fault; 4] =
    [Fault::FloodStderr, Fault::GarbageRate, Fault::FloodListChanged, Fault::ListChangedRate];

/// Which storms have a thread at this moment, and whether there is a grandchild.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<(Vec<Fault>, bool)>);

/// Starts what is on and does not run yet.
pub(super) fn start(server: &Arc<Server>) {
    let mut running = lock(&server.background.0);
    if server.faults.on(Fault::Grandchild) && !running.1 {
        running.1 = true;
        start_grandchild();
    }
    for storm in STORMS {
        let waits = matches!(storm, Fault::FloodListChanged | Fault::ListChangedRate)
            && !server.initialized.load(Ordering::SeqCst);
        if server.faults.on(storm) && !waits && !running.0.contains(&storm) {
            running.0.push(storm);
            let server = Arc::clone(server);
            std::thread::spawn(move || while blow(&server, storm) {});
        }
    }
    drop(running);
    if server.faults.on(Fault::IgnoreTerm) {
        super::signals::catch(server);
    }
}

/// Starts what waits for a client to be initialized.
pub(super) fn initialized(exchange: &Exchange) {
    let server = &exchange.server;
    server.initialized.store(true, Ordering::SeqCst);
    if server.settings.server_request {
        exchange.note(&[("id", "\"faulty-ping\""), ("method", "\"ping\"")]);
        exchange.note(&[("id", "\"faulty-roots\""), ("method", "\"roots/list\"")]);
    }
    start(server);
}

/// Storms until the fault is off; whether it was switched on again meanwhile.
fn blow(server: &Server, storm: Fault) -> bool {
    let mut due = Instant::now();
    while let Some(value) = server.faults.now().get(storm) {
        let heard = gust(server, storm);
        let rated = matches!(storm, Fault::GarbageRate | Fault::ListChangedRate);
        if rated {
            due += interval(value);
            let now = Instant::now();
            if now > due + LAG {
                due = now;
            }
            std::thread::sleep(due.saturating_duration_since(now));
        } else if !heard {
            std::thread::sleep(UNHEARD);
        }
    }
    let mut running = lock(&server.background.0);
    let again = server.faults.on(storm);
    if !again {
        running.0.retain(|one| *one != storm);
    }
    again
}

/// One piece of a storm; whether anybody was there to hear it.
fn gust(server: &Server, storm: Fault) -> bool {
    match storm {
        Fault::FloodStderr => {
            complain("warning: the same thing happened again, and again, and again");
            true
        }
        Fault::GarbageRate => {
            let mute = server.is_silent() || server.faults.on(Fault::BlackHole);
            !mute && server.deliver(&server.everyone(), vec![server.lines.garbage()])
        }
        _ => server.tools_changed(),
    }
}

/// Time between two of so many a second; with none, a look now and then at whether that changed.
fn interval(rate: u64) -> Duration {
    Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX).max(1)
}

/// Stdout and stderr are inherited: they stay open when this process is gone.
fn start_grandchild() {
    let child = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn();
    if let Err(error) = child {
        complain(&format!("error: cannot start sleep: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::interval;
    use std::time::Duration;

    #[test]
    fn a_rate_is_a_second_divided() {
        for (rate, micros) in [(1, 1_000_000), (10, 100_000), (1_000, 1_000), (0, 1_000_000)] {
            assert_eq!(interval(rate), Duration::from_micros(micros));
        }
    }
}
