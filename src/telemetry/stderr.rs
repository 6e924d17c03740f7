//! The log on stderr, written by a thread of its own: who logs never waits for who reads.
//!
//! *Invariant:* a line is written whole, without secrets, or not at all; what does not fit into the queue is
//! counted and told.

use crate::config::LogFormat;
use crate::redaction::Redaction;
use serde_json::Value;
use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Most lines that wait, and most of their bytes.
const LINES: usize = 8_192;
const BYTES: usize = 4 << 20;
/// Places for those who wait for everything to be written.
const FLUSHES: usize = 16;

/// The stderr of the process, which is one, as the subscriber is.
static STDERR: OnceLock<Stderr> = OnceLock::new();

/// The queue to the thread that writes; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Stderr {
    orders: SyncSender<Order>,
    gauge: Arc<Gauge>,
}

#[derive(Debug)]
enum Order {
    Line(Box<[u8]>),
    Flush(SyncSender<()>),
}

#[derive(Debug, Default)]
struct Gauge {
    lines: AtomicUsize,
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl Gauge {
    fn enter(&self, bytes: usize) -> bool {
        let lines = self.lines.fetch_add(1, Ordering::Relaxed);
        let waiting = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = lines < LINES && waiting <= BYTES;
        if !fits {
            self.leave(bytes);
        }
        fits
    }

    fn leave(&self, bytes: usize) {
        self.lines.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Log lines that were not written to stderr, because nobody read it fast enough, since the start.
pub fn dropped() -> u64 {
    STDERR.get().map_or(0, |stderr| stderr.gauge.dropped.load(Ordering::Relaxed))
}

/// Waits until what was logged so far is written, but no longer than `within`. Blocks.
pub(super) fn flush(within: Duration) {
    if let Some(stderr) = STDERR.get() {
        let (told, written) = sync_channel(1);
        if stderr.orders.try_send(Order::Flush(told)).is_ok() {
            let _nobody_reads = written.recv_timeout(within);
        }
    }
}

impl Stderr {
    /// The one of this process; the first caller says what is hidden.
    pub(super) fn of_process(redaction: Redaction, format: LogFormat) -> Self {
        STDERR.get_or_init(|| Self::start(io::stderr(), redaction, format)).clone()
    }

    /// A thread that writes there.
    fn start(to: impl Write + Send + 'static, redaction: Redaction, format: LogFormat) -> Self {
        let (orders, inbox) = sync_channel(LINES + FLUSHES);
        let gauge = Arc::new(Gauge::default());
        let mut writer =
            Writer { to, inbox, redaction, format, gauge: Arc::clone(&gauge), told: 0 };
        // without a thread nothing is written, and everything counts as dropped
        let _no_thread = thread::Builder::new().name("stderr".into()).spawn(move || writer.run());
        Self { orders, gauge }
    }

    fn put(&self, line: &[u8]) {
        let bytes = line.len();
        if !self.gauge.enter(bytes) {
            self.gauge.dropped.fetch_add(1, Ordering::Relaxed);
        } else if self.orders.try_send(Order::Line(line.into())).is_err() {
            self.gauge.leave(bytes);
            self.gauge.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self)
    }
}

/// One event; the formatter hands it over as a whole.
pub(super) struct Line<'a>(&'a Stderr);

impl Write for Line<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.put(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread's part.
struct Writer<W> {
    to: W,
    inbox: Receiver<Order>,
    redaction: Redaction,
    format: LogFormat,
    gauge: Arc<Gauge>,
    /// What was told of the dropped ones.
    told: u64,
}

impl<W: Write> Writer<W> {
    fn run(&mut self) {
        while let Ok(order) = self.inbox.recv() {
            match order {
                Order::Line(line) => {
                    let _nobody_reads = self.to.write_all(&self.clean(&line));
                    self.gauge.leave(line.len());
                    self.tell_dropped();
                }
                Order::Flush(told) => {
                    let _gave_up = self.to.flush();
                    let _gave_up = told.try_send(());
                }
            }
        }
    }

    /// Once there is room again.
    fn tell_dropped(&mut self) {
        let dropped = self.gauge.dropped.load(Ordering::Relaxed);
        if dropped > self.told && self.gauge.lines.load(Ordering::Relaxed) < LINES / 2 {
            let count = dropped - self.told;
            self.told = dropped;
            tracing::warn!(count, "log lines were left out: nobody read them fast enough");
        }
    }

    fn clean<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let clean = self.redaction.clean(line);
        if matches!(clean, Cow::Borrowed(_)) || self.format != LogFormat::Json {
            return clean;
        }
        // hidden in the values, so that it is an object still, whatever the secret is
        match serde_json::from_slice::<Value>(line) {
            Ok(event) => {
                Cow::Owned(format!("{}\n", self.redaction.clean_value(event)).into_bytes())
            }
            Err(_) => clean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::SecretString;
    use std::sync::{Condvar, Mutex};

    /// A reader that reads only once it is told to.
    #[derive(Clone, Default)]
    struct Stalled(Arc<(Mutex<Said>, Condvar)>);

    /// Whether it reads, and what it has read.
    type Said = (bool, Vec<u8>);

    impl Write for Stalled {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            let state = self.0.0.lock().unwrap();
            let mut state = self.0.1.wait_while(state, |(reads, _)| !*reads).unwrap();
            state.1.extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Stalled {
        fn read(&self, stderr: &Stderr) -> String {
            self.0.0.lock().unwrap().0 = true;
            self.0.1.notify_all();
            let (told, written) = sync_channel(1);
            stderr.orders.send(Order::Flush(told)).unwrap();
            written.recv_timeout(Duration::from_secs(60)).unwrap();
            String::from_utf8(self.0.0.lock().unwrap().1.clone()).unwrap()
        }
    }

    #[test]
    fn a_reader_that_stalls_costs_lines_which_are_counted_and_no_time() {
        let reader = Stalled::default();
        let stderr = Stderr::start(reader.clone(), Redaction::default(), LogFormat::Json);
        for _ in 0..20_000 {
            stderr.make_writer().write_all(b"{}\n").unwrap();
        }
        let dropped = stderr.gauge.dropped.load(Ordering::Relaxed);
        assert!((11_000..12_000).contains(&dropped), "{dropped}");
        assert_eq!(reader.read(&stderr).lines().count() as u64 + dropped, 20_000);
    }

    #[test]
    fn a_json_line_with_a_secret_in_it_is_still_a_json_line() {
        let reader = Stalled::default();
        let secret = SecretString::from("123456");
        let stderr = Stderr::start(reader.clone(), Redaction::of([&secret]), LogFormat::Json);
        stderr.make_writer().write_all(b"{\"pid\":123456,\"a\":\"b 123456\"}\n").unwrap();
        let said: Value = serde_json::from_str(&reader.read(&stderr)).unwrap();
        assert_eq!(said, serde_json::json!({ "pid": "***", "a": "b ***" }));
    }
}
