//! Slots in the hands of servers that crash, and coordinators that do.

use super::*;
use crate::otp::{Budget, ChildSpec, Restart, Roster, Shutdown, Strategy, Supervisor};
use crate::otp::{SupervisorMessage, SupervisorSpec};
use crate::reconnection::{CauseClass, ReconnectionPolicy, Schedule, Urgency};
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

const SECOND: Duration = Duration::from_secs(1);

fn name(name: &str) -> ServerName {
    ServerName::new(name)
}

fn task(server: &str) -> Task {
    Task {
        server: name(server),
        urgency: Urgency::Lost,
        priority: 50,
        score: 100,
        not_before: Instant::now(),
        attempt: 1,
        parked: false,
        reason: Some(CauseClass::Refused),
    }
}

/// Servers that connect with what they are granted, each taking so long.
#[derive(Clone)]
struct Fleet {
    address: Address<Message>,
    slots: Slots,
    takes: Duration,
    wanting: Arc<Mutex<HashSet<ServerName>>>,
    connecting: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    up: mpsc::UnboundedSender<String>,
}

impl Fleet {
    fn new(count: usize, slots: usize, takes: Duration) -> (Self, mpsc::UnboundedReceiver<String>) {
        let wanting = (0..count).map(|number| name(&format!("s{number}"))).collect();
        let (up, ups) = mpsc::unbounded_channel();
        let fleet = Self {
            address: Address::new(),
            slots: Slots::new(slots),
            takes,
            wanting: Arc::new(Mutex::new(wanting)),
            connecting: Arc::default(),
            most: Arc::default(),
            up,
        };
        (fleet, ups)
    }

    /// All who are neither up nor connecting want to.
    fn ask(&self) {
        for server in &*self.wanting.lock().unwrap() {
            let fleet = self.clone();
            let grantee = Grantee::new(move |slot| {
                tokio::spawn(fleet.clone().connect(slot));
            });
            self.address.tell(Message::Want(task(server.as_str()), grantee));
        }
    }

