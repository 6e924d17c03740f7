//! The flags of the `faulty` server. Each names one behaviour; all may be combined.

use std::path::PathBuf;

/// What the `faulty` server does. Without flags it behaves.
#[derive(Debug, Clone, clap::Args)]
pub struct FaultyArgs {
    // -- what it offers
    /// Number of tools: `echo`, then `<prefix>1`, `<prefix>2`, …
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub tools: usize,
    /// Prefix of all tool names but the first.
    #[arg(long, default_value = "tool", value_name = "TEXT")]
    pub tool_prefix: String,
    /// One more tool, of this name; may be given again.
    #[arg(long, value_name = "NAME")]
    pub tool: Vec<String>,
    /// Answer `tools/list` in pages of this size.
    #[arg(long, value_name = "N")]
    pub page_size: Option<usize>,
    /// Declare no tools; a `tools/list` is a VIOLATION in the log.
    #[arg(long)]
    pub no_tools: bool,
    /// After N calls add a tool `extra` and tell the client.
    #[arg(long, value_name = "N")]
    pub change_tools_after_calls: Option<u64>,
    /// Answer calls with their raw arguments as text, in a result full of odd members.
    #[arg(long)]
    pub echo_raw: bool,
    /// Answer calls with an error full of odd members.
    #[arg(long)]
    pub error_raw: bool,
    /// Send N progress notifications before each answer, if the call has a progress token.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub progress: u32,
    /// Send a log message before each answer to a call.
    #[arg(long)]
    pub log_messages: bool,
    /// Send `ping` and `roots/list` to the client once it is initialized.
    #[arg(long)]
    pub server_request: bool,
    /// The protocol version in the answer to `initialize`, instead of the one asked for.
    #[arg(long, value_name = "REV")]
    pub version: Option<String>,

    // -- when it is late
    /// Wait before each answer to a call; calls wait concurrently.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub delay: u64,
    /// Wait before the answer to `initialize`.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub slow_initialize: u64,
    /// Never answer `initialize`.
    #[arg(long)]
    pub mute_initialize: bool,
    /// From the first call on keep reading, but write nothing more.
    #[arg(long)]
    pub freeze_on_call: bool,
    /// Wait after each progress notification.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub progress_pause: u64,

    // -- how it dies
    /// Exit with this code before anything is read.
    #[arg(long, value_name = "CODE")]
    pub crash_at_start: Option<u8>,
    /// Exit once N calls were answered.
    #[arg(long, value_name = "N")]
    pub exit_after_calls: Option<u64>,
    /// Exit when a call has been executed, instead of answering it.
    #[arg(long)]
    pub exit_on_call: bool,
    /// The exit code of the two above.
    #[arg(long, default_value_t = 1, value_name = "CODE")]
    pub exit_code: u8,
    /// Close stdout instead of answering a call, and stay alive.
    #[arg(long)]
    pub close_stdout_on_call: bool,
    /// Survive SIGTERM, SIGHUP and the end of stdin.
    #[arg(long)]
    pub ignore_term: bool,
    /// Start `sleep 1000` as a child that inherits stdout and stderr.
    #[arg(long)]
    pub grandchild: bool,

    // -- how it writes
    /// Write a banner first and lines that are no messages before each message.
    #[arg(long)]
    pub garbage: bool,
    /// Write a line of this many bytes before each answer.
    #[arg(long, value_name = "BYTES")]
    pub huge_line: Option<usize>,
    /// Answer each call twice.
    #[arg(long)]
    pub double_answer: bool,
    /// Answer each call under an id nobody asked with, and never under the right one.
    #[arg(long)]
    pub wrong_id: bool,
    /// Answer each call under an id nobody asked with, then under the right one.
    #[arg(long)]
    pub wrong_id_then_right: bool,
    /// Leave `jsonrpc` out of every message.
    #[arg(long)]
    pub omit_jsonrpc: bool,
    /// Add `"error":null` to every answer.
    #[arg(long)]
    pub error_null: bool,
    /// Spread every message over several lines.
    #[arg(long)]
    pub pretty: bool,
    /// Write to stderr as fast as possible.
    #[arg(long)]
    pub flood_stderr: bool,
    /// Send `notifications/tools/list_changed` as fast as possible once initialized.
    #[arg(long)]
    pub flood_list_changed: bool,

    // -- what it writes down
    /// Append `<pid> <tool> <arguments.key>` for each executed call, before it is answered.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Append `<pid> answered <arguments.key>` there, too, before each answer to a call.
    #[arg(long)]
    pub log_answers: bool,
    /// Append every received line as it came.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write the process id here at the start.
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
}
