//! Two hundred servers at once: who connects when, and never more than three at a time.

use crate::memory::{Memory, Shakes};
use crate::tree::{LATE, MIN, S, Tree, until};
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::server::{Loss, ServerName, ServerSpec};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);
const COUNT: usize = 200;
/// Connecting, initialize and tools/list take a third each.
const SHAKE: Duration = Duration::from_millis(300);

/// Servers that are counted together, and how they are configured.
struct Crowd {
    shakes: Shakes,
    servers: Vec<Memory>,
    specs: Vec<ServerSpec>,
}

impl Crowd {
    fn new() -> Self {
        let shakes = Shakes::default();
        let server = |n| Memory::among(&format!("s{n:03}"), &shakes);
        let servers: Vec<Memory> = (0..COUNT).map(server).collect();
        for server in &servers {
            server.set(|script| {
                script.connect_takes = SHAKE / 3;
                script.latency = SHAKE / 3;
            });
        }
        let specs = servers.iter().map(Memory::spec).collect();
        Self { shakes, servers, specs }
    }

    async fn start(&self) -> Tree {
        Tree::with(self.specs.clone()).await
    }

    async fn all_ready(&self, tree: &Tree) {
        let ready = || self.servers.iter().all(|server| tree.state(server) == State::Ready);
        until("all are ready", ready).await;
    }

    /// All lose their connection at the same moment.
    fn drop_all(&self) {
        self.servers.iter().for_each(|server| server.cut(Loss::StreamEnded));
    }
}

/// Everybody once, never closer than the slots allow: the whole takes what it must and no more.
fn in_time(begun: &[(Instant, String)], since: Instant) {
    let took = begun.last().unwrap().0 + SHAKE - since;
    let least = SHAKE * u32::try_from(COUNT.div_ceil(3)).unwrap();
    assert!((least..=least + S + 200 * LATE).contains(&took), "{took:?}, at least {least:?}");
}

