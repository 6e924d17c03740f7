//! How much is kept.

use std::time::Duration;

/// The largest store in memory.
const IN_MEMORY: u64 = 8 << 20;

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of all files together.
    pub max_bytes: u64,
    /// Age of the oldest entry.
    pub max_age: Duration,
}

impl Bounds {
    /// The same where there is only memory.
    #[must_use]
    pub fn in_memory(self) -> Self {
        Self { max_bytes: self.max_bytes.min(IN_MEMORY), ..self }
    }

    /// Bytes of the entries and their indexes; the rest is for the write-ahead log.
    pub(super) const fn of_pages(self) -> u64 {
        self.max_bytes / 8 * 5
    }

    /// Bytes after which the write-ahead log is moved into the file.
    pub(super) const fn of_log(self) -> u64 {
        self.max_bytes / 16
    }

    /// Bytes written at once.
    pub(super) fn of_batch(self) -> usize {
        usize::try_from(self.max_bytes / 16).unwrap_or(usize::MAX).min(256 << 10)
    }

    /// Time between two looks for what is too old.
    pub(super) fn look_again(self) -> Duration {
        (self.max_age / 8).clamp(Duration::from_millis(200), Duration::from_secs(60))
    }
}
