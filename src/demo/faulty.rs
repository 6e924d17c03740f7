//! The `faulty` server: a hand-written MCP server whose faults are chosen by flags.
//!
//! Tests need servers that die, stall, babble and break the protocol, and a correct library cannot
//! do that. So this one writes its own lines, with plain threads and blocking I/O, and does exactly
//! what its flags say. It never does harm beyond its own process, its `--grandchild` and the files
//! it is told to write.
//!
//! *Invariant:* without a fault flag it is a correct 2025-11-25 server: one answer per request, and
//! every executed call is in the `--log` before it is answered.

mod answer;
mod args;
mod background;
mod call;
mod files;
mod lines;
mod server;
mod tools;

pub use args::FaultyArgs;

use files::Files;
use std::process::ExitCode;
use std::sync::Arc;

/// Serves on stdin and stdout until stdin closes or a fault ends it.
pub fn faulty(args: FaultyArgs) -> ExitCode {
    let files = match Files::open(&args) {
        Ok(files) => files,
        Err(error) => {
            lines::complain(&format!("error: {error}"));
            return ExitCode::from(73); // EX_CANTCREAT
        }
    };
    if let Some(code) = args.crash_at_start {
        return ExitCode::from(code);
    }
    let server = Arc::new(server::Server::new(args, files));
    background::start(&server);
    server::serve(&server);
    background::outlive(&server);
    ExitCode::SUCCESS
}
