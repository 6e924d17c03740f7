//! A tool the gateway answers itself, without any server.

use crate::catalog::Snapshot;
use bytes::Bytes;
use std::fmt;

/// A tool of the gateway's own, listed as [`STATUS_TOOL`](crate::catalog::STATUS_TOOL) in front of
/// all others. It is asked inside a session's actor, so it must not wait.
pub trait BuiltinTool: fmt::Debug + Send + Sync + 'static {
    /// The tool as lists show it: the JSON text of an object.
    fn listed(&self) -> Bytes;

    /// The result of a call: the JSON text of an object. `snapshot` is what clients see now.
    fn call(&self, snapshot: &Snapshot) -> Bytes;
}
