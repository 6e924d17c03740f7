//! The custodian of all child processes: one thread that starts them, one guard that outlives us.
//!
//! One thread, so that a child is in the books the moment it is there, none inherits a pipe that is being made
//! for another one, and starts that hang take no thread but this. It lives as long as any [`Custodian`] does;
//! each child's keeper holds one, hence it lives as long as any child.
//!
//! The books are those of the guard process (see `guard`): the thread starts the guard with the first child, and
//! again, with the whole list, when the guard has died, for as long as there is a child.
//!
//! It never waits for a child and never signals one; that is the keeper's part. It does wait until a
//! program is executed, so a program on a file system that hangs holds up other starts.
//!
//! *Invariant:* the thread survives a panic of a job, because without it the guard ends every child.

use std::collections::BTreeSet;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long after its end a guard is replaced; doubles with each that comes to nothing, up to [`RARELY`].
const SOON: Duration = Duration::from_millis(100);
const RARELY: Duration = Duration::from_secs(60);
/// A guard that lived for so long was no failure.
const SOUND_LIFE: Duration = Duration::from_secs(10);

/// Starts child processes and sees to it that none outlives the gateway; cheap to clone.
#[derive(Debug, Clone)]
pub struct Custodian(Arc<Office>);

/// Starts one child and says which process group it leads.
type Job = Box<dyn FnOnce() -> Option<u32> + Send>;

enum Order {
    Start(Job),
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
            rest: SOON,
            orders: orders.clone(),
        };
        let started = thread::Builder::new().name("custodian".into()).spawn(move || {
            loop {
                let wait = if books.lacks_guard() { books.rest } else { RARELY };
                match inbox.recv_timeout(wait).map(|order| books.carry_out(order)) {
                    Ok(true) => {}
                    Err(RecvTimeoutError::Timeout) => books.mend(),
                    Ok(false) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "cannot start the thread that starts servers");
        }
        Self(Arc::new(Office(orders)))
    }

    /// Runs a job on the custodian's thread. Without a thread the job is dropped, which its waiter
    /// sees.
    pub(super) fn start(&self, job: impl FnOnce() -> Option<u32> + Send + 'static) {
        let _no_thread = self.0.0.send(Order::Start(Box::new(job)));
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
    /// How long a guard that is missing is waited for.
    rest: Duration,
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
            Order::Start(job) => match catch_unwind(AssertUnwindSafe(job)) {
                Ok(Some(group)) => self.enter(group),
                Ok(None) => {}
                Err(_) => tracing::error!("a fault while starting a process; please report it"),
            },
            Order::Gone(group) => {
                if self.groups.remove(&group) {
                    self.tell(&format!("-{group}\n"));
                }
            }
            Order::GuardEnded(generation) if generation == self.generation => {
                if self.guard.take().is_some_and(|it| it.since.elapsed() > SOUND_LIFE) {
                    self.rest = SOON;
                }
                tracing::warn!(
                    "the guard process ended; there is another one as long as there is a child"
                );
            }
            Order::GuardEnded(_) => {}
            Order::Finish => return false,
        }
        true
    }

    fn enter(&mut self, group: u32) {
        self.groups.insert(group);
        if self.lacks_guard() {
            self.post_guard();
        } else {
            self.tell(&format!("+{group}\n"));
        }
    }

    /// Whether there is anything to guard and nobody who does. Job objects end with their last handle.
    fn lacks_guard(&self) -> bool {
        cfg!(unix) && self.guard.is_none() && !self.groups.is_empty()
    }

    fn mend(&mut self) {
        if self.lacks_guard() {
            self.rest = (self.rest * 2).min(RARELY);
            self.post_guard();
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
