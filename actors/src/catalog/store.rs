//! What is remembered of each server from run to run.

use super::{SwitchStore, SwitchedOff};
use crate::server::ServerSpec;
use bytes::Bytes;

/// Keeps one text per server, keyed by its fingerprint: another configuration is another server. Both
/// functions may block; they are called on threads made for that. Losing what was saved is allowed.
pub trait CatalogStore: Send + Sync + 'static {
    /// What was saved for this server under its present fingerprint.
    fn load(&self, server: &ServerSpec) -> Option<Bytes>;

    /// Saves the text for this server.
    fn save(&self, server: &ServerSpec, text: &Bytes);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forgetful;

impl CatalogStore for Forgetful {
    fn load(&self, _server: &ServerSpec) -> Option<Bytes> {
        None
    }

    fn save(&self, _server: &ServerSpec, _text: &Bytes) {}
}

impl SwitchStore for Forgetful {
    fn load(&self) -> SwitchedOff {
        SwitchedOff::default()
    }

    fn save(&self, _off: &SwitchedOff) -> bool {
        false
    }
}
