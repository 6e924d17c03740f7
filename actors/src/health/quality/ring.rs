//! A queue that keeps the last few of anything.
//!
//! *Invariant:* never holds more than `N`, nor room for more.

use std::collections::VecDeque;

/// Room is taken in steps of this many.
const STEP: usize = 8;

/// The last `N` values, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Ring<T, const N: usize>(VecDeque<T>);

impl<T, const N: usize> Ring<T, N> {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Adds a value; the oldest makes room.
    pub(super) fn push(&mut self, value: T) {
        if self.0.len() >= N {
            self.0.pop_front();
        } else if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(STEP.min(N - self.0.len()));
        }
        self.0.push_back(value);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.0.back()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        self.0.back_mut()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.0.iter()
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.0.capacity() * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_last_and_takes_no_more_room_than_they_need() {
        let mut ring = Ring::<u32, 60>::new();
        assert_eq!(ring.heap(), 0);
        for value in 0..1_000 {
            ring.push(value);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), (940..1_000).collect::<Vec<_>>());
        assert_eq!(ring.heap(), 60 * 4);
    }
}
