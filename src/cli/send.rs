//! `mcpvisor send`: a JSON-RPC message to a server, as it is.

use super::api::{Api, Target};
use super::frames::line;
use super::paint::Paint;
use super::{block_on, complain, say};
use crate::exit::Exit;
use clap::Args;
use serde_json::value::RawValue;
use std::time::Duration;

/// Options of `send`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server.
    server: String,
    /// The message: a JSON-RPC request, notification or response.
    #[arg(value_name = "JSON")]
    message: String,
    #[command(flatten)]
    target: Target,
    /// How long the answer is waited for, in seconds.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Fill in what a request of 2026-07-28 must say in `_meta` and does not.
    #[arg(long)]
    fill_meta: bool,
    /// Print the frames of it to stderr, too.
    #[arg(long)]
    frames: bool,
}

/// Exits 0 with the answer on stdout, be it a result or an error; 1 when there is none.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let message: Box<RawValue> = match serde_json::from_str(&arguments.message) {
        Ok(message) => message,
        Err(error) => {
            complain(format_args!("error: the message is not JSON: {error}"));
            return Exit::Usage;
        }
    };
    let (timeout, fill) = (Duration::from_secs(arguments.timeout), arguments.fill_meta);
    let ask = format!(
        "{{\"message\":{message},\"timeoutMs\":{},\"fillMeta\":{fill}}}",
        timeout.as_millis()
    );
    block_on(async {
        let api = match Api::new(&arguments.target) {
            Ok(api) => api,
            Err(error) => return error.told(),
        };
        match api.send_message(&arguments.server, ask, timeout).await {
            Ok(sent) => {
                let shown = sent.frames.iter().filter(|_| arguments.frames);
                shown.for_each(|frame| complain(line(frame, Paint::of_stdout())));
                if let Some(response) = sent.response {
                    say(response);
                }
                Exit::Ok
            }
            Err(error) => error.told(),
        }
    })
}
