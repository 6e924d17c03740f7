//! Pipes before pipes: one client, one child, another id both ways.

use super::Fault;
use super::envelope::Envelope;
use crate::role;
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;

/// Who asked, by the id the child was asked under.
type Pending = Arc<Mutex<HashMap<u64, String>>>;

/// Serves until stdin ends.
pub(super) async fn serve() -> Result<(), Box<dyn Error>> {
    let (_child, stdin, stdout) = role::lines()?;
    let input = pipe::Receiver::from_owned_fd(io::stdin().as_fd().try_clone_to_owned()?)?;
    let output = pipe::Sender::from_owned_fd(io::stdout().as_fd().try_clone_to_owned()?)?;
    let pending = Pending::default();
    tokio::spawn(pass(stdout, output, Arc::clone(&pending), Way::Back));
    let there = tokio::spawn(pass(input, stdin, pending, Way::There));
    there.await?.map_err(|fault| fault.to_string().into())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// Passes lines on, those at once that came at once.
async fn pass(
    from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    pending: Pending,
    way: Way,
) -> Result<(), Fault> {
    let mut from = BufReader::with_capacity(64 * 1024, from);
    let (mut line, mut batch, mut next_id) = (Vec::new(), Vec::new(), 1_u64);
    loop {
        line.clear();
        if from.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let envelope = Envelope::of(&line).ok_or("no message")?;
        let id = match (way, envelope.id) {
            (Way::There, Some(id)) => {
                next_id += 1;
                locked(&pending).insert(next_id, id.get().to_owned());
                next_id.to_string()
            }
            (Way::Back, Some(id)) => {
                locked(&pending).remove(&id.get().parse()?).unwrap_or_default()
            }
            (_, None) => String::new(),
        };
        envelope.write_as(&line, &id, &mut batch);
        if memchr::memchr(b'\n', from.buffer()).is_none() {
            to.write_all(&batch).await?;
            batch.clear();
        }
    }
}

fn locked(pending: &Pending) -> MutexGuard<'_, HashMap<u64, String>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}
