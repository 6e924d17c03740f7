//! A healthy server beside the others, and a client that calls it all the time.
//!
//! *Invariant:* what it must not notice is judged on every run of every fault.

use crate::process::{Http, call};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) const NAME: &str = "neighbour";
/// Rest between two calls.
const REST: Duration = Duration::from_millis(15);
/// How long it is watched before anything happens.
const CALM: Duration = Duration::from_millis(1500);
/// A p99 below is good in any case: the machine has others to serve.
const GOOD: Duration = Duration::from_millis(500);

/// The calling client.
pub(crate) struct Neighbour {
    stop: Arc<AtomicBool>,
    heard: Arc<Mutex<Heard>>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Heard {
    took: Vec<Duration>,
    errors: Vec<String>,
}

impl Neighbour {
    /// Calls from now on; returns after a calm time, with the p99 of it.
    pub(crate) fn call(client: Http) -> (Self, Duration) {
        let (stop, heard) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Heard>>::default());
        let thread = {
            let (stop, heard) = (Arc::clone(&stop), Arc::clone(&heard));
            std::thread::spawn(move || {
                for number in 0.. {
                    let since = Instant::now();
                    let key = format!(r#"{{"key":"neighbour-{number}"}}"#);
                    let answer = client.answer(&call("1", "neighbour.echo", &key));
                    let took = since.elapsed();
                    let mut heard = heard.lock().unwrap();
                    heard.took.push(took);
                    if answer["result"]["isError"] != false {
                        heard.errors.push(answer.to_string());
                    }
                    drop(heard);
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    std::thread::sleep(REST);
                }
            })
        };
        std::thread::sleep(CALM);
        let before = p99(&mut std::mem::take(&mut heard.lock().unwrap().took));
        (Self { stop, heard, thread }, before)
    }

    /// Stops; the p99 since the calm time.
    pub(crate) fn judge(self, before: Duration) -> Duration {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        let mut heard = self.heard.lock().unwrap();
        assert!(heard.errors.is_empty(), "the neighbour had errors: {:?}", heard.errors);
        let during = p99(&mut heard.took);
        let most = GOOD.max(before * 2);
        assert!(during < most, "the neighbour's p99 is {during:?}, was {before:?}");
        during
    }
}

fn p99(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took[took.len().saturating_sub(1) * 99 / 100]
}
