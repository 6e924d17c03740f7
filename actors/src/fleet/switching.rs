//! Tools switched on and off by an operator.

use super::{Fleet, NoSuchServer};
use crate::catalog::{self, SwitchedOff};
use crate::server::ServerName;
use crate::timeline::EventKind;
use crate::wire::Subject;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Lists show the change after this time at the latest, or the catalog stalls.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(1);

/// What became of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switched {
    /// Whether it stood otherwise before.
    pub changed: bool,
    /// Whether it will stand so after a restart.
    pub remembered: bool,
}

/// Which tool a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolPlace {
    /// Its server.
    pub server: ServerName,
    /// Its name there.
    pub own: Box<str>,
    /// Whether the server has told it.
    pub known: bool,
}

impl Fleet {
    /// The tool clients call by this name, also one that is switched off; else the one of that server that
    /// `SERVER__TOOL` or `SERVER.TOOL` will be, should it come to have it.
    pub fn tool(&self, name: &str) -> Option<ToolPlace> {
        let snapshot = self.clients.view().snapshot().load();
        if let Some(route) = snapshot.route(Subject::Tool, name) {
            let (server, own) = (route.server.clone(), route.own.clone());
            return Some(ToolPlace { server, own, known: true });
        }
        let own = |server: &str| {
            let rest = name.strip_prefix(server)?;
            let own = rest.strip_prefix("__").or_else(|| rest.strip_prefix('.'))?;
            (!own.is_empty()).then_some(own)
        };
        let servers = self.board.cards().map(|card| &card.spec.name);
        let fitting = servers.filter_map(|server| Some((server, own(server.as_str())?)));
        let longest = fitting.max_by_key(|(server, _)| server.as_str().len());
        longest.map(|(server, own)| ToolPlace {
            server: server.clone(),
            own: own.into(),
            known: false,
        })
    }

    /// Switches the tool of a server on or off, by the name it has there. The server need not have told
    /// it yet. Calls of it are refused from now on; lists show it once this returns.
    pub async fn switch_tool(
        &self,
        server: &str,
        own: &str,
        on: bool,
    ) -> Result<Switched, NoSuchServer> {
        let server = &self.card(server)?.spec.name;
        let changed = self.switches.turn(server, own, on);
        if changed {
            let action = format!("switch {} {own:.128}", if on { "on" } else { "off" });
            self.timelines.note(server, None, EventKind::Operator { action });
            let (done, published) = oneshot::channel();
            self.loops.catalog.tell(catalog::Message::Switched(done));
            let _late = timeout(PUBLISHED_WITHIN, published).await;
        }
        let switches = self.switches.clone();
        let saved = tokio::task::spawn_blocking(move || switches.save()).await;
        Ok(Switched { changed, remembered: saved.unwrap_or_default() })
    }

    /// The tools that are switched off.
    pub fn switched_off(&self) -> Arc<SwitchedOff> {
        self.switches.off()
    }
}
