//! `mcpvisor simulate`: a server with faults, to test one's own setup.

use crate::simulate::{Options, simulate};
use clap::Args;
use std::process::ExitCode;

/// What the control port understands, as the help tells it.
pub(super) const CONTROL: &str = "\
Which requests a fault hits: --latency, --black-hole and the HTTP statuses all of them; --error-rate
all but `initialize`; the faults of calls hit `tools/call` only, unless --all-requests says otherwise.

The control port (--control 127.0.0.1:0) takes a command a line and answers each with a line,
`ok …` or `error …`:
  set FAULT [VALUE] [FAULT VALUE]…   any fault above by the name of its flag; `on` or nothing for a
                                     switch, `off` for all; e.g. `set status 503 retry-after 2 for 10`
  clear [FAULT]                      one off, or all
  status                             everything that is on, and counters, as JSON
  exit [CODE] · kill · freeze        exit, die of SIGKILL, raise SIGSTOP, now
  refuse · listen                    close the listening socket; open it again on the same port
  session-loss                       forget all sessions: their clients get 404
  add-tool NAME · remove-tool NAME   change the tools and tell the clients
  list-changed                       tell them without a change
  add-prompt NAME                    the same of prompts; of resources add-resource, remove-resource URI
  update URI                         tell the clients that this resource changed
  end-listens                        end every `subscriptions/listen` (2026-07-28)
  quit                               end this connection

Over HTTP, lines that are no messages come before the JSON of an answer, or as events of a stream.
";

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// Serves until its transport, a signal or a fault ends it.
pub(super) fn run(arguments: Arguments) -> ExitCode {
    simulate(arguments.options)
}
