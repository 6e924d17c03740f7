//! Children that come and go: start, quarantine, trial, stop.

use super::*;
use crate::otp::{Address, Shutdown};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// A child that tells when it starts and ends.
struct Probe;

#[derive(Debug)]
enum Order {
    Panic,
    End,
}

#[derive(Clone)]
struct Arguments {
    name: &'static str,
    trace: mpsc::UnboundedSender<String>,
    /// This many starts from now on fail.
    failing: Arc<AtomicUsize>,
    /// How long it takes to stop.
    stopping: Duration,
}

impl Actor for Probe {
    type Msg = Order;
    type State = Arguments;
    type Arguments = Arguments;
    async fn pre_start(
        &self,
        _me: ActorRef<Order>,
        arguments: Arguments,
    ) -> Result<Arguments, ActorProcessingErr> {
        let fails = arguments.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
            n.checked_sub(1) // none left: it starts
        });
        let sign = if fails.is_ok() { '!' } else { '+' };
        arguments.trace.send(format!("{sign}{}", arguments.name))?;
        if fails.is_ok() { Err("told to fail".into()) } else { Ok(arguments) }
    }
    async fn handle(
        &self,
        me: ActorRef<Order>,
        order: Order,
        _state: &mut Arguments,
    ) -> Result<(), ActorProcessingErr> {
        match order {
            Order::Panic => panic!("told to panic"),
            Order::End => me.stop(None),
        }
        Ok(())
    }
    async fn post_stop(
        &self,
        _me: ActorRef<Order>,
        state: &mut Arguments,
    ) -> Result<(), ActorProcessingErr> {
        tokio::time::sleep(state.stopping).await;
        state.trace.send(format!("-{}", state.name))?;
        Ok(())
    }
}

const BUDGET: Budget = Budget::new(2, Duration::from_secs(60));
const QUARANTINE: Duration = Duration::from_secs(300);

/// What children are made of.
struct Nursery {
    sender: mpsc::UnboundedSender<String>,
    trace: mpsc::UnboundedReceiver<String>,
    failing: Arc<AtomicUsize>,
}

impl Nursery {
    fn new() -> Self {
        let (sender, trace) = mpsc::unbounded_channel();
        Self { sender, trace, failing: Arc::default() }
    }

    fn child(
        &self,
        name: &'static str,
        restart: Restart,
        stopping: Duration,
    ) -> (ChildSpec, Address<Order>) {
        let (trace, failing) = (self.sender.clone(), Arc::clone(&self.failing));
        let arguments = Arguments { name, trace, failing, stopping };
        let address = Address::new();
        let patience = Shutdown::Within(Duration::from_secs(5));
        let make = move || (Probe, arguments.clone());
        (ChildSpec::new(name, restart, patience, &address, make), address)
    }

    fn quick(&self, name: &'static str, restart: Restart) -> (ChildSpec, Address<Order>) {
        self.child(name, restart, Duration::ZERO)
    }

    async fn supervise(self, initial: Vec<ChildSpec>) -> Fixture {
        let roster = Roster::default();
        let spec = DynamicSpec {
            path: "pool".into(),
            budget: BUDGET,
            quarantine: QUARANTINE,
            initial: Arc::new(move || initial.clone()),
            quarantined: Arc::new(|_| {}),
            roster: roster.clone(),
        };
        let (pool, _) = Actor::spawn(None, DynamicSupervisor, spec).await.expect("starts");
        Fixture { nursery: self, roster, pool }
    }
}

struct Fixture {
    nursery: Nursery,
    roster: Roster,
    pool: ActorRef<DynamicMessage>,
}

impl Fixture {
    /// The next words of the children, sorted.
    async fn hear(&mut self, count: usize) -> String {
        let mut heard = Vec::new();
        for _ in 0..count {
            let hour = Duration::from_secs(3600);
            let next = tokio::time::timeout(hour, self.nursery.trace.recv()).await;
            heard.push(next.expect("in time").expect("a trace"));
        }
        heard.sort();
        heard.join(" ")
    }

    /// Nothing is said for this long.
    async fn silent_for(&mut self, time: Duration) {
        let heard = tokio::time::timeout(time, self.nursery.trace.recv()).await;
        assert!(heard.is_err(), "unexpected {heard:?}");
    }

    async fn add(&self, child: ChildSpec) -> Result<(), StartError> {
        let (answer, started) = oneshot::channel();
        self.pool.send_message(DynamicMessage::Start(child, answer)).expect("it hears");
        started.await.expect("it answers")
    }

    fn runs(&self, name: &str) -> bool {
        self.roster.find(&format!("pool/{name}")).is_some()
    }

    async fn stop(&self) {
        self.pool.get_cell().stop(None);
        self.pool.get_cell().wait(None).await.expect("it ends");
        assert!(self.roster.list().is_empty(), "{:?}", self.roster.list());
    }
}

use Restart::{Permanent, Temporary, Transient};

#[tokio::test(start_paused = true)]
async fn children_are_stopped_in_parallel_and_stubborn_ones_killed() {
    let nursery = Nursery::new();
    let (a, _) = nursery.child("a", Permanent, Duration::from_secs(4));
    let (b, _) = nursery.child("b", Permanent, Duration::from_secs(4));
    let (stubborn, _) = nursery.child("stubborn", Permanent, Duration::from_secs(900));
    let mut fixture = nursery.supervise(vec![a, b, stubborn]).await;
    assert_eq!(fixture.hear(3).await, "+a +b +stubborn");
    let begun = Instant::now();
    fixture.stop().await;
    assert_eq!(begun.elapsed().as_secs(), 5, "one patience, not the sum of them");
    assert_eq!(fixture.hear(2).await, "-a -b");
}

