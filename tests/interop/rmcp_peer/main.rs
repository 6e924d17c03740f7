//! The matrix's client and server on rmcp, over stdio.
//!
//! `interop-rmcp server NAME legacy|modern` serves; `interop-rmcp client legacy|modern TASK` goes through every cell of every
//! server behind one command and prints one JSON line a cell: {"server", "cell", "ok", "detail"}.
#![allow(
    missing_docs,
    deprecated,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::large_futures,
    clippy::wildcard_imports // rmcp's model: half of it is needed
)]

mod client;
mod server;

use std::process::ExitCode;

/// Why a cell or the whole program failed, in words.
type Fault = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", name, era] => server::serve(name, era == "modern").await,
        ["client", era, task] => client::run(era == "modern", task).await,
        _ => Err("usage: interop-rmcp server NAME ERA | client ERA TASK".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}
