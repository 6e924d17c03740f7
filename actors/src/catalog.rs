//! The catalog: what all servers offer, merged under names that are unique.
//!
//! The [`Catalog`] actor is the only writer of the [`Snapshot`] everybody reads. A snapshot survives
//! its writer, so a call never notices that the catalog was restarted, and an empty list is never
//! published in between. Clients that selected a part see it through a [`View`] of their own.

mod actor;
mod capabilities;
mod cell;
mod claims;
mod directory;
mod extensions;
mod group;
mod holders;
mod item;
mod manifest;
mod merge;
mod names;
mod naming;
mod piece;
mod route;
mod section;
mod selector;
mod snapshot;
mod source;
mod store;
mod switches;
mod uri;
mod view;
mod views;

pub use actor::{Arguments, Catalog, Message};
pub use capabilities::{Capabilities, Capability};
pub use cell::{Known, Manifests, SnapshotCell};
pub use group::Group;
pub use item::Item;
pub use manifest::Manifest;
pub use merge::merge;
pub use naming::{Naming, NamingStrategy, STATUS_TOOL};
pub use route::{Entry, Route};
pub use section::{Page, Section, Seen};
pub use selector::{NoView, Selector};
pub use snapshot::Snapshot;
pub use store::{CatalogStore, Forgetful};
pub use switches::{SwitchStore, SwitchedOff, Switches};
pub use view::View;
pub use views::{Groups, Views};
