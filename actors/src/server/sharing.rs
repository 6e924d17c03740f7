//! Who shares a server's connection.

use std::sync::Arc;

/// Whether clients share one connection to a server.
///
/// A server that asks its clients something (sampling, elicitation, roots) over a connection with
/// requests of several of them cannot say whom it asks, but over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// They do until the server asks something that could concern several of them; from then on each
    /// session has a connection of its own.
    #[default]
    Auto,
    /// They do; what could concern several of them is refused.
    Shared,
    /// Each session has a connection of its own.
    Session,
}

/// Whose a connection is that is not shared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whose {
    /// A session's, by its id.
    Session(Arc<str>),
    /// One stateless request's at a time.
    Stateless(usize),
}
