//! The catalog: what all servers offer, merged under names that are unique.
//!
//! The [`Catalog`] actor is the only writer of the [`Snapshot`] everybody reads. A snapshot survives
//! its writer, so a call never notices that the catalog was restarted, and an empty list is never
//! published in between.

mod actor;
mod capabilities;
mod cell;
mod directory;
mod extensions;
mod item;
mod manifest;
mod merge;
mod naming;
mod route;
mod section;
mod snapshot;
mod store;
mod uri;

pub use actor::{Arguments, Catalog, Message};
pub use capabilities::{Capabilities, Capability};
pub use cell::{Known, Manifests, SnapshotCell};
pub use item::Item;
pub use manifest::Manifest;
pub use merge::merge;
pub use naming::{Naming, NamingStrategy, STATUS_TOOL};
pub use route::{Entry, Route};
pub use section::{Page, Section, Seen};
pub use snapshot::Snapshot;
pub use store::{CatalogStore, Forgetful};
