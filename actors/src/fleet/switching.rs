//! Tools switched on and off by an operator.

use super::{Fleet, NoSuchServer};
use crate::catalog::{self, SwitchedOff};
use crate::timeline::EventKind;
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

impl Fleet {
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
