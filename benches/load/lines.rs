//! A client over the pipes of a child process: one JSON text a line.
//!
//! Reading and writing are separate futures, so that full pipes in both directions cannot block
//! each other.

use crate::work::{Batch, FIRST_ID, INITIALIZE, INITIALIZED, Load, Reply, Template};
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
    tool: String,
    next_id: u64,
}

impl LineSession {
    /// Starts the program and opens the session.
    pub(crate) async fn start(program: &str, args: &[String], tool: &str) -> Result<Self> {
        let mut child = Command::new(program)
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
        let mut session = Self { child, stdin, stdout, tool: tool.to_owned(), next_id: FIRST_ID };
        let welcome = session.ask(INITIALIZE).await?;
        if !Reply::of(&welcome).succeeded() {
            return Err(Error::other("initialize was refused"));
        }
        session.stdin.write_all(format!("{INITIALIZED}\n").as_bytes()).await?;
        Ok(session)
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Any request; the next answer.
    pub(crate) async fn ask(&mut self, text: &str) -> Result<Vec<u8>> {
        self.stdin.write_all(format!("{text}\n").as_bytes()).await?;
        let mut line = Vec::new();
        receive(&mut self.stdout, &mut line).await?;
        Ok(line)
    }

    /// Makes all calls, `in_flight` at a time.
    pub(crate) async fn run(&mut self, load: &Load) -> Result<Batch> {
        let base = self.next_id;
        self.next_id += load.calls as u64;
        let template = Template::of(&self.tool, load.what);
        let (stdin, stdout) = (&mut self.stdin, &mut self.stdout);
        let window = Semaphore::new(load.in_flight);
        let sent = RefCell::new(Vec::with_capacity(load.calls));

        let write = async {
            let mut line = Vec::with_capacity(template.len() + 1);
            for id in base..base + load.calls as u64 {
                window.acquire().await.map_err(Error::other)?.forget();
                line.clear();
                template.write(id, &mut line);
                line.push(b'\n');
                sent.borrow_mut().push(Instant::now());
                stdin.write_all(&line).await?;
            }
            Ok::<(), Error>(())
        };
        let read = async {
            let mut batch = Batch::default();
            let mut line = Vec::with_capacity(template.len() + 256);
            while batch.latencies.len() < load.calls {
                let id = receive(stdout, &mut line).await?;
                let index = id.checked_sub(base).and_then(|index| usize::try_from(index).ok());
                if let Some(sent) = index.and_then(|index| sent.borrow().get(index).copied()) {
                    batch.note(sent.elapsed(), &Reply::of(&line));
                    window.add_permits(1);
                }
            }
            Ok::<Batch, Error>(batch)
        };
        let ((), batch) = tokio::try_join!(write, read)?;
        Ok(batch)
    }
}

/// Reads up to the next answer; its id.
async fn receive(stdout: &mut BufReader<ChildStdout>, line: &mut Vec<u8>) -> Result<u64> {
    loop {
        line.clear();
        if stdout.read_until(b'\n', line).await? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the child closed its stdout"));
        }
        if let Some(id) = Reply::of(line).id() {
            return Ok(id);
        }
    }
}
