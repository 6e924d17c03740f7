//! Order of start and stop, strategies, budgets and patience, with actors that only die.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// An actor that tells when it starts and ends, and dies on command.
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
    /// Never ends when asked to.
    stubborn: bool,
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
        if arguments
            .failing
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
            .is_ok()
        {
            arguments.trace.send(format!("!{}", arguments.name))?;
            return Err("told to fail".into());
        }
        arguments.trace.send(format!("+{}", arguments.name))?;
        Ok(arguments)
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
        if state.stubborn {
            std::future::pending::<()>().await;
        }
        state.trace.send(format!("-{}", state.name))?;
        Ok(())
    }
}

struct Fixture {
    trace: mpsc::UnboundedReceiver<String>,
    addresses: Vec<Address<Order>>,
    failing: Arc<AtomicUsize>,
    roster: Roster,
    supervisor: ActorRef<SupervisorMessage>,
}

impl Fixture {
    async fn with(
        strategy: Strategy,
        budget: Budget,
        children: &[(&'static str, Restart)],
    ) -> Self {
        let (sender, trace) = mpsc::unbounded_channel();
        let failing = Arc::new(AtomicUsize::new(0));
        let roster = Roster::default();
        let mut addresses = Vec::new();
        let mut specs = Vec::new();
        for &(name, restart) in children {
            let address = Address::new();
            let arguments = Arguments {
                name,
                trace: sender.clone(),
                failing: Arc::clone(&failing),
                stubborn: name == "stubborn",
            };
            let within = Shutdown::Within(Duration::from_secs(5));
            specs.push(ChildSpec::new(name, restart, within, &address, move || {
                (Probe, arguments.clone())
            }));
            addresses.push(address);
        }
        let spec = SupervisorSpec {
            path: "root".into(),
            strategy,
            budget,
            children: specs,
            roster: roster.clone(),
        };
        let (supervisor, _) = Actor::spawn(None, Supervisor, spec).await.expect("starts");
        Self { trace, addresses, failing, roster, supervisor }
    }

    async fn hear(&mut self, count: usize) -> String {
        let mut heard = Vec::new();
        for _ in 0..count {
            let next = tokio::time::timeout(Duration::from_secs(60), self.trace.recv()).await;
            heard.push(next.expect("in time").expect("a trace"));
        }
        heard.join(" ")
    }

    async fn stop(mut self) -> String {
        self.supervisor.get_cell().stop(None);
        self.supervisor.get_cell().wait(None).await.expect("it ends");
        let mut rest = Vec::new();
        while let Ok(line) = self.trace.try_recv() {
            rest.push(line);
        }
        rest.join(" ")
    }
}

const GENEROUS: Budget = Budget::new(10, Duration::from_secs(60));
use Restart::{Permanent, Temporary, Transient};

#[tokio::test(start_paused = true)]
async fn children_start_in_order_and_stop_in_reverse() {
    let children = [("a", Permanent), ("b", Permanent), ("c", Permanent)];
    let mut fixture = Fixture::with(Strategy::OneForOne, GENEROUS, &children).await;
    assert_eq!(fixture.hear(3).await, "+a +b +c");
    assert_eq!(fixture.stop().await, "-c -b -a");
}

#[tokio::test(start_paused = true)]
async fn each_strategy_restarts_its_own_children() {
    for (strategy, expected, count) in [
        (Strategy::OneForOne, "+b", 1),
        (Strategy::RestForOne, "-c +b +c", 3),
        (Strategy::OneForAll, "-c -a +a +b +c", 5),
    ] {
        let children = [("a", Permanent), ("b", Permanent), ("c", Permanent)];
        let mut fixture = Fixture::with(strategy, GENEROUS, &children).await;
        fixture.hear(3).await;
        fixture.addresses[1].tell(Order::Panic);
        assert_eq!(fixture.hear(count).await, expected, "{strategy:?}");
        fixture.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn restart_policy_tells_normal_from_abnormal_and_a_kill_is_abnormal() {
    let children = [("p", Permanent), ("t", Transient), ("x", Temporary)];
    let mut fixture = Fixture::with(Strategy::OneForOne, GENEROUS, &children).await;
    fixture.hear(3).await;
    fixture.addresses[0].tell(Order::End);
    assert_eq!(fixture.hear(2).await, "-p +p");
    fixture.addresses[1].cell().expect("runs").kill();
    assert_eq!(fixture.hear(1).await, "+t");
    fixture.addresses[1].tell(Order::End);
    assert_eq!(fixture.hear(1).await, "-t");
    fixture.addresses[2].tell(Order::Panic);
    fixture.addresses[0].tell(Order::End);
    assert_eq!(fixture.hear(2).await, "-p +p", "neither t nor x came back");
    assert_eq!(fixture.roster.list(), [("root/p".to_owned(), 1)]);
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_is_not_brought_back_by_a_sibling() {
    let children = [("a", Permanent), ("x", Temporary), ("c", Permanent)];
    let mut fixture = Fixture::with(Strategy::OneForAll, GENEROUS, &children).await;
    fixture.hear(3).await;
    fixture.addresses[0].tell(Order::Panic);
    assert_eq!(fixture.hear(4).await, "-c -x +a +c");
    fixture.stop().await;
}

#[tokio::test(start_paused = true)]
async fn more_restarts_than_the_budget_end_the_supervisor_in_order() {
    let budget = Budget::new(2, Duration::from_secs(10));
    let children = [("a", Permanent), ("b", Permanent)];
    let mut fixture = Fixture::with(Strategy::OneForOne, budget, &children).await;
    fixture.hear(2).await;
    for _ in 0..2 {
        fixture.addresses[1].tell(Order::Panic);
        assert_eq!(fixture.hear(1).await, "+b");
    }
    fixture.addresses[1].tell(Order::Panic);
    assert_eq!(fixture.hear(1).await, "-a");
    fixture.supervisor.get_cell().wait(None).await.expect("it ended");
}

#[tokio::test(start_paused = true)]
async fn a_failing_restart_is_tried_again_and_counts() {
    let budget = Budget::new(3, Duration::from_secs(10));
    let children = [("a", Permanent), ("b", Permanent)];
    let mut fixture = Fixture::with(Strategy::OneForOne, budget, &children).await;
    fixture.hear(2).await;
    fixture.failing.store(2, Ordering::SeqCst);
    fixture.addresses[1].tell(Order::Panic);
    assert_eq!(fixture.hear(3).await, "!b !b +b");
    fixture.failing.store(usize::MAX, Ordering::SeqCst);
    fixture.addresses[1].tell(Order::Panic);
    assert_eq!(fixture.hear(1).await, "-a", "the fourth restart is one too many");
    fixture.supervisor.get_cell().wait(None).await.expect("it ended");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_is_killed_after_its_patience() {
    let children = [("a", Permanent), ("stubborn", Permanent)];
    let mut fixture = Fixture::with(Strategy::OneForOne, GENEROUS, &children).await;
    fixture.hear(2).await;
    let begun = Instant::now();
    assert_eq!(fixture.stop().await, "-a");
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_inner_supervisor_that_gives_up_is_restarted_by_the_outer_one() {
    let (sender, mut trace) = mpsc::unbounded_channel();
    let roster = Roster::default();
    let failing = Arc::new(AtomicUsize::new(0));
    let address = Address::new();
    let arguments = Arguments { name: "a", trace: sender, failing, stubborn: false };
    let shutdown = Shutdown::Within(Duration::from_secs(1));
    let leaf =
        ChildSpec::new("a", Permanent, shutdown, &address, move || (Probe, arguments.clone()));
    let spec = |path: &str, children| SupervisorSpec {
        path: path.into(),
        strategy: Strategy::OneForOne,
        budget: Budget::new(1, Duration::from_secs(10)),
        children,
        roster: roster.clone(),
    };
    let inner = spec("root/inner", vec![leaf]).into_child("inner", Permanent);
    let (root, _) =
        Actor::spawn(None, Supervisor, spec("root", vec![inner])).await.expect("starts");
    let mut starts = 0;
    while trace.recv().await.is_some() {
        starts += 1;
        address.tell(Order::Panic);
        if starts == 4 {
            break;
        }
    }
    root.get_cell().wait(None).await.expect("two inner lives of two starts each, then the end");
    assert!(trace.try_recv().is_err());
}
