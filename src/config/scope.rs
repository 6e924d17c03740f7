//! Keys that exist, but not where they were written: what one server may not say for all.
//!
//! Taken out before the shape is checked, so that they are told with the place they belong to
//! instead of being called unknown.
//!
//! *Invariant:* takes nothing out without a fault.

use super::faults::Ledger;
use super::tree::{Node, dotted};

/// Keys of blocks that only the gateway has, of those blocks a server has too.
const OF_THE_GATEWAY: [(&str, &str); 2] =
    [("monitor", "max_concurrent_checks"), ("reconnection", "max_concurrent")];

/// Blocks that `defaults` need not have, for they stand at the top level.
const OF_THE_TOP: [&str; 3] = ["monitor", "ping", "reconnection"];

/// Takes out what stands in the wrong place.
pub(super) fn check(root: &mut Node, ledger: &mut Ledger) {
    if let Some(defaults) = root.get_mut("defaults") {
        for block in OF_THE_TOP {
            if let Some(node) = defaults.take(block) {
                let message = format!("`{block}` of all servers stands at the top level");
                let remedy = "move it out of `defaults`";
                ledger.fault(&node.origin, dotted(&["defaults", block]), message, remedy);
            }
        }
    }
    let Some(servers) = root.get_mut("servers").and_then(Node::entries) else { return };
    for (name, server) in servers {
        for (block, key) in OF_THE_GATEWAY {
            if let Some(node) = server.get_mut(block).and_then(|block| block.take(key)) {
                let message = format!("`{key}` is the whole gateway's, no server's");
                let remedy = format!("write it in the top-level `{block}`");
                let path = dotted(&["servers", name, block, key]);
                ledger.fault(&node.origin, path, message, remedy);
            }
        }
    }
}
