//! A fleet of servers with tools as real ones describe them, and nothing behind them.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use mcpvisor_actors::catalog::{Entry, Item, Manifest, Manifests};
use mcpvisor_actors::otp::Address;
use mcpvisor_actors::server::{Connector, Gate, Loss, ServerName, ServerSpec, Transport};
use mcpvisor_actors::wire::Subject;
use std::sync::Arc;

const INITIALIZE: &[u8] = br#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"fleet","version":"1"}}"#;

/// Servers, and what each said about itself.
pub(crate) struct Fleet {
    pub(crate) entries: Vec<Entry>,
    pub(crate) known: Manifests,
}

impl Fleet {
    /// `servers` servers named `server-0000`… with `tools` tools named `tool-00`… each.
    pub(crate) fn new(servers: usize, tools: usize) -> Self {
        let manifest = Arc::new(manifest(tools));
        let names = (0..servers).map(|number| ServerName::new(&format!("server-{number:04}")));
        let (entries, known) =
            names.map(|name| (entry(name.clone()), (name, Arc::clone(&manifest)))).unzip();
        Self { entries, known }
    }

    /// One of them has so many tools from here on.
    #[allow(dead_code, reason = "not every bench changes its fleet")]
    pub(crate) fn say(&mut self, server: usize, tools: usize) {
        let name = self.entries[server].spec.name.clone();
        self.known.insert(name, Arc::new(manifest(tools)));
    }
}

fn manifest(tools: usize) -> Manifest {
    let texts: Vec<String> = (0..tools)
        .map(|number| {
            format!(
                r#"{{"name":"tool-{number:02}","title":"Tool {number}","description":"Reads a record by its number and returns it with its fields.","inputSchema":{{"type":"object","properties":{{"number":{{"type":"integer","description":"Which one"}},"fields":{{"type":"array","items":{{"type":"string"}}}}}},"required":["number"]}},"annotations":{{"readOnlyHint":true}}}}"#
            )
        })
        .collect();
    let mut manifest = Manifest::of(&Bytes::from_static(INITIALIZE)).expect("a legacy handshake");
    manifest.items[Subject::Tool] =
        Item::list(Subject::Tool, &format!("[{}]", texts.join(",")).into()).expect("an array");
    manifest
}

fn entry(name: ServerName) -> Entry {
    let spec = ServerSpec::new(name, Arc::new(Nowhere));
    Entry { spec: Arc::new(spec), address: Address::new(), gate: Gate::new(8) }
}

/// Leads to no server.
struct Nowhere;

impl Connector for Nowhere {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        Box::pin(async { Err(Loss::Stopped) })
    }

    fn kind(&self) -> &'static str {
        "nowhere"
    }
}
