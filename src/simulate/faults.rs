//! Which faults are on at this moment.
//!
//! *Invariant:* a command's changes are seen all together or not at all.

use super::fault::{FAULTS, Fault, Reach, Takes};
use mcpvisor_actors::mutex::lock;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

/// A value for each fault; nothing where it is off.
#[derive(Debug, Clone, Copy)]
pub struct Values([Option<u64>; FAULTS.len()]);

/// An HTTP status to answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Burst {
    pub(super) status: u16,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
}

/// The faults of a running server.
#[derive(Debug)]
pub(super) struct Faults {
    state: Mutex<State>,
    changed: Condvar,
    changes: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    values: Values,
    /// What is owed of [`Fault::ErrorRate`] and [`Fault::FailRate`], in percent.
    owed: [u64; 2],
}

impl Default for Values {
    fn default() -> Self {
        Self([None; FAULTS.len()])
    }
}

impl Values {
    /// Whether it is on.
    pub(super) fn on(&self, fault: Fault) -> bool {
        self.get(fault).is_some()
    }

    /// Its number, while it is on.
    pub(super) fn get(&self, fault: Fault) -> Option<u64> {
        self.0[fault as usize]
    }

    pub(super) fn put(&mut self, fault: Fault, value: Option<u64>) {
        self.0[fault as usize] = value;
    }

    /// A time in milliseconds; none while it is off.
    pub(super) fn time(&self, fault: Fault) -> Duration {
        Duration::from_millis(self.get(fault).unwrap_or(0))
    }

    /// Everything that is on, as `status` tells it.
    pub(super) fn told(&self) -> serde_json::Map<String, serde_json::Value> {
        let told = |row: &super::fault::Row| {
            let value = self.get(row.fault)?;
            let value = if row.takes == Takes::Nothing { true.into() } else { value.into() };
            Some((row.name.to_owned(), value))
        };
        FAULTS.iter().filter_map(told).collect()
    }
}

impl Faults {
    pub(super) fn new(values: &Values) -> Self {
        let state = State { values: *values, owed: [0; 2] };
        Self { state: Mutex::new(state), changed: Condvar::new(), changes: watch::channel(()).0 }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// All values at this moment.
    pub(super) fn now(&self) -> Values {
        self.state().values
    }

    /// Whether one is on at this moment.
    pub(super) fn on(&self, fault: Fault) -> bool {
        self.state().values.on(fault)
    }

    /// Is told of every change.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Changes some. A new status forgets what was said of the one before.
    pub(super) fn set(&self, changes: &[(Fault, Option<u64>)]) {
        let mut state = self.state();
        if changes.iter().any(|(fault, _)| *fault == Fault::Status) {
            state.values.put(Fault::StatusFor, None);
            state.values.put(Fault::RetryAfter, None);
        }
        for (fault, value) in changes {
            state.values.put(*fault, *value);
        }
        drop(state);
        self.tell();
    }

    /// Switches one off, or all that can be.
    pub(super) fn clear(&self, one: Option<Fault>) {
        let all = FAULTS.iter().filter(|row| row.reach != Reach::Start).map(|row| row.fault);
        let off = all.filter(|fault| one.is_none_or(|one| one == *fault));
        self.set(&off.map(|fault| (fault, None)).collect::<Vec<_>>());
    }

    fn tell(&self) {
        self.changed.notify_all();
        self.changes.send_replace(());
    }

    /// Blocks while the fault is on.
    pub(super) fn wait_while(&self, fault: Fault) {
        let on = |state: &mut State| state.values.on(fault);
        drop(self.changed.wait_while(self.state(), on));
    }

    /// How late the next answer is; each one later than the one before while there is a ramp.
    pub(super) fn next_latency(&self) -> Duration {
        let mut state = self.state();
        let wait = state.values.time(Fault::Latency);
        if let Some(step) = state.values.get(Fault::LatencyRamp) {
            let next = state.values.get(Fault::Latency).unwrap_or(0).saturating_add(step);
            state.values.put(Fault::Latency, Some(next));
        }
        wait
    }

    /// Counts down a fault that comes at the Nth time; whether this is that time.
    pub(super) fn is_due(&self, fault: Fault) -> bool {
        let mut state = self.state();
        let Some(left) = state.values.get(fault) else { return false };
        let left = left.saturating_sub(1);
        state.values.put(fault, (left > 0).then_some(left));
        left == 0
    }

    /// Whether a rate hits this time. With 25 percent it is every fourth.
    pub(super) fn hits(&self, rate: Fault) -> bool {
        let mut state = self.state();
        let Some(percent) = state.values.get(rate) else { return false };
        let owed = &mut state.owed[usize::from(rate == Fault::FailRate)];
        *owed += percent;
        let hit = *owed >= 100;
        *owed -= if hit { 100 } else { 0 };
        hit
    }

    /// The status to answer this HTTP request with, if any.
    pub(super) fn next_status(&self) -> Option<Burst> {
        let mut state = self.state();
        let values = &mut state.values;
        let status = u16::try_from(values.get(Fault::Status)?).ok()?;
        let burst = Burst { status, retry_after: values.get(Fault::RetryAfter) };
        let left = values.get(Fault::StatusFor);
        if let Some(left) = left {
            values.put(Fault::StatusFor, Some(left.saturating_sub(1)));
        }
        if left.is_some_and(|left| left <= 1) {
            for fault in [Fault::Status, Fault::RetryAfter, Fault::StatusFor] {
                values.put(fault, None);
            }
        }
        (left != Some(0)).then_some(burst)
    }
}

#[cfg(test)]
mod tests {
    use super::{Burst, Fault, Faults, Values};
    use std::time::Duration;

