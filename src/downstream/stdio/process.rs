//! A child process in custody: started in its own group, watched, ended with everything it started.
//!
//! Each child has a keeper, a task that owns it: it waits for the leader's exit, then ends what the
//! leader left behind, and strikes the group off the guard's list. [`Process`] is the other end.
//!
//! It never reads or writes the child's pipes.
//!
//! *Invariant:* dropping [`Process`], the keeper or the future of [`start`] sends SIGKILL to the
//! whole group at once; the keeper (or the runtime's orphan queue) reaps it.

#[cfg(unix)]
mod group;
#[cfg(windows)]
#[path = "process/job.rs"]
mod group;
mod status;

use crate::downstream::Custodian;
use group::{Group, Stop};
use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long SIGKILL may take; longer only for what is stuck in the kernel, and for zombies that the
/// machine's init is slow to collect.
const KILL_TAKES: Duration = Duration::from_millis(750);
/// [`KILL_TAKES`] and room for the gateway's own steps.
const AFTER_GRACES: Duration = Duration::from_secs(1);

/// The longest that closing a child process takes which has `grace` after EOF and again after TERM.
pub fn stop_bound(grace: Duration) -> Duration {
    grace.saturating_mul(2).saturating_add(AFTER_GRACES)
}

/// A started child and its pipes.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) process: Process,
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
}

/// A child process; killed with its group when dropped.
#[derive(Debug)]
pub(super) struct Process {
    id: u32,
    group: Arc<Group>,
    exited: oneshot::Receiver<String>,
    gone: oneshot::Receiver<()>,
    /// The exit status in words, once known.
    status: Option<String>,
}

/// How a file is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By the system.
    AsProgram,
    /// By the shell, as a script without a first line that says by what.
    ///
    /// Source: POSIX.1-2024 `execvp`, which clients start servers with.
    #[cfg(unix)]
    AsScript,
}

/// Starts the command made, whose three pipes must be set to `piped`, on the custodian's thread.
pub(super) async fn start(
    make: impl Fn(How) -> Command + Send + 'static,
    grace: Duration,
    custodian: &Custodian,
) -> io::Result<Started> {
    let (reply, answer) = oneshot::channel();
    let runtime = Handle::current();
    let keeper_of = custodian.clone();
    custodian.start(move || {
        if reply.is_closed() {
            return None; // nobody waits any more
        }
        let _entered = runtime.enter();
        let started = spawn(make, grace, keeper_of, &runtime);
        let group = started.as_ref().ok().map(|started| started.process.id);
        // When nobody waits any more, `Started` comes back and is dropped: the group is killed.
        drop(reply.send(started));
        group
    });
    answer.await.unwrap_or_else(|_| Err(io::Error::other("the gateway has no thread to start it")))
}

fn spawn(
    make: impl Fn(How) -> Command,
    grace: Duration,
    custodian: Custodian,
    runtime: &Handle,
) -> io::Result<Started> {
    let try_it = |how| {
        let mut command = CommandWrap::from(make(how));
        command.wrap(KillOnDrop);
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        command.spawn()
    };
    let mut child = match try_it(How::AsProgram) {
        #[cfg(unix)]
        Err(error) if super::program::is_no_program(&error) => try_it(How::AsScript)?,
        tried => tried?,
    };

    let id = child.id().ok_or_else(|| io::Error::other("it ended while it was started"))?;
    let group = Arc::new(Group::new(id));
    let custody = Custody { id, group: Arc::clone(&group), custodian };
    let pipes = (child.stdin().take(), child.stdout().take(), child.stderr().take());
    let (exit, exited) = oneshot::channel();
    let (end, gone) = oneshot::channel();
    runtime.spawn(async move {
        let status = leader_exit(child, &custody.group).await;
        let words =
            status.map_or_else(|error| format!("exit status unknown: {error}"), status::words);
        let _nobody_asks = exit.send(words);
        custody.group.sweep(grace).await;
        drop(custody);
        let _nobody_asks = end.send(());
    });
    let process = Process { id, group, exited, gone, status: None };
    match pipes {
        (Some(stdin), Some(stdout), Some(stderr)) => Ok(Started { process, stdin, stdout, stderr }),
        _ => Err(io::Error::other("its pipes could not be set up")),
    }
}

/// Waits for the leader alone; process-wrap's own `wait` would wait for adopted group members too.
#[cfg(unix)]
async fn leader_exit(child: Box<dyn ChildWrapper>, _group: &Group) -> io::Result<ExitStatus> {
    child.into_inner().wait().await
}

#[cfg(windows)]
async fn leader_exit(mut child: Box<dyn ChildWrapper>, group: &Group) -> io::Result<ExitStatus> {
    tokio::select! {
        status = child.wait() => return status,
        () = group.killed() => {}
    }
    child.start_kill()?;
    child.wait().await
}

/// Held by the keeper: the group dies with it, at the latest.
struct Custody {
    id: u32,
    group: Arc<Group>,
    custodian: Custodian,
}

impl Drop for Custody {
    fn drop(&mut self) {
        self.group.stop(Stop::Now);
        self.custodian.gone(self.id);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.group.stop(Stop::Now);
    }
}

impl Process {
    /// The leader's process id, also the id of its group.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// How the leader ended, if that was noticed.
    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// Ready once the leader has exited.
    pub(super) fn poll_exit(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.status.is_none() {
            let words = ready!(Pin::new(&mut self.exited).poll(context));
            self.status = Some(words.unwrap_or_else(|_| "unknown exit status".to_owned()));
        }
        Poll::Ready(())
    }

    /// Ends a child whose stdin was closed already: grace, TERM, grace, KILL, for the whole group,
    /// whoever of it has ended by then. Returns when it is reaped, after [`stop_bound`] at the latest.
    pub(super) async fn stop(mut self, grace: Duration) {
        let politely = async {
            if timeout(grace, poll_fn(|context| self.poll_exit(context))).await.is_err() {
                self.group.stop(Stop::Politely);
            }
            self.all_gone().await;
        };
        if timeout(grace.saturating_mul(2), politely).await.is_ok() {
            return;
        }
        self.group.stop(Stop::Now);
        if timeout(KILL_TAKES, self.all_gone()).await.is_err() && self.status.is_none() {
            tracing::warn!(pid = self.id, "the process does not end, not even by SIGKILL");
        }
    }

    /// Waits for the leader's exit, and then for the keeper to end what it left behind.
    async fn all_gone(&mut self) {
        poll_fn(|context| self.poll_exit(context)).await;
        let _keeper_ended = (&mut self.gone).await;
    }
}