    async fn connect(self, slot: Slot) {
        let server = slot.task().server.clone();
        self.wanting.lock().unwrap().remove(&server);
        let connecting = self.connecting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(connecting, Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        self.connecting.fetch_sub(1, Ordering::SeqCst);
        slot.finish(Outcome::Ready);
        self.address.tell(Message::Up(server.clone()));
        let _nobody_counts = self.up.send(server.as_str().to_owned());
    }

    /// A supervised coordinator that this fleet asks.
    async fn coordinate(&self) -> ActorRef<SupervisorMessage> {
        self.coordinate_expecting(&[]).await
    }

    /// The same, which waits for word of these.
    async fn coordinate_expecting(&self, servers: &[&str]) -> ActorRef<SupervisorMessage> {
        let fleet = self.clone();
        let arguments = Arguments {
            address: self.address.clone(),
            slots: self.slots.clone(),
            servers: servers.iter().copied().map(name).collect(),
            depends_on: DependsOn::new(),
            ask_again: Arc::new(move || fleet.ask()),
        };
        let brief = Shutdown::Within(SECOND);
        let make = move || (ReconnectionCoordinator, arguments.clone());
        let child = ChildSpec::new("reconnection", Restart::Permanent, brief, &self.address, make);
        let spec = SupervisorSpec {
            path: "root".into(),
            strategy: Strategy::OneForOne,
            budget: Budget::new(10_000, SECOND),
            roster: Roster::default(),
            children: vec![child],
        };
        Actor::spawn(None, Supervisor, spec).await.expect("it starts").0
    }

    async fn view(&self) -> View {
        let (answer, view) = oneshot::channel();
        self.address.tell(Message::View(answer));
        view.await.expect("it answers")
    }

    /// Kills the coordinator and returns when the next one runs.
    async fn kill_coordinator(&self) {
        let killed = self.address.cell().expect("it runs");
        killed.kill();
        killed.wait(None).await.expect("it ends");
        while self.address.cell().is_none_or(|cell| cell.get_id() == killed.get_id()) {
            tokio::task::yield_now().await;
        }
    }
}

/// The next so many, or panics.
async fn next(ups: &mut mpsc::UnboundedReceiver<String>, count: usize) -> Vec<String> {
    let mut heard = Vec::new();
    for _ in 0..count {
        let next = tokio::time::timeout(3600 * SECOND, ups.recv()).await;
        heard.push(next.expect("in time").expect("a server"));
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn two_hundred_servers_come_up_three_at_a_time() {
    let (fleet, mut ups) = Fleet::new(200, 3, SECOND);
    let begun = Instant::now();
    fleet.coordinate().await;
    next(&mut ups, 200).await;
    assert_eq!(fleet.most.load(Ordering::SeqCst), 3);
    assert_eq!(begun.elapsed().as_secs(), 67, "and no slot was idle");
    let view = fleet.view().await;
    assert!(view.active.is_empty() && view.queued.is_empty());
    assert!(fleet.slots.out().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_killed_coordinator_leaves_no_slot_twice_and_no_server_behind() {
    let (fleet, mut ups) = Fleet::new(53, 3, 10 * SECOND);
    fleet.coordinate().await;
    let view = fleet.view().await;
    assert_eq!((view.active.len(), view.queued.len()), (3, 50));
    fleet.kill_coordinator().await;
    let view = fleet.view().await;
    assert_eq!((view.active.len(), view.queued.len()), (3, 50), "the new one knows them");
    let mut all = next(&mut ups, 53).await;
    assert_eq!(fleet.most.load(Ordering::SeqCst), 3, "never more, whoever granted them");
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 53);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coordinators_killed_at_any_moment_neither_exceed_the_cap_nor_lose_a_slot() {
    let minute = tokio::time::sleep(60 * SECOND);
    tokio::select! {
        () = kill_and_kill_again() => {}
        () = minute => panic!("not all came up"),
    }
}

async fn kill_and_kill_again() {
    let (fleet, mut ups) = Fleet::new(400, 3, Duration::from_millis(1));
    fleet.coordinate().await;
    let mut all = Vec::new();
    for _ in 0..40 {
        all.extend(next(&mut ups, 5).await);
        fleet.kill_coordinator().await;
    }
    all.extend(next(&mut ups, 200).await);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 400, "each once");
    assert!(fleet.most.load(Ordering::SeqCst) <= 3);
    assert!(fleet.slots.out().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_slot_comes_back_when_its_holder_crashes_or_cannot_be_reached() {
    let (fleet, mut ups) = Fleet::new(0, 1, SECOND);
    fleet.coordinate().await;
    let crash = Grantee::new(|slot| {
        tokio::spawn(async move {
            let _held = slot;
            tokio::time::sleep(SECOND).await;
            panic!("told to panic");
        });
    });
    fleet.address.tell(Message::Want(task("crashes"), crash));
    let (gone, _) = mpsc::unbounded_channel();
    let unreachable = Grantee::new(move |slot| {
        let _comes_back = gone.send(slot);
    });
    fleet.address.tell(Message::Want(task("unreachable"), unreachable));
    let up = fleet.up.clone();
    let well = Grantee::new(move |slot| {
        up.send(slot.task().server.as_str().to_owned()).expect("somebody listens");
    });
    fleet.address.tell(Message::Want(task("well"), well));
    assert_eq!(next(&mut ups, 1).await, ["well"]);
    assert!(fleet.view().await.active.is_empty(), "that one was only dropped, and is back too");
}

#[tokio::test(start_paused = true)]
async fn a_task_comes_at_its_time_also_when_the_server_asked_for_more() {
    let (fleet, mut ups) = Fleet::new(0, 3, SECOND);
    fleet.coordinate().await;
    let (begun, policy) = (Instant::now(), ReconnectionPolicy::default());
    let lost = |class, retry_after| {
        let mut schedule = Schedule::default();
        schedule.begin(begun);
        schedule.lost(class, retry_after, &policy, 0.5, begun)
    };
    let verdicts = [
        ("login", lost(CauseClass::NeedsLogin, None), 300),
        ("busy", lost(CauseClass::Busy, Some(42 * SECOND)), 42),
        ("refused", lost(CauseClass::Refused, None), 1),
    ];
    for (server, verdict, _) in verdicts {
        let parked = verdict.parked || verdict.login;
        let wish = Task { not_before: verdict.not_before, parked, ..task(server) };
        let up = fleet.up.clone();
        let grantee = Grantee::new(move |slot| {
            up.send(slot.task().server.as_str().to_owned()).expect("somebody listens");
        });
        fleet.address.tell(Message::Want(wish, grantee));
    }
    for (server, _, seconds) in verdicts.into_iter().rev() {
        assert_eq!(next(&mut ups, 1).await, [server]);
        assert_eq!(begun.elapsed().as_secs(), seconds, "{server}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_cap_holds_at_once_and_for_the_coordinators_to_come() {
    let (fleet, mut ups) = Fleet::new(20, 2, SECOND);
    fleet.coordinate().await;
    assert_eq!(fleet.view().await.active.len(), 2);
    fleet.address.tell(Message::SetMaxConcurrent(5));
    assert_eq!(fleet.view().await.active.len(), 5);
    fleet.kill_coordinator().await;
    next(&mut ups, 20).await;
    assert_eq!(fleet.most.load(Ordering::SeqCst), 5);
    assert_eq!(fleet.view().await.max_concurrent, 5);
}

#[tokio::test(start_paused = true)]
async fn who_withdraws_or_comes_up_otherwise_is_not_granted_a_slot() {
    let (fleet, mut ups) = Fleet::new(0, 1, SECOND);
    fleet.coordinate().await;
    let later = Instant::now() + SECOND;
    for server in ["withdrawn", "up", "down"] {
        let up = fleet.up.clone();
        let grantee = Grantee::new(move |slot| {
            up.send(slot.task().server.as_str().to_owned()).expect("somebody listens");
        });
        let wish = Task { not_before: later, ..task(server) };
        fleet.address.tell(Message::Want(wish, grantee));
    }
    fleet.address.tell(Message::Withdraw(name("withdrawn")));
    fleet.address.tell(Message::Up(name("up")));
    fleet.address.tell(Message::Down(name("down")));
    assert_eq!(next(&mut ups, 1).await, ["down"]);
    tokio::time::sleep(3600 * SECOND).await;
    assert!(ups.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn the_first_grants_wait_for_all_servers_but_not_for_one_that_never_speaks() {
    let (fleet, mut ups) = Fleet::new(2, 1, Duration::ZERO);
    let begun = Instant::now();
    fleet.coordinate_expecting(&["s0", "s1"]).await;
    next(&mut ups, 2).await;
    assert!(begun.elapsed() < SECOND / 2, "all spoke");
    let (fleet, mut ups) = Fleet::new(2, 1, Duration::ZERO);
    let begun = Instant::now();
    fleet.coordinate_expecting(&["s0", "s1", "silent"]).await;
    next(&mut ups, 2).await;
    assert_eq!(begun.elapsed().as_secs(), 1);
}
