//! What names lead to.

use super::Route;
use super::holders::Table;
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

/// Ways by the names that lead there. A name that could mean two things means none. A clone shares all
/// that is not changed after.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Table<SmallVec<[Arc<Route>; 1]>>);

impl Names {
    /// Where a name leads.
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Route>> {
        match self.0.get(name)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// From here on a name may mean this.
    pub(super) fn add(&mut self, name: &Arc<str>, route: &Arc<Route>) {
        match self.0.get_mut(name) {
            Some(meanings) => meanings.push(Arc::clone(route)),
            None => _ = self.0.insert(Arc::clone(name), smallvec![Arc::clone(route)]),
        }
    }

    /// From here on a name does not mean this.
    pub(super) fn remove(&mut self, name: &Arc<str>, route: &Arc<Route>) {
        let Some(meanings) = self.0.get_mut(name) else { return };
        meanings.retain(|it| !Arc::ptr_eq(it, route));
        if meanings.is_empty() {
            self.0.remove(name);
        }
    }
}
