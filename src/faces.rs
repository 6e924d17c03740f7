//! How clients reach us: one module a transport, all of them thin over sessions.
//!
//! A face parses envelopes, finds or opens the session, hands the message over and writes what
//! comes back. It never looks into a payload, never decides about a call and never retries one.

mod batch;
mod connection;
mod entrance;
pub mod http;
mod outbox;
mod requests;
pub mod stdio;

pub use entrance::{HttpEntrance, StdioEntrance};
pub(crate) use http::is_loopback_host;
pub use http::{BindError, Closing, HttpFace, HttpServer, HttpSettings, Peer, ResumeSettings};
pub use stdio::{StdioError, serve_stdio};
