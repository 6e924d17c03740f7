//! One open connection to a child process.
//!
//! Frames go from the caller's task straight into the pipe and back; only stderr and the exit have
//! tasks of their own. The end of a connection is told once, with evidence: after the first sign of
//! it (exit, end of stdout, broken stdin, too much input left unread) a short time is given for the
//! other signs, and for what the child still had to say. A child that floods us is read slowly ([`Pace`]).
//!
//! *Invariant:* everything readable is heard before [`Inbound::Lost`].

use super::frames::Frames;
use super::pace::Pace;
use super::process::{Process, Started};
use super::stderr::{Lines, Stderr};
use crate::downstream::outbox::Outbox;
use crate::logs::ServerLog;
use crate::redaction::Redaction;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Inbound, Loss, Outbound, Transport};
use mcpvisor_actors::wire::Limits;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// From the first sign of the end to the verdict.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Most that is read after the exit, or from a child given up; a pipe holds less, so more was said
/// later or by somebody else.
const AFTER_END: usize = 4 * 1024 * 1024;

/// A child process spoken to over its stdin and stdout.
#[derive(Debug)]
pub(super) struct StdioTransport {
    process: Process,
    /// `None` once writing failed.
    stdin: Option<ChildStdin>,
    /// `None` once it ended.
    stdout: Option<ChildStdout>,
    stderr: Stderr,
    /// Keeps the child's own secrets out of what it said last.
    redaction: Redaction,
    outbox: Outbox,
    frames: Frames,
    pace: Pace,
    /// Nothing is read before, because the child said too much.
    rest: Option<Pin<Box<Sleep>>>,
    grace: Duration,
    /// The child closed its stdout itself.
    output_closed: bool,
    /// It left too much of its input unread.
    deaf: bool,
    /// Runs since the first sign of the end.
    ending: Option<Pin<Box<Sleep>>>,
    read_after_end: usize,
}

impl StdioTransport {
    pub(super) fn new(
        started: Started,
        limits: Limits,
        grace: Duration,
        redaction: Redaction,
        log: ServerLog,
    ) -> Self {
        let Started { process, stdin, stdout, stderr } = started;
        Self {
            stderr: Stderr::of(stderr, Lines::new(process.id(), log, redaction.clone())),
            outbox: Outbox::new(format!("process {}", process.id())),
            process,
            redaction,
            stdin: Some(stdin),
            stdout: Some(stdout),
            frames: Frames::new(limits),
            pace: Pace::new(Instant::now()),
            rest: None,
            grace,
            output_closed: false,
            deaf: false,
            ending: None,
            read_after_end: 0,
        }
    }

    /// Moves queued frames on. A failure is only a sign of the end: the child may have spoken last.
    fn write(&mut self, context: &mut Context<'_>) {
        let Some(stdin) = &mut self.stdin else { return };
        if let Poll::Ready(Err(_)) = self.outbox.poll_write(stdin, context) {
            self.stdin = None;
            self.begin_ending();
        } else if self.outbox.is_overfull() {
            self.deaf = true;
            self.begin_ending();
        }
    }

    fn begin_ending(&mut self) {
        self.ending.get_or_insert_with(|| Box::pin(sleep(LAST_WORDS)));
    }

    /// Nothing more will be read: what is left in the buffer counts as complete.
    fn end_reading(&mut self) {
        self.stdout = None;
        self.frames.finish();
        self.begin_ending();
    }

    /// Reads once; `Pending` when nothing is there or nothing more will be.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(stdout) = &mut self.stdout else { return Poll::Pending };
        match pin!(stdout.read_buf(self.frames.space())).poll(context) {
            Poll::Ready(Ok(count @ 1..)) => {
                if self.deaf || self.process.status().is_some() {
                    self.read_after_end += count;
                }
                if self.read_after_end > AFTER_END {
                    self.end_reading();
                }
            }
            Poll::Ready(_) => {
                self.output_closed = true;
                self.end_reading();
            }
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(())
    }

    /// Waits while the child has to; not for what it said last, which is bounded.
    fn poll_rest(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let (Some(rest), None) = (&mut self.rest, &self.ending) {
            ready!(rest.as_mut().poll(context));
        }
        self.rest = None;
        Poll::Ready(())
    }

    /// With nothing left to read now: has the connection ended?
    fn poll_verdict(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        let Some(deadline) = &mut self.ending else { return Poll::Pending };
        let all_said = self.stdout.is_none() && self.stderr.poll_end(context).is_ready();
        let certain = all_said && self.process.status().is_some();
        if !certain && deadline.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        if self.stdout.is_some() {
            self.end_reading(); // somebody else holds stdout open, or the child is deaf
            if let Some(heard) = self.frames.next() {
                return Poll::Ready(heard);
            }
        }
        Poll::Ready(Inbound::Lost(self.loss()))
    }

    fn loss(&self) -> Loss {
        let lines = self.stderr.lines();
        let stderr = lines.iter().map(|line| self.redaction.clean_text(line)).collect();
        match self.process.status() {
            Some(status) => Loss::Exited { status: status.to_owned(), stderr },
            None if self.output_closed => Loss::OutputClosed { stderr },
            None if self.deaf => {
                Loss::Protocol { detail: "the process does not read its input".into() }
            }
            None => Loss::Protocol { detail: "the process closed its input but still runs".into() },
        }
    }
}

impl Transport for StdioTransport {
    fn send(&mut self, frame: Outbound) {
        self.outbox.push(frame);
    }

    fn gathers(&self) -> bool {
        true
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        self.write(context);
        if self.process.poll_exit(context).is_ready() {
            self.begin_ending();
        }
        loop {
            // also between two messages of one read, which may be hundreds
            if self.poll_rest(context).is_pending() {
                return self.poll_verdict(context);
            }
            if let Some(heard) = self.frames.next() {
                if let Some(until) = self.pace.heard(&heard, Instant::now) {
                    self.rest = Some(Box::pin(sleep_until(until)));
                }
                return Poll::Ready(heard);
            }
            if self.poll_read(context).is_pending() {
                return self.poll_verdict(context);
            }
        }
    }

    fn is_unsent(&self, id: u64) -> bool {
        self.outbox.is_unsent(id)
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        let Self { process, stdin, stdout, stderr, grace, .. } = *self;
        Box::pin(async move {
            drop(stdin);
            tokio::select! {
                () = process.stop(grace) => {}
                () = drain(stdout) => {}
            }
            drop(stderr);
        })
    }

    fn process_id(&self) -> Option<u32> {
        Some(self.process.id())
    }

    #[cfg(target_os = "linux")]
    fn activity(&self) -> mcpvisor_actors::server::Activity {
        let group = super::activity::of_group(self.process.id());
        let unread = |stdin: &ChildStdin| rustix::io::ioctl_fionread(stdin).is_ok_and(|n| n > 0);
        mcpvisor_actors::server::Activity {
            processor_time: group.map(|(used, _)| used),
            stopped: group.is_some_and(|(_, stopped)| stopped),
            unread: self.stdin.as_ref().is_some_and(unread),
        }
    }
}

/// Reads on and on, so that a child with something left to say is not stuck in saying it.
async fn drain(stdout: Option<ChildStdout>) {
    if let Some(mut stdout) = stdout {
        let mut nobody = vec![0; 8 * 1024];
        while let Ok(1..) = stdout.read(&mut nobody).await {}
    }
    std::future::pending::<()>().await;
}
