//! `mcpvisor demo`: the built-in servers.

use super::complain;
use crate::demo::{self, Which};
use crate::exit::Exit;
use clap::Args;

/// Options of `demo`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    server: Which,
}

/// Serves until stdin closes.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = match runtime {
        Ok(runtime) => {
            runtime.block_on(demo::run(arguments.server)).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match served {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(format_args!("error: {error}"));
            Exit::Failure
        }
    }
}
