//! A client over the pipes of a child process: one JSON text a line.
//!
//! Reading and writing are separate futures, so that full pipes in both directions cannot block
//! each other.

use crate::batch::{Batch, INITIALIZE, INITIALIZED, Load, Reply, write_call};
use std::cell::RefCell;
use std::io::{Error, ErrorKind, Result};
use std::process::Stdio;
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;

/// A child process and the conversation with it.
pub(crate) struct LineSession {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    tool: &'static str,
    next_id: u64,
}

impl LineSession {
    /// Starts the program and opens the session.
    pub(crate) async fn start(args: &[&str], tool: &'static str) -> Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::other("the child has no pipes"));
        };
        let stdout = BufReader::with_capacity(64 * 1024, stdout);
        let mut session = Self { child, stdin, stdout, tool, next_id: 1 };
        session.stdin.write_all(format!("{INITIALIZE}\n").as_bytes()).await?;
        #[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
        let welcomed =
            receive(&mut session.stdout, &mut Vec::new(), |reply| reply.succeeded()).await?;
        if !welcomed {
            return Err(Error::other("initialize was refused"));
        }
        session.stdin.write_all(format!("{INITIALIZED}\n").as_bytes()).await?;
        Ok(session)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Makes all calls, `in_flight` at a time.
    pub(crate) async fn run(&mut self, load: &Load<'_>) -> Result<Batch> {
        let base = self.next_id;
        self.next_id += load.calls as u64;
        let (stdin, stdout, tool) = (&mut self.stdin, &mut self.stdout, self.tool);
        let window = Semaphore::new(load.in_flight);
        let sent = RefCell::new(Vec::with_capacity(load.calls));

        let write = async {
            let mut line = Vec::with_capacity(load.payload.len() + 128);
            for id in base..base + load.calls as u64 {
                window.acquire().await.map_err(Error::other)?.forget();
                write_call(&mut line, id, tool, load.payload);
                line.push(b'\n');
                sent.borrow_mut().push(Instant::now());
                stdin.write_all(&line).await?;
            }
            Ok::<(), Error>(())
        };
        let read = async {
            let mut batch = Batch::default();
            let mut line = Vec::with_capacity(load.payload.len() + 256);
            while batch.latencies.len() < load.calls {
                receive(stdout, &mut line, |reply| {
                    let index = reply.id.and_then(|id| id.checked_sub(base));
                    let index = index.and_then(|index| usize::try_from(index).ok());
                    if let Some(sent) = index.and_then(|index| sent.borrow().get(index).copied()) {
                        batch.note(sent.elapsed(), reply);
                        window.add_permits(1);
                    }
                })
                .await?;
            }
            Ok::<Batch, Error>(batch)
        };
        let ((), batch) = tokio::try_join!(write, read)?;
        Ok(batch)
    }
}

/// Reads up to the next answer and hands it over.
async fn receive<T>(
    stdout: &mut BufReader<ChildStdout>,
    line: &mut Vec<u8>,
    take: impl FnOnce(&Reply<'_>) -> T,
) -> Result<T> {
    loop {
        line.clear();
        if stdout.read_until(b'\n', line).await? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the child closed its stdout"));
        }
        if let Some(reply) = Reply::parse(line) {
            return Ok(take(&reply));
        }
    }
}