#[tokio::test(start_paused = true)]
async fn each_child_has_its_own_budget_and_a_spent_one_is_quarantined_alone() {
    let nursery = Nursery::new();
    let (bad, bad_address) = nursery.quick("bad", Permanent);
    let (good, good_address) = nursery.quick("good", Permanent);
    let mut fixture = nursery.supervise(vec![bad, good]).await;
    fixture.hear(2).await;
    for _ in 0..2 {
        bad_address.tell(Order::Panic);
        assert_eq!(fixture.hear(1).await, "+bad");
    }
    bad_address.tell(Order::Panic);
    for _ in 0..2 {
        good_address.tell(Order::Panic);
        assert_eq!(fixture.hear(1).await, "+good", "another's crashes do not count");
    }
    fixture.silent_for(QUARANTINE.mul_f64(0.9)).await;
    assert!(!fixture.runs("bad"), "quarantined, so it is not among those who run");
    assert!(fixture.runs("good"));
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_quarantine_there_is_one_trial_and_a_crash_in_it_is_quarantine_again() {
    let nursery = Nursery::new();
    let (bad, address) = nursery.quick("bad", Permanent);
    let mut fixture = nursery.supervise(vec![bad]).await;
    fixture.hear(1).await;
    for _ in 0..2 {
        address.tell(Order::Panic);
        fixture.hear(1).await;
    }
    for trial in 0..3 {
        address.tell(Order::Panic);
        let begun = Instant::now();
        assert_eq!(fixture.hear(1).await, "+bad", "trial {trial}");
        assert_eq!(begun.elapsed().as_secs(), QUARANTINE.as_secs(), "trial {trial}");
        assert!(fixture.runs("bad"));
    }
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_stands_for_the_period_gives_the_budget_back() {
    let nursery = Nursery::new();
    let (bad, address) = nursery.quick("bad", Permanent);
    let mut fixture = nursery.supervise(vec![bad]).await;
    fixture.hear(1).await;
    for _ in 0..3 {
        address.tell(Order::Panic);
        fixture.hear(1).await;
    }
    fixture.silent_for(BUDGET.period + Duration::from_secs(1)).await;
    for _ in 0..2 {
        let begun = Instant::now();
        address.tell(Order::Panic);
        assert_eq!(fixture.hear(1).await, "+bad");
        assert_eq!(begun.elapsed(), Duration::ZERO, "restarted at once");
    }
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_goes_for_good_however_it_ends() {
    let mut fixture = Nursery::new().supervise(Vec::new()).await;
    let (ends, ending) = fixture.nursery.quick("ends", Temporary);
    let (panics, panicking) = fixture.nursery.quick("panics", Temporary);
    let (killed, killing) = fixture.nursery.quick("killed", Temporary);
    for child in [ends, panics, killed] {
        fixture.add(child).await.expect("it starts");
    }
    assert_eq!(fixture.hear(3).await, "+ends +killed +panics");
    ending.tell(Order::End);
    panicking.tell(Order::Panic);
    killing.cell().expect("it runs").kill();
    assert_eq!(fixture.hear(1).await, "-ends");
    fixture.silent_for(QUARANTINE * 2).await;
    assert!(fixture.roster.list().is_empty(), "{:?}", fixture.roster.list());
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_transient_child_is_restarted_only_after_an_abnormal_end() {
    let nursery = Nursery::new();
    let (child, address) = nursery.quick("t", Transient);
    let mut fixture = nursery.supervise(vec![child]).await;
    assert_eq!(fixture.hear(1).await, "+t");
    address.cell().expect("it runs").kill();
    assert_eq!(fixture.hear(1).await, "+t", "killed is abnormal");
    address.tell(Order::End);
    assert_eq!(fixture.hear(1).await, "-t");
    fixture.silent_for(QUARANTINE * 2).await;
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_first_child_that_cannot_start_harms_nobody_and_is_tried_again_later() {
    let nursery = Nursery::new();
    let (bad, _) = nursery.quick("bad", Permanent);
    let (good, _) = nursery.quick("good", Permanent);
    nursery.failing.store(1, Ordering::SeqCst);
    let mut fixture = nursery.supervise(vec![bad, good]).await;
    assert_eq!(fixture.hear(2).await, "!bad +good");
    assert!(!fixture.runs("bad"));
    let begun = Instant::now();
    assert_eq!(fixture.hear(1).await, "+bad");
    assert_eq!(begun.elapsed().as_secs(), QUARANTINE.as_secs());
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_child_that_cannot_start_is_told_and_nothing_is_tried_again() {
    let mut fixture = Nursery::new().supervise(Vec::new()).await;
    fixture.nursery.failing.store(1, Ordering::SeqCst);
    let (child, _) = fixture.nursery.quick("x", Permanent);
    let error = fixture.add(child.clone()).await.expect_err("it cannot start");
    assert!(error.to_string().contains("told to fail"), "{error}");
    assert_eq!(fixture.hear(1).await, "!x");
    fixture.silent_for(QUARANTINE * 2).await;
    fixture.add(child).await.expect("the name is free");
    assert_eq!(fixture.hear(1).await, "+x");
    fixture.stop().await;
}
