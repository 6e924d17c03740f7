//! What holds whatever is said in whatever order.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const SERVERS: usize = 8;

/// What may be told to a queue.
#[derive(Debug, Clone)]
enum Op {
    Want { server: usize, urgency: usize, delay: u64, attempt: u32, parked: bool },
    Withdraw(usize),
    Up(usize),
    Down(usize),
    Release { any: usize, outcome: Outcome },
    Pass(u64),
    Resize(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let server = 0..SERVERS;
    let outcome = prop_oneof![Just(Outcome::Ready), Just(Outcome::Failed), Just(Outcome::Gone)];
    let wants = (server.clone(), 0..4_usize, 0..4_u64, 1..6_u32, any::<bool>());
    prop_oneof![
        5 => wants.prop_map(|(server, urgency, delay, attempt, parked)| {
            Op::Want { server, urgency, delay, attempt, parked }
        }),
        1 => server.clone().prop_map(Op::Withdraw),
        1 => server.clone().prop_map(Op::Up),
        1 => server.prop_map(Op::Down),
        3 => (any::<usize>(), outcome).prop_map(|(any, outcome)| Op::Release { any, outcome }),
        2 => (0..3_u64).prop_map(Op::Pass),
        1 => (0..5_usize).prop_map(Op::Resize),
    ]
}

fn server(number: usize) -> ServerName {
    name(&format!("s{number}"))
}

impl Fixture {
    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Want { server, urgency, delay, attempt, parked } => {
                let urgency = [Background, Lost, Boot, CallWaiting][urgency];
                let not_before = self.now + Duration::from_secs(delay);
                self.want_with(&format!("s{server}"), urgency, |task| {
                    (task.not_before, task.attempt, task.parked) = (not_before, attempt, parked);
                });
            }
            Op::Withdraw(number) => self.queue.withdraw(&server(number)),
            Op::Up(number) => self.queue.up(&server(number)),
            Op::Down(number) => self.queue.down(&server(number)),
            Op::Release { any, outcome } => {
                let mut active: Vec<_> = self.queue.active.keys().cloned().collect();
                active.sort();
                if !active.is_empty() {
                    self.release(active[any % active.len()].as_str(), outcome);
                }
            }
            Op::Pass(seconds) => self.now += Duration::from_secs(seconds),
            Op::Resize(count) => self.queue.set_max_concurrent(count),
        }
    }

    /// Grants what can be granted; checks what must hold at every moment.
    fn check(&mut self) {
        let before: HashSet<_> = self.queue.active.keys().cloned().collect();
        for grant in self.queue.grants(self.now) {
            assert!(!before.contains(&grant.task.server), "no second slot for {:?}", grant.task);
            assert!(grant.task.not_before <= self.now, "too early: {:?}", grant.task);
            assert!(self.queue.active.len() <= self.queue.max_concurrent);
            for needed in self.queue.depends_on.get(&grant.task.server).into_iter().flatten() {
                let up = self.queue.up.contains(needed);
                let active = self.queue.active.get(needed).map(|grant| &grant.task);
                let next = self.queue.wanted.get(needed).map(|wanted| &wanted.task);
                let doubtful = next.or(active).is_none_or(Task::is_doubtful);
                assert!(up || doubtful, "{needed} comes first");
            }
        }
        let (queue, view) = (&self.queue, self.queue.view(self.now));
        assert_eq!(view.queued.len(), queue.wanted.len());
        assert_eq!(queue.due.len() + queue.aside.len(), queue.wanted.len());
        let may = |queued: &Queued| {
            let name = &queued.task.server;
            queued.held_by.is_none() && !queue.active.contains_key(name)
        };
        let idle = queue.active.len() < queue.max_concurrent;
        let missed = view.queued.iter().find(|q| q.task.not_before <= self.now && may(q));
        assert!(!idle || missed.is_none(), "a slot is free and unused: {missed:?}");
        assert!(queue.next_due().is_none_or(|due| due > self.now), "it would be asked for ever");
    }
}

proptest! {
    #[test]
    fn whatever_is_said_the_cap_holds_no_slot_idles_and_everybody_gets_a_turn(
        edges in vec((0..SERVERS, 0..SERVERS), 0..10),
        ops in vec(op(), 0..60),
    ) {
        let mut q = fixture(3, &[]);
        for (one, other) in edges {
            if one != other {
                let (dependent, needed) = (server(one.max(other)), server(one.min(other)));
                q.queue.depends_on.entry(dependent).or_default().push(needed);
            }
        }
        for op in ops {
            q.apply(&op);
            q.check();
        }
        for _ in 0..2 * SERVERS {
            q.now += 10 * SECOND;
            q.check();
            let active: Vec<_> = q.queue.active.keys().cloned().collect();
            for name in active {
 q.release(name.as_str(), Outcome::Ready);
}
        }
        prop_assert!(q.queue.wanted.is_empty(), "{:?}", q.queue.view(q.now));
    }
}
