//! What the simulated server is and offers; what it does wrong is in [`super::fault`].

use clap::ValueEnum;
use std::net::SocketAddr;
use std::path::PathBuf;

/// How clients reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Stdin and stdout.
    Stdio,
    /// Streamable HTTP at /mcp.
    Http,
    /// The older HTTP+SSE at /sse.
    Sse,
    /// A WebSocket at /ws.
    Ws,
}

impl Kind {
    /// The name on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::Sse => "sse",
            Self::Ws => "ws",
        }
    }
}

/// How a POST is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReplyKind {
    /// With one JSON object.
    Json,
    /// With an event stream.
    Sse,
}

/// Which era the server lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EraKind {
    /// Revisions that open with `initialize`.
    Legacy,
    /// 2026-07-28.
    Modern,
    /// Whichever a request is written in.
    Both,
}

/// What the server is. Each flag names one behaviour; all may be combined.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    // -- what it speaks
    /// The era it lives in.
    #[arg(long, value_enum, default_value = "legacy", value_name = "ERA")]
    pub era: EraKind,
    /// Exit when asked `server/discover`, as some older servers do with what they do not know.
    #[arg(long)]
    pub exit_on_discover: bool,
    /// Never answer `server/discover`.
    #[arg(long)]
    pub ignore_discover: bool,
    /// One more tool, of this name, that asks for input first (2026-07-28 only).
    #[arg(long, value_name = "NAME")]
    pub input_tool: Option<String>,

    /// One more tool, of this name, whose argument `text` travels as the header `Mcp-Param-Text`, too.
    #[arg(long, value_name = "NAME")]
    pub header_tool: Option<String>,
    /// One more tool, of this name, that says wrongly which of its arguments travel as headers.
    #[arg(long, value_name = "NAME")]
    pub bad_header_tool: Option<String>,

    // -- how it is reached
    /// How clients reach it.
    #[arg(long, value_enum, default_value = "stdio", value_name = "KIND")]
    pub transport: Kind,
    /// Where http, sse and ws listen; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// How http answers a POST.
    #[arg(long, value_enum, default_value = "json", value_name = "KIND")]
    pub http_reply: ReplyKind,
    /// Give out no session ids over http, and ask for none.
    #[arg(long)]
    pub no_sessions: bool,
    /// Take commands here, on loopback only; the address is told as `control on ADDR`.
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    pub control: Option<SocketAddr>,
    /// Write the address of the control port into this file.
    #[arg(long, value_name = "FILE", requires = "control")]
    pub control_file: Option<PathBuf>,
    /// http, sse and ws: stop at the end of stdin, too.
    #[arg(long)]
    pub until_eof: bool,
    /// Stop after so long in any case [default: 3600 unless on stdio].
    #[arg(long, value_name = "SECONDS")]
    pub max_life: Option<u64>,

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
    /// A prompt of this name; may be given again.
    #[arg(long, value_name = "NAME")]
    pub prompt: Vec<String>,
    /// A resource; may be given again.
    #[arg(long, value_name = "URI")]
    pub resource: Vec<String>,
    /// A resource template; may be given again.
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Vec<String>,
    /// Declare resources without subscriptions.
    #[arg(long)]
    pub no_subscribe: bool,
    /// Complete arguments: with the parameters as they came.
    #[arg(long)]
    pub completions: bool,
    /// Answer this method with an error, if it lists what is no tool; may be given again.
    #[arg(long, value_name = "METHOD")]
    pub fail_list: Vec<String>,
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
    /// Wait after each progress notification.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub progress_pause: u64,
    /// Send a log message before each answer to a call.
    #[arg(long)]
    pub log_messages: bool,
    /// Send `ping` and `roots/list` to the client once it is initialized.
    #[arg(long)]
    pub server_request: bool,
    /// The protocol version in the answer to `initialize`, instead of the one asked for.
    #[arg(long, value_name = "REV")]
    pub version: Option<String>,
    /// The exit code of the faults that exit.
    #[arg(long, default_value_t = 1, value_name = "CODE")]
    pub exit_code: u8,
    /// Exit at the start unless this file exists: a crash loop that ends when you make it.
    #[arg(long, value_name = "FILE")]
    pub crash_unless: Option<PathBuf>,

    // -- what it writes down
    /// Append `<pid> <tool> <arguments.key>` for each executed call, before it is answered.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Append `<pid> answered <arguments.key>` there, too, before each answer to a call.
    #[arg(long)]
    pub log_answers: bool,
    /// Append the headers of every POST as one JSON object, the names in lower case.
    #[arg(long, value_name = "FILE")]
    pub record_headers: Option<PathBuf>,
    /// Append every received line as it came.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write the process id here at the start.
    #[arg(long, value_name = "FILE")]
    pub pid_file: Option<PathBuf>,
}

impl Settings {
    /// What is declared.
    pub(super) fn capabilities(&self) -> serde_json::Value {
        let mut declared = serde_json::json!({});
        if !self.no_tools {
            declared["tools"] = serde_json::json!({ "listChanged": true });
        }
        if self.log_messages {
            declared["logging"] = serde_json::json!({});
        }
        if self.has_prompts() {
            declared["prompts"] = serde_json::json!({ "listChanged": true });
        }
        if self.has_resources() {
            let subscribe = self.has_subscriptions();
            declared["resources"] =
                serde_json::json!({ "subscribe": subscribe, "listChanged": true });
        }
        if self.completions {
            declared["completions"] = serde_json::json!({});
        }
        declared
    }

    /// Whether prompts are declared.
    pub(super) fn has_prompts(&self) -> bool {
        !self.prompt.is_empty()
    }

    /// Whether resources are declared.
    pub(super) fn has_resources(&self) -> bool {
        !self.resource.is_empty() || !self.template.is_empty()
    }

    /// Whether subscriptions are declared.
    pub(super) fn has_subscriptions(&self) -> bool {
        self.has_resources() && !self.no_subscribe
    }
}

/// Whoever reaches the control port may end the process.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|error| format!("{error}"))?;
    let near = address.ip().to_canonical().is_loopback();
    near.then_some(address).ok_or_else(|| "other machines could reach it; use 127.0.0.1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::loopback;

    #[test]
    fn the_control_port_is_on_loopback_only() {
        for (text, good) in
            [("127.0.0.1:0", true), ("[::1]:9", true), ("0.0.0.0:0", false), ("nowhere", false)]
        {
            assert_eq!(loopback(text).is_ok(), good, "{text}");
        }
    }
}
