//! `mcpvisor demo`: the built-in servers.

use super::complain;
use crate::demo::faulty::{FaultyArgs, faulty};
use crate::demo::{self, Which};
use crate::exit::Exit;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Options of `demo`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum Server {
    #[command(flatten)]
    Behaved(Which),
    /// A server that misbehaves on request, for tests.
    #[command(hide = true)]
    Faulty(Box<FaultyArgs>),
}

/// Serves until stdin closes.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    let which = match arguments.server {
        Server::Faulty(args) => return faulty(*args),
        Server::Behaved(which) => which,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(demo::run(which)).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match served {
        Ok(()) => Exit::Ok.into(),
        Err(error) => {
            complain(format_args!("error: {error}"));
            Exit::Failure.into()
        }
    }
}