#[tokio::test(start_paused = true)]
async fn at_boot_three_connect_at_a_time_and_the_one_a_call_waits_for_comes_first() {
    let crowd = Crowd::new();
    let start = Instant::now();
    let tree = crowd.start().await;
    let client = tree.client().await;
    let last = crowd.servers.last().unwrap();
    let answer = client.call(last, "k").await;
    assert_eq!(answer.word(), "ok", "{:?}", answer.reply);
    assert!(answer.took < 2 * S + 3 * SHAKE, "{:?}", answer.took);
    crowd.all_ready(&tree).await;
    assert_eq!(crowd.shakes.most(), 3);
    let begun = crowd.shakes.begun();
    assert_eq!(begun.len(), COUNT, "each once");
    in_time(&begun, start);
    assert_eq!(client.tools().await.len(), COUNT);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_with_connecting_until_the_tools_of_others_are_published() {
    let crowd = Crowd::new();
    let shake = 3 * MS;
    for server in &crowd.servers {
        server.set(|script| (script.connect_takes, script.latency) = (MS, MS));
    }
    let start = Instant::now();
    let tree = crowd.start().await;
    crowd.all_ready(&tree).await;
    // what was learnt together is published together; three at a time would wait 20 ms each
    let turns = u32::try_from(COUNT.div_ceil(3)).unwrap();
    let begun = crowd.shakes.begun().last().unwrap().0 - start;
    assert!(begun < turns * (shake + 9 * MS), "{begun:?} for {turns} turns");
    assert_eq!(crowd.shakes.most(), 3);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_drop_of_all_three_connect_at_a_time_and_those_calls_wait_for_come_first() {
    let crowd = Crowd::new();
    let tree = crowd.start().await;
    let client = tree.client().await;
    crowd.all_ready(&tree).await;
    for _ in 0..3 {
        sleep(MIN).await;
        crowd.shakes.begun();
        let dropped = Instant::now();
        crowd.drop_all();
        let awaited = [30, 99, 150, 199].map(|n| &crowd.servers[n]);
        sleep(MS).await;
        let calls = awaited.map(|server| client.calls(server, "k"));
        for call in calls {
            let answer = call.await.unwrap();
            assert_eq!(answer.word(), "ok", "{:?}", answer.reply);
            assert!(answer.took <= 4 * SHAKE, "{:?}", answer.took);
        }
        crowd.all_ready(&tree).await;
        let begun = crowd.shakes.begun();
        assert_eq!((begun.len(), crowd.shakes.most()), (COUNT, 3));
        for server in awaited {
            let place = begun.iter().position(|(_, name)| name == server.name()).unwrap();
            assert!(place < 3 + awaited.len(), "{} was number {place}", server.name());
        }
        in_time(&begun, dropped);
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_important_come_before_the_others() {
    let mut crowd = Crowd::new();
    for (n, spec) in crowd.specs.iter_mut().enumerate() {
        spec.priority = u8::try_from(n % 10 * 10).unwrap();
    }
    let tree = crowd.start().await;
    crowd.all_ready(&tree).await;
    let priority = |name: &str| name[1..].parse::<usize>().unwrap() % 10;
    let falls = |begun: &[(Instant, String)]| {
        begun.windows(2).all(|two| priority(&two[0].1) >= priority(&two[1].1))
    };
    let begun = crowd.shakes.begun();
    assert!(falls(&begun), "at boot, from the very first: {begun:?}");

    sleep(MIN).await;
    crowd.drop_all();
    sleep(MS).await;
    crowd.all_ready(&tree).await;
    let begun = crowd.shakes.begun();
    assert!(falls(&begun[3..]), "after the three that asked first");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn dependents_come_after_what_they_depend_on() {
    let mut crowd = Crowd::new();
    // every server depends on the one twenty names after it, so that it asks before it
    for n in 0..COUNT - 20 {
        crowd.specs[n].depends_on = vec![ServerName::new(&format!("s{:03}", n + 20))];
    }
    let tree = crowd.start().await;
    let check = |crowd: &Crowd, what: &str| {
        let begun = crowd.shakes.begun();
        assert_eq!((begun.len(), crowd.shakes.most()), (COUNT, 3), "{what}");
        let at: HashMap<_, _> = begun.into_iter().map(|(at, name)| (name, at)).collect();
        for n in 0..COUNT - 20 {
            let (own, needed) = (at[&format!("s{n:03}")], at[&format!("s{:03}", n + 20)]);
            assert!(own >= needed + SHAKE, "{what}: s{n:03} did not wait");
        }
    };
    crowd.all_ready(&tree).await;
    check(&crowd, "at boot");
    for _ in 0..3 {
        sleep(MIN).await;
        crowd.drop_all();
        sleep(MS).await;
        crowd.all_ready(&tree).await;
        check(&crowd, "after a drop");
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever_for_a_dependency_that_does_not_come_up() {
    let (needed, dependent) = (Memory::new("needed"), Memory::new("dependent"));
    needed.set(|script| script.refuse = Some(crate::tree::refused()));
    let mut spec = dependent.spec();
    spec.depends_on = vec![ServerName::new("needed")];
    let tree = Tree::with(vec![needed.spec(), spec]).await;
    let up = tree.is(&dependent, State::Ready).await;
    assert!(needed.connects()[0] < up);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn servers_that_are_slow_to_start_do_not_keep_the_others_out() {
    let crowd = Crowd::new();
    for server in &crowd.servers[..50] {
        server.set(|script| script.connect_takes = 25 * S);
    }
    let tree = crowd.start().await;
    let quick = || crowd.servers[50..].iter().all(|server| tree.state(server) == State::Ready);
    let start = Instant::now();
    until("the quick ones are ready", quick).await;
    // each slow one keeps a slot for five seconds
    assert!(start.elapsed() < 5 * S * 50 / 3 + SHAKE * 50 + 10 * S, "{:?}", start.elapsed());
    crowd.all_ready(&tree).await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crowd_that_is_down_for_ten_minutes_is_back_within_its_delays() {
    let crowd = Crowd::new();
    let tree = crowd.start().await;
    crowd.all_ready(&tree).await;
    sleep(MIN).await;
    for server in &crowd.servers {
        server.set(|script| script.refuse = Some(crate::tree::refused()));
    }
    crowd.drop_all();
    sleep(10 * MIN).await;
    assert_eq!(crowd.shakes.most(), 3);
    for server in &crowd.servers {
        server.set(|script| script.refuse = None);
    }
    let well = Instant::now();
    crowd.all_ready(&tree).await;
    assert!(well.elapsed() <= 30 * S + SHAKE * 70 + S, "{:?}", well.elapsed());
    assert_eq!(crowd.shakes.most(), 3);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn how_many_connect_at_a_time_may_be_changed_at_any_moment() {
    let crowd = Crowd::new();
    let tree = crowd.start().await;
    crowd.all_ready(&tree).await;
    for count in [1, 10] {
        sleep(MIN).await;
        tree.fleet().set_max_concurrent_reconnections(count);
        crowd.shakes.anew();
        crowd.drop_all();
        sleep(MS).await;
        let view = tree.fleet().reconnections().await.expect("a view");
        assert_eq!((view.max_concurrent, view.active.len()), (count, count));
        assert_eq!(view.queued.len(), COUNT - count);
        crowd.all_ready(&tree).await;
        assert_eq!(crowd.shakes.most(), count);
    }
    tree.stop().await;
}
