//! Locks of values that a panic leaves sound: whoever holds one changes it in one step, or only adds.
//!
//! *Invariant:* a thread that panicked with such a lock keeps nobody else from it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The value, also when a thread panicked while it had it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_one_thread_keeps_no_other_from_the_value() {
        let value = Mutex::new(7);
        let panicked = std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _held = lock(&value);
                panic!("on purpose");
            });
            holder.join().is_err()
        });
        assert!(panicked && value.is_poisoned());
        assert_eq!(*lock(&value), 7);
    }
}
