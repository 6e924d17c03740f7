//! The catalog: what all servers offer, merged under names that are unique.
//!
//! The [`Catalog`] actor is the only writer of the [`Snapshot`] everybody reads. A snapshot survives
//! its writer, so a call never notices that the catalog was restarted, and an empty list is never
//! published in between.

mod actor;
mod cell;
mod manifest;
mod naming;
mod snapshot;
mod store;

pub use actor::{Arguments, Catalog, Message};
pub use cell::{Known, Manifests, SnapshotCell};
pub use manifest::{Capabilities, Manifest, Tool};
pub use naming::{Naming, NamingStrategy, STATUS_TOOL};
pub use snapshot::{Entry, Page, Route, Snapshot, merge};
pub use store::{CatalogStore, Forgetful};
