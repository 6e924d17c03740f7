//! Which servers have a name.
//!
//! A table that is cheap to clone and to change: a clone shares all that is not changed after. Whoever
//! changes it hears which names are had by more or fewer than before, and looks at nothing else.

use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// A map from names, a clone of which shares what both have.
pub(super) type Table<T> = imbl::GenericHashMap<
    Arc<str>,
    T,
    foldhash::fast::RandomState,
    imbl::shared_ptr::DefaultSharedPtr,
>;

/// How many had each name that was touched, before it was.
pub(super) type Before = HashMap<Arc<str>, usize>;

/// Servers by the names they have, each by its place among all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Holders(Table<SmallVec<[usize; 2]>>);

impl Holders {
    /// Who has this name, in their order; a server that has it twice is there twice.
    pub(super) fn of(&self, name: &str) -> &[usize] {
        self.0.get(name).map_or(&[], |holders| holders)
    }

    /// A server has other names than it had. Notes `before` this how many had those it gets and loses.
    pub(super) fn replace<'a>(
        &mut self,
        server: usize,
        old: impl Iterator<Item = &'a Arc<str>>,
        new: impl Iterator<Item = &'a Arc<str>>,
        before: &mut Before,
    ) {
        let mut more: HashMap<&Arc<str>, isize> = HashMap::new();
        new.for_each(|name| *more.entry(name).or_default() += 1);
        old.for_each(|name| *more.entry(name).or_default() -= 1);
        for (name, more) in more.into_iter().filter(|(_, more)| *more != 0) {
            let mut holders = self.0.get(name).cloned().unwrap_or_default();
            before.entry(Arc::clone(name)).or_insert(holders.len());
            for _ in 0..more {
                holders.insert(holders.partition_point(|one| *one < server), server);
            }
            for _ in more..0 {
                if let Ok(at) = holders.binary_search(&server) {
                    holders.remove(at);
                }
            }
            if holders.is_empty() {
                self.0.remove(name);
            } else {
                self.0.insert(Arc::clone(name), holders);
            }
        }
    }
}
