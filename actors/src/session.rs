//! Client sessions: one actor per legacy session, whatever face it came through.
//!
//! A face hands a session the client's messages and the stream to answer on. The session answers what
//! is its own (handshake, ping, lists, log level), makes calls of the rest and sends them to the proxy.
//! It never waits for a server, so one stuck call holds up nothing.
//!
//! Requests of 2026-07-28 have no session: [`Clients::serve`] takes each as it comes, without an actor.

mod actor;
mod ask;
mod builtin;
mod client;
mod handle;
pub(crate) mod identity;
mod initialize;
mod level;
mod list;
mod listening;
mod news;
mod record;
mod records;
mod registrar;
mod restore;
mod stateless;
mod stream;
mod subscriptions;
mod summary;
mod table;
mod tasks;
mod underway;
mod usage;

pub use actor::{Arguments, Message, Session};
pub(crate) use ask::{Ask, AskId, Reply, Said};
pub use builtin::BuiltinTool;
pub use client::{Client, Profile};
pub use handle::{Clients, ClientsSpec, SessionGone, SessionHandle};
pub use level::LogLevel;
pub use list::Listing;
pub use record::{SessionRecord, SessionStore};
pub(crate) use registrar::Registrar;
pub use restore::NoRoom;
pub use stream::{ClientStream, ClientStreamReader, Held, Outgoing, StreamFull};
pub use subscriptions::Subscriptions;
pub use summary::{ClientName, SessionSummary};
pub(crate) use table::Able;
pub use table::{Fact, SessionTable};
pub(crate) use tasks::{NewTask, Speaker, Tasks};
pub use underway::Underway;
pub(crate) use usage::InFlight;

pub use crate::call::Admission;
