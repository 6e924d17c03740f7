//! The tool `mcpvisor.status`: tells an agent which servers and tools are missing, why, and when they
//! are tried again. Answered by the gateway itself, whatever its servers do.

use super::{Brief, Desk, ServerReport, Status, clause, when};
use bytes::Bytes;
use mcpvisor_actors::catalog::{STATUS_TOOL, Snapshot};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::BuiltinTool;
use mcpvisor_actors::wire::Subject;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Tools of a server that are told one by one.
const TOLD: usize = 20;

/// The tool.
#[derive(Debug)]
pub struct StatusTool {
    desk: Desk,
}

impl StatusTool {
    /// A tool that tells of the fleet on this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }
}

impl BuiltinTool for StatusTool {
    fn listed(&self) -> Bytes {
        let tool = json!({
            "name": STATUS_TOOL,
            "title": "Status of the servers behind this gateway",
            "description": "Tells which MCP servers behind this gateway are down and which tools \
                            are missing because of that, why, what to do about it, and when the \
                            next attempt to reach each of them is made. Call it when a tool fails \
                            or is not there. Needs no arguments and no server.",
            "inputSchema": { "type": "object", "properties": {}, "additionalProperties": false },
            "outputSchema": {
                "type": "object",
                "properties": {
                    "status": { "type": "string", "enum": ["ok", "degraded", "starting"] },
                    "servers": { "type": "array", "items": { "type": "object" } },
                },
                "required": ["status", "servers"],
            },
            "annotations": { "readOnlyHint": true, "idempotentHint": true, "openWorldHint": false },
        });
        tool.to_string().into()
    }

    fn call(&self, snapshot: &Snapshot) -> Bytes {
        let (status, servers) = match self.desk.fleet() {
            Some((fleet, _)) => {
                let mut servers = ServerReport::all(fleet);
                // whoever sees a part is told of that part
                servers.retain(|server| snapshot.has(&ServerName::new(&server.name)));
                (Status::of(&BTreeMap::new(), &servers), servers)
            }
            None => (Status::Starting, Vec::new()),
        };
        let mut text = headline(status, &servers);
        let mut shown = Vec::new();
        for server in &servers {
            let name = ServerName::new(&server.name);
            let tools: Vec<&str> = snapshot.section(Subject::Tool).of_server(&name).collect();
            tell(&mut text, server, &tools);
            let mut brief = json!(Brief::from(server));
            brief["tools"] = tools.into();
            shown.push(brief);
        }
        let result = json!({
            "content": [{ "type": "text", "text": text }],
            "structuredContent": { "status": status, "servers": Value::Array(shown) },
        });
        result.to_string().into()
    }
}

fn headline(status: Status, servers: &[ServerReport]) -> String {
    let serving = servers.iter().filter(|server| server.available).count();
    match status {
        Status::Starting => "The gateway is starting; ask again in a second.".into(),
        _ => format!("{serving} of {} servers serve calls.", servers.len()),
    }
}

/// A line or two about a server that needs one.
fn tell(text: &mut String, server: &ServerReport, tools: &[&str]) {
    if server.available && server.breaker == "closed" {
        return;
    }
    let name = &server.name;
    let _never_fails = if server.breaker == "closed" || !server.available {
        write!(text, "\n\n{name} is {}", server.word)
    } else {
        write!(text, "\n\n{name} is up, but its calls failed, so they are refused for a moment")
    };
    let cause = server.cause.as_ref();
    if let Some(cause) = cause {
        let _never_fails = write!(text, ": {}", clause(&cause.text));
    }
    text.push('.');
    if let Some(next) = server.next_try_ms {
        let _never_fails = write!(text, " The next attempt is made {}, or at a call.", when(next));
    }
    if let Some(cause) = cause {
        let _never_fails = write!(text, " {}", cause.remedy);
    }
    if !tools.is_empty() {
        let told: Vec<&str> = tools.iter().take(TOLD).copied().collect();
        let more = tools.len() - told.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _never_fails = write!(text, " Tools that fail until then: {}{more}.", told.join(", "));
    } else if !server.available {
        text.push_str(" Its tools are not known yet.");
    }
}