    fn with(changes: &[(Fault, Option<u64>)]) -> Faults {
        let faults = Faults::new(&Values::default());
        faults.set(changes);
        faults
    }

    #[test]
    fn a_rate_hits_evenly_and_exactly() {
        for (percent, hits) in [(0, 0), (25, 25), (33, 33), (50, 50), (100, 100)] {
            let faults = with(&[(Fault::ErrorRate, Some(percent))]);
            let hit: Vec<bool> = (0..100).map(|_| faults.hits(Fault::ErrorRate)).collect();
            assert_eq!(hit.iter().filter(|hit| **hit).count(), hits);
            assert!(!faults.hits(Fault::FailRate));
        }
    }

    #[test]
    fn a_ramp_makes_each_answer_later_than_the_one_before() {
        let faults = with(&[(Fault::Latency, Some(10)), (Fault::LatencyRamp, Some(5))]);
        let waits: Vec<Duration> = (0..3).map(|_| faults.next_latency()).collect();
        assert_eq!(waits, [10, 15, 20].map(Duration::from_millis));
        faults.clear(Some(Fault::LatencyRamp));
        assert_eq!(faults.next_latency(), faults.next_latency());
    }

    #[test]
    fn the_nth_time_comes_once() {
        let faults = with(&[(Fault::ExitAtCall, Some(3))]);
        let due: Vec<bool> = (0..5).map(|_| faults.is_due(Fault::ExitAtCall)).collect();
        assert_eq!(due, [false, false, true, false, false]);
    }

    #[test]
    fn a_burst_of_statuses_ends_and_leaves_nothing() {
        let faults = with(&[
            (Fault::Status, Some(503)),
            (Fault::RetryAfter, Some(2)),
            (Fault::StatusFor, Some(2)),
        ]);
        let burst = Some(Burst { status: 503, retry_after: Some(2) });
        assert_eq!([faults.next_status(), faults.next_status()], [burst; 2]);
        assert_eq!(faults.next_status(), None);
        assert!(faults.now().told().is_empty());
    }

    #[test]
    fn a_new_status_forgets_what_was_said_of_the_last() {
        let faults = with(&[(Fault::Status, Some(503)), (Fault::StatusFor, Some(1))]);
        faults.set(&[(Fault::Status, Some(429))]);
        let burst = Some(Burst { status: 429, retry_after: None });
        assert_eq!([faults.next_status(), faults.next_status()], [burst; 2]);
    }

    #[test]
    fn what_was_given_at_the_start_only_is_not_cleared() {
        let faults = with(&[(Fault::SlowStart, Some(1)), (Fault::Garbage, Some(1))]);
        faults.clear(None);
        assert_eq!(serde_json::Value::from(faults.now().told())["slow-start"], 1);
        assert!(!faults.on(Fault::Garbage));
    }
}
