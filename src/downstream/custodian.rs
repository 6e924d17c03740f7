//! The custodian of all child processes: it sees to it that none outlives the gateway.
//!
//! One thread keeps the books of the guard process (see `guard`): it starts the guard with the first child,
//! and again, with the whole list, when the guard has died. It lives as long as any [`Custodian`] does; each
//! child's keeper holds one.
//!
//! It never waits for a child and never signals one; that is the keeper's part.

use std::collections::BTreeSet;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A guard that dies sooner than this is not started again before the next child is.
const SOUND_LIFE: Duration = Duration::from_secs(1);

/// Has the groups of child processes listed; cheap to clone.
#[derive(Debug, Clone)]
pub struct Custodian(Arc<Office>);

#[derive(Clone, Copy)]
enum Order {
    Started(u32),
    Gone(u32),
    GuardEnded(u64),
    Finish,
}

#[derive(Debug)]
struct Office(mpsc::Sender<Order>);

impl Drop for Office {
    fn drop(&mut self) {
        let _ended = self.0.send(Order::Finish);
    }
}

impl Custodian {
    /// Starts the thread. `exe` is the gateway's own program, run as `exe guard` for the guard.
    pub fn new(exe: PathBuf) -> Self {
        let (orders, inbox) = mpsc::channel();
        let mut books = Books {
            exe,
            groups: BTreeSet::new(),
            guard: None,
            generation: 0,
            orders: orders.clone(),
        };
        let started = thread::Builder::new().name("custodian".into()).spawn(move || {
            while let Ok(order) = inbox.recv() {
                if !books.carry_out(order) {
                    break;
                }
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "no thread for the guard; a killed gateway may leave processes");
        }
        Self(Arc::new(Office(orders)))
    }

    /// Puts a group on the guard's list.
    pub(super) fn started(&self, group: u32) {
        let _no_thread = self.0.0.send(Order::Started(group));
    }

    /// Strikes a group off the guard's list.
    pub(super) fn gone(&self, group: u32) {
        let _no_thread = self.0.0.send(Order::Gone(group));
    }
}

/// What the thread knows.
struct Books {
    exe: PathBuf,
    groups: BTreeSet<u32>,
    guard: Option<Guard>,
    generation: u64,
    orders: mpsc::Sender<Order>,
}

struct Guard {
    pipe: ChildStdin,
    since: Instant,
}

impl Books {
    /// `false` when this was the last order.
    fn carry_out(&mut self, order: Order) -> bool {
        match order {
            Order::Started(group) => self.enter(group),
            Order::Gone(group) => {
                if self.groups.remove(&group) {
                    self.tell(&format!("-{group}\n"));
                }
            }
            Order::GuardEnded(generation) if generation == self.generation => {
                let sound = self.guard.take().is_some_and(|it| it.since.elapsed() > SOUND_LIFE);
                tracing::warn!(restart = sound, "the guard process ended");
                if sound && !self.groups.is_empty() {
                    self.post_guard();
                }
            }
            Order::GuardEnded(_) => {}
            Order::Finish => return false,
        }
        true
    }

    fn enter(&mut self, group: u32) {
        self.groups.insert(group);
        if cfg!(not(unix)) {
            return; // job objects end with their last handle
        }
        if self.guard.is_none() {
            self.post_guard();
        } else {
            self.tell(&format!("+{group}\n"));
        }
    }

    /// A failed write means that the guard is dead; its watcher reports that.
    fn tell(&mut self, line: &str) {
        if let Some(guard) = &mut self.guard {
            let _dead = guard.pipe.write_all(line.as_bytes());
        }
    }

    /// Starts a guard and gives it the whole list.
    fn post_guard(&mut self) {
        let mut command = Command::new(&self.exe);
        command.arg("guard").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group and a name of its own: a terminal's signals and `pkill mcpvisor` are not for the guard.
        #[cfg(unix)]
        command.process_group(0).arg0("mcp-guard");
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                tracing::warn!(%error, "no guard process; a killed gateway may leave processes");
                return;
            }
        };
        self.generation += 1;
        let (generation, orders) = (self.generation, self.orders.clone());
        self.guard = child.stdin.take().map(|pipe| Guard { pipe, since: Instant::now() });
        let watcher = thread::Builder::new().name("guard-watch".into()).spawn(move || {
            let _status = child.wait();
            let _finished = orders.send(Order::GuardEnded(generation));
        });
        if let Err(error) = watcher {
            tracing::warn!(%error, "cannot watch the guard process");
        }
        for group in self.groups.clone() {
            self.tell(&format!("+{group}\n"));
        }
    }
}
