//! Tools switched on and off by an operator.

use super::{Fleet, NoSuchServer};
use crate::catalog::{self, Naming, SwitchedOff};
use crate::server::{ServerName, ServerSpec};
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
    /// `SERVER__TOOL`, or the same with the configured separator, will be, should it come to have it.
    pub fn tool(&self, name: &str) -> Option<ToolPlace> {
        let snapshot = self.clients.view().snapshot().load();
        if let Some(route) = snapshot.route(Subject::Tool, name) {
            let (server, own) = (route.server.clone(), route.own.clone());
            return Some(ToolPlace { server, own, known: true });
        }
        let specs = self.board.cards().map(|card| &*card.spec);
        let fitting = specs.filter_map(|spec| Some((&spec.name, own(spec, &self.naming, name)?)));
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

/// What a server calls the tool that clients will call so, if it can be its.
fn own<'a>(spec: &'a ServerSpec, naming: &Naming, name: &'a str) -> Option<&'a str> {
    let prefixes = naming.prefixes(spec.name.as_str());
    let shown = prefixes.iter().find_map(|prefix| name.strip_prefix(&**prefix))?;
    let renamed = spec.tools.iter().find(|(_, change)| change.name.as_deref() == Some(shown));
    let own = renamed.map_or(shown, |(own, _)| own);
    (!own.is_empty()).then_some(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::NamingStrategy;
    use crate::server::{Connector, Loss, ToolOverride, Transport};
    use futures_util::future::BoxFuture;

    struct Nowhere;

    impl Connector for Nowhere {
        fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
            Box::pin(std::future::ready(Err(Loss::Stopped)))
        }

        fn kind(&self) -> &'static str {
            "test"
        }
    }

    #[test]
    fn a_tool_that_is_not_known_yet_is_found_by_the_name_it_will_have() {
        let mut spec = ServerSpec::new(ServerName::new("files"), Arc::new(Nowhere));
        let change = ToolOverride { name: Some("remove".into()), description: None };
        spec.tools.insert("rm".into(), change);
        let dotted = Naming::default();
        let dashed = Naming { separator: "-".into(), ..Naming::default() };
        let flat = Naming { strategy: NamingStrategy::Flat, ..Naming::default() };
        for (naming, name, expected) in [
            (&dotted, "files.ls", Some("ls")),
            (&dotted, "files.remove", Some("rm")),
            (&dotted, "files__remove", Some("rm")),
            (&dotted, "files.", None),
            (&dotted, "files-ls", None),
            (&dashed, "files-ls", Some("ls")),
            (&dashed, "files.ls", None),
            (&flat, "files__ls", Some("ls")),
            (&flat, "ls", None),
        ] {
            assert_eq!(own(&spec, naming, name), expected, "{name}");
        }
    }
}
