//! JSON-RPC frames as bytes: envelopes are parsed, payloads never are.
//!
//! A [`Message`] keeps the bytes it arrived in and remembers where the members we own stand
//! (id, method, params, result, error). Forwarding replaces those spans and copies the rest, so
//! unknown fields, key order, number spelling and whitespace survive in both directions.
//!
//! *Invariant:* nothing in this module knows an actor, a clock or any I/O.

mod batch;
mod edits;
mod elements;
mod error;
mod id;
mod limits;
mod members;
mod message;
mod object;
mod params;
mod payload;
mod reply;
mod scan;
mod subject;
mod uris;
mod version;

pub use batch::Batch;
pub use edits::Edits;
pub use elements::elements;
pub use error::{WireError, code};
pub use id::RawId;
pub use limits::Limits;
pub use members::{DuplicateKey, Member, Members, Raw, Span};
pub use message::{Kind, Message, Strictness};
pub use object::ObjectEdit;
pub use params::{CallParams, CancelParams, NotCallParams, ProgressParams};
pub use payload::{Payload, Splice};
pub use reply::{
    error_raw, error_reply, notification, notification_raw, request_raw, result_raw, string,
};
pub use subject::{Method, PerSubject, Subject};
pub use uris::Uris;
pub use version::ProtocolVersion;

use message::not_json;
