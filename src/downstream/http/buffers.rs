//! Room for large bodies, kept for the next one.
//!
//! Memory of that size comes from the system page by page and goes back to it with each answer, which costs more
//! than what is done with the answer.
//!
//! *Invariant:* never keeps more than [`MOST`], nor anything for longer than twice [`IDLE`].

use bytes::Bytes;
use mcpvisor_actors::mutex::lock;
use std::mem;
use std::sync::Mutex;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// Below this size the allocator is as quick; also what sizes are rounded up to, in bytes.
const SMALLEST: usize = 64 * 1024;
/// Most that is kept altogether, in bytes.
const MOST: usize = 8 * 1024 * 1024;
/// How long what nobody uses is kept.
const IDLE: Duration = Duration::from_secs(5);

/// Of all servers together, so that many of them keep no more than one.
pub(super) static SHARED: Buffers = Buffers::new();

/// Buffers nobody uses.
pub(super) struct Buffers(Mutex<Kept>);

struct Kept {
    /// The one used last at the end.
    buffers: Vec<(Instant, Vec<u8>)>,
    /// Looks for those that have been idle for too long, as long as there are any.
    sweeper: Option<JoinHandle<()>>,
}

impl Buffers {
    const fn new() -> Self {
        Self(Mutex::new(Kept { buffers: Vec::new(), sweeper: None }))
    }

    /// An empty buffer for so many bytes; at most twice as large, because what is read may be kept for long.
    pub(super) fn take(&self, size: usize) -> Vec<u8> {
        if size < SMALLEST {
            return Vec::with_capacity(size);
        }
        let size = size.next_multiple_of(SMALLEST);
        let mut kept = lock(&self.0);
        let fitting = kept
            .buffers
            .iter()
            .rposition(|(_, buffer)| (size..=2 * size).contains(&buffer.capacity()));
        match fitting {
            Some(at) => kept.buffers.remove(at).1,
            None => Vec::with_capacity(size),
        }
    }

    /// What was read into a buffer, which comes back when nobody holds any of it.
    pub(super) fn lend(&'static self, bytes: Vec<u8>) -> Bytes {
        if bytes.capacity() < SMALLEST {
            return bytes.into();
        }
        Bytes::from_owner(Lent { bytes, home: self })
    }

    fn keep(&'static self, mut buffer: Vec<u8>) {
        // nobody would look after it
        let Ok(runtime) = Handle::try_current() else { return };
        buffer.clear();
        let mut kept = lock(&self.0);
        kept.buffers.push((Instant::now(), buffer));
        let (mut size, mut surplus) = (kept.size(), 0);
        while size > MOST {
            size -= kept.buffers[surplus].1.capacity();
            surplus += 1;
        }
        let surplus: Vec<_> = kept.buffers.drain(..surplus).collect();
        if kept.sweeper.as_ref().is_none_or(JoinHandle::is_finished) {
            kept.sweeper = Some(runtime.spawn(self.sweep()));
        }
        drop(kept);
        drop(surplus); // not while others wait
    }

    async fn sweep(&self) {
        loop {
            sleep(IDLE).await;
            let mut kept = lock(&self.0);
            let stale = kept.buffers.partition_point(|(since, _)| since.elapsed() >= IDLE);
            let stale: Vec<_> = kept.buffers.drain(..stale).collect();
            let done = kept.buffers.is_empty();
            if done {
                kept.sweeper = None;
            }
            drop(kept);
            drop(stale);
            if done {
                return;
            }
        }
    }
}

impl Kept {
    /// All that is kept, in bytes.
    fn size(&self) -> usize {
        self.buffers.iter().map(|(_, buffer)| buffer.capacity()).sum()
    }
}

/// A buffer with what was read into it.
struct Lent {
    bytes: Vec<u8>,
    home: &'static Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.keep(mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn buffers() -> &'static Buffers {
        Box::leak(Box::new(Buffers::new()))
    }

    fn lent(buffers: &'static Buffers, size: usize) -> Bytes {
        let mut buffer = buffers.take(size);
        buffer.resize(size, b'x');
        buffers.lend(buffer)
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_used_again_once_nobody_holds_any_of_it() {
        let buffers = buffers();
        let first = lent(buffers, MIB);
        let (place, part) = (first.as_ptr(), first.slice(7..9));
        drop(first);
        let other = buffers.take(MIB);
        assert_ne!(other.as_ptr(), place, "a part of it is held");
        assert_eq!(part, "xx");
        drop(part);
        let again = buffers.take(MIB - 1000);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_small_is_not_kept_nor_much_room_given_to_little() {
        let buffers = buffers();
        drop(lent(buffers, SMALLEST - 1));
        assert_eq!(lock(&buffers.0).size(), 0);
        drop(lent(buffers, MIB));
        assert_eq!(buffers.take(MIB / 2).capacity(), MIB);
        drop(lent(buffers, MIB));
        assert_eq!(buffers.take(MIB / 2 - SMALLEST).capacity(), MIB / 2 - SMALLEST);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_kept_than_the_most_whatever_comes_back() {
        let buffers = buffers();
        let held: Vec<_> = (1..20).map(|size| lent(buffers, size * MIB / 2)).collect();
        for bytes in held {
            drop(bytes);
            assert!(lock(&buffers.0).size() <= MOST);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_uses_is_given_back_to_the_system() {
        let buffers = buffers();
        for _round in 0..2 {
            drop(lent(buffers, MIB));
            assert_eq!(lock(&buffers.0).size(), MIB);
            sleep(2 * IDLE).await;
            let kept = lock(&buffers.0);
            assert!(kept.buffers.is_empty() && kept.sweeper.is_none());
        }
    }

    #[test]
    fn what_one_runtime_left_another_looks_after() {
        let buffers = buffers();
        for round in 1..3 {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async { drop([lent(buffers, MIB), lent(buffers, MIB)]) });
            assert!(lock(&buffers.0).sweeper.as_ref().unwrap().is_finished(), "round {round}");
        }
        drop(lent(buffers, 3 * MIB));
        assert_eq!(lock(&buffers.0).size(), 2 * MIB, "without a runtime nothing is kept");
    }
}
