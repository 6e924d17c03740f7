//! The stdio face: one client, one session, one message a line.
//!
//! Source: MCP "Transports", stdio (all revisions).
//!
//! *Invariant:* only protocol messages are written to the output.

mod lines;
pub(in crate::faces) mod pipes;
mod writer;

use super::connection::{Broken, Connection};
use lines::Lines;
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::wire::Limits;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use writer::Writer;

/// Why serving a client over stdio ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The runtime opened no session.
    #[error("no session could be opened; the gateway is stopping or full")]
    NoSession,
    /// The input cannot be read.
    #[error("cannot read from the client: {0}")]
    Input(#[source] io::Error),
    /// The client no longer reads.
    #[error("cannot write to the client: {0}")]
    Output(#[source] io::Error),
}

/// Serves one client until its input ends (or `stop` resolves) and what it asked for is answered (for
/// at most `drain`), or until it no longer reads.
pub async fn serve_stdio(
    clients: Clients,
    input: impl AsyncRead + Send,
    output: impl AsyncWrite + Send,
    limits: Limits,
    drain: Duration,
    stop: impl Future<Output = ()>,
) -> Result<(), StdioError> {
    let clients = clients.through("stdio");
    let connection = Connection::open(clients, limits).await.ok_or(StdioError::NoSession)?;
    let (input, output) = (pin!(input), pin!(output));
    let lines = Lines::new(input, limits.max_bytes);
    let writer = Writer::new(output);
    match connection.serve(lines, writer, drain, stop).await {
        Ok(_ended) => Ok(()),
        Err(Broken::Input(error)) => Err(StdioError::Input(error)),
        Err(Broken::Output(error)) => Err(StdioError::Output(error)),
    }
}
