//! Built-in MCP servers, so that a newcomer has something to supervise and a test something to break.
//!
//! [`showcase`] shows every kind of capability, [`flaky`] crashes on purpose. They are ordinary MCP
//! servers on stdin and stdout and know nothing of the gateway: it reaches them like any other child
//! process. One that breaks the protocol on request is [`crate::simulate`].
//!
//! *Invariant:* nothing but protocol messages is written to stdout by [`run`].

pub mod flaky;
pub mod showcase;

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;

/// A built-in server that behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum Which {
    /// Tools, a resource and a prompt to try everything with.
    Demo,
    /// Crashes by itself every 20 to 40 seconds, to watch a recovery.
    Flaky {
        /// Never crash without being asked to.
        #[arg(long)]
        steady: bool,
    },
}

/// Why a built-in server ended other than by its client closing stdin.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The first message was not the start of an MCP conversation, or was refused.
    #[error(
        "stdin does not start with an MCP handshake; this command is meant to be started by an \
         MCP client: name it as a server in the client's configuration"
    )]
    Handshake,
    /// The client could not be answered.
    #[error("cannot write to the MCP client: {0}; check why it closed its end")]
    Transport(#[source] rmcp::transport::DynamicTransportError),
    /// The serving task died.
    #[error("the demo server stopped unexpectedly: {0}; please report this")]
    Stopped(#[source] tokio::task::JoinError),
}

/// Serves `which` on stdin and stdout until stdin closes.
pub async fn run(which: Which) -> Result<(), DemoError> {
    match which {
        Which::Demo => serve(showcase::Showcase).await,
        Which::Flaky { steady } => {
            if !steady {
                tokio::spawn(flaky::crash_later());
            }
            serve(flaky::Flaky::new()).await
        }
    }
}

async fn serve<S: rmcp::ServerHandler>(server: S) -> Result<(), DemoError> {
    let running = match server.serve(rmcp::transport::io::stdio_pipes()).await {
        Ok(running) => running,
        // a client that leaves before it said anything has done nothing wrong
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(ServerInitializeError::TransportError { error, .. }) => {
            return Err(DemoError::Transport(error));
        }
        Err(_) => return Err(DemoError::Handshake),
    };
    running.waiting().await.map(drop).map_err(DemoError::Stopped)
}
