//! Order, cap, time and fairness of the queue.

mod dependencies;
mod promises;

use super::*;
use crate::reconnection::CauseClass;
use Urgency::{Background, Boot, CallWaiting, Lost};

const SECOND: Duration = Duration::from_secs(1);

fn name(name: &str) -> ServerName {
    ServerName::new(name)
}

/// A queue under test at a time of its own.
struct Fixture {
    queue: Queue,
    now: Instant,
}

fn fixture(max_concurrent: usize, depends_on: &[(&str, &[&str])]) -> Fixture {
    let now = Instant::now();
    let names = |list: &[&str]| list.iter().copied().map(name).collect();
    let depends_on = depends_on.iter().map(|(own, needed)| (name(own), names(needed))).collect();
    Fixture { queue: Queue::new([], depends_on, max_concurrent, now), now }
}

impl Fixture {
    fn task(&self, server: &str, urgency: Urgency) -> Task {
        let reason = (urgency != Boot).then_some(CauseClass::Refused);
        let (server, not_before) = (name(server), self.now);
        let (priority, score) = (50, 100);
        Task { server, urgency, priority, score, not_before, attempt: 1, parked: false, reason }
    }

    fn want(&mut self, server: &str, urgency: Urgency) {
        self.queue.want(self.task(server, urgency));
    }

    fn want_with(&mut self, server: &str, urgency: Urgency, change: impl FnOnce(&mut Task)) {
        let mut task = self.task(server, urgency);
        change(&mut task);
        self.queue.want(task);
    }

    /// Who is granted a slot now, in order.
    fn granted(&mut self) -> String {
        let grants = self.queue.grants(self.now);
        let active = self.queue.active.len();
        assert!(active <= self.queue.max_concurrent, "{active} active");
        grants.iter().map(|grant| grant.task.server.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn release(&mut self, server: &str, outcome: Outcome) {
        let number = self.queue.active[&name(server)].number;
        assert!(self.queue.release(&name(server), number, outcome));
    }

    /// All who are granted a slot, in order, when each is ready at once.
    fn drained(&mut self) -> String {
        let mut order = Vec::new();
        loop {
            let granted = self.granted();
            order.extend(granted.split_whitespace().map(str::to_owned));
            let active: Vec<_> = self.queue.active.keys().cloned().collect();
            if active.is_empty() {
                return order.join(" ");
            }
            for name in active {
                self.release(name.as_str(), Outcome::Ready);
            }
        }
    }
}

#[test]
fn the_order_is_urgency_then_priority_then_score_then_the_time_of_asking() {
    let mut q = fixture(1, &[]);
    q.want_with("lazybones", Background, |task| task.priority = 100);
    q.want("lost-1", Lost);
    q.want("lost-2", Lost);
    q.want_with("lost-poor", Lost, |task| task.score = 10);
    q.want_with("lost-important", Lost, |task| (task.priority, task.score) = (90, 0));
    q.want("boot", Boot);
    q.want_with("called", CallWaiting, |task| task.priority = 0);
    assert_eq!(q.drained(), "called boot lost-important lost-1 lost-2 lost-poor lazybones");
}

#[test]
fn two_hundred_servers_that_drop_at_once_come_back_a_few_at_a_time_in_order() {
    let mut q = fixture(3, &[]);
    let mut expected = Vec::new();
    for number in 0..200_u8 {
        let urgency = [Background, Lost, Boot, CallWaiting][usize::from(number % 4)];
        let (server, priority) = (format!("s{number}"), (number / 4) % 5);
        q.want_with(&server, urgency, |task| task.priority = priority);
        expected.push((Reverse(urgency), Reverse(priority), number, server));
    }
    expected.sort();
    let expected: Vec<_> = expected.into_iter().map(|(.., server)| server).collect();
    assert_eq!(q.drained().split(' ').collect::<Vec<_>>(), expected);
    assert_eq!(q.queue.next_due(), None);
}

#[test]
fn only_as_many_are_granted_as_slots_are_free_and_that_can_change_meanwhile() {
    let mut q = fixture(2, &[]);
    for server in ["a", "b", "c", "d", "e", "f"] {
        q.want(server, Lost);
    }
    assert_eq!(q.granted(), "a b");
    assert_eq!(q.granted(), "");
    q.release("a", Outcome::Failed);
    assert_eq!(q.granted(), "c");
    q.queue.set_max_concurrent(3);
    assert_eq!(q.granted(), "d");
    q.queue.set_max_concurrent(0);
    for server in ["b", "c"] {
        q.release(server, Outcome::Ready);
        assert!(q.queue.grants(q.now).is_empty(), "more are out than allowed now");
    }
    q.release("d", Outcome::Gone);
    assert_eq!(q.granted(), "e", "one slot there always is");
}

#[test]
fn a_task_that_is_not_due_takes_no_slot_and_comes_at_its_time() {
    let mut q = fixture(1, &[]);
    let (soon, late) = (q.now + 2 * SECOND, q.now + 300 * SECOND);
    q.want_with("parked", CallWaiting, |task| (task.not_before, task.parked) = (late, true));
    q.want_with("soon", Boot, |task| task.not_before = soon);
    q.want("now", Background);
    assert_eq!(q.granted(), "now");
    q.release("now", Outcome::Ready);
    assert_eq!((q.granted().as_str(), q.queue.next_due()), ("", Some(soon)));
    q.now = soon;
    assert_eq!((q.granted().as_str(), q.queue.next_due()), ("soon", Some(late)));
    q.now = late;
    assert_eq!((q.granted().as_str(), q.queue.next_due()), ("", None), "due, but no slot");
    q.release("soon", Outcome::Failed);
    assert_eq!(q.granted(), "parked");
}

#[test]
fn asked_again_a_task_is_replaced_but_keeps_its_place() {
    let mut q = fixture(1, &[]);
    q.want("a", Lost);
    q.want("b", Lost);
    q.want_with("a", Background, |task| task.attempt = 2);
    let queued = q.queue.view(q.now).queued;
    assert_eq!((queued.len(), queued[0].task.attempt, queued[0].urgency), (2, 2, Background));
    q.want("a", Lost);
    q.want("c", Lost);
    q.want("c", CallWaiting);
    q.want("c", Lost);
    assert_eq!(q.drained(), "a b c", "when no call waits any more, it does not");
    let later = q.now + SECOND;
    q.want("a", Lost);
    q.want_with("a", Lost, |task| task.not_before = later);
    assert_eq!((q.granted().as_str(), q.queue.next_due()), ("", Some(later)));
    q.want("a", CallWaiting);
    assert_eq!(q.granted(), "a", "and it can become due earlier");
}

#[test]
fn a_server_has_one_slot_at_most_and_a_late_return_frees_none() {
    let mut q = fixture(3, &[]);
    q.want("a", Lost);
    let first = q.queue.grants(q.now).remove(0).number;
    q.want("a", CallWaiting);
    assert_eq!(q.granted(), "", "its last slot is still out");
    assert!(q.queue.release(&name("a"), first, Outcome::Gone));
    assert_eq!(q.granted(), "a");
    assert!(!q.queue.release(&name("a"), first, Outcome::Ready), "that one is long back");
    assert!(!q.queue.release(&name("nobody"), first, Outcome::Ready));
    assert_eq!(q.queue.view(q.now).active.len(), 1);
    q.want("a", Lost);
    q.release("a", Outcome::Ready);
    assert_eq!(q.granted(), "", "what it asked for before it was ready is settled");
}

#[test]
fn who_withdraws_or_is_up_is_not_granted_anything() {
    let mut q = fixture(3, &[]);
    let later = q.now + SECOND;
    for server in ["a", "b", "c"] {
        q.want(server, Boot);
        q.want_with(&format!("{server}-later"), Boot, |task| task.not_before = later);
    }
    q.queue.withdraw(&name("a"));
    q.queue.withdraw(&name("a-later"));
    q.queue.up(&name("b"));
    q.queue.up(&name("b-later"));
    assert_eq!(q.granted(), "c");
    q.now = later;
    assert_eq!(q.granted(), "c-later");
    assert!(q.queue.wanted.is_empty());
}

#[test]
fn a_new_queue_waits_until_all_were_heard_of_but_not_for_long() {
    let now = Instant::now();
    let names = ["a", "b", "c", "d", "e"].map(name);
    let new = || Fixture { queue: Queue::new(names.clone(), DependsOn::new(), 1, now), now };
    let mut q = new();
    q.want("a", Boot);
    q.want_with("b", Boot, |task| task.priority = 90);
    q.queue.up(&name("c"));
    q.queue.down(&name("d"));
    assert_eq!((q.granted().as_str(), q.queue.next_due()), ("", Some(now + SETTLE)));
    q.queue.withdraw(&name("e"));
    assert_eq!(q.drained(), "b a", "not who asked first, but who is important");
    let mut q = new();
    q.want("a", Boot);
    assert_eq!(q.granted(), "");
    q.now = now + SETTLE;
    assert_eq!((q.granted().as_str(), q.queue.next_due()), ("a", None), "the others are late");
}

#[test]
fn what_an_earlier_queue_granted_counts() {
    let mut q = fixture(3, &[("app", &["db"])]);
    q.want("db", Lost);
    let grant = q.queue.grants(q.now).remove(0);
    let number = grant.number;
    let mut q = fixture(1, &[("app", &["db"])]);
    q.queue.adopt(grant);
    q.want("app", CallWaiting);
    q.want("other", Lost);
    assert_eq!(q.granted(), "", "no slot is free");
    q.queue.set_max_concurrent(2);
    assert_eq!(q.granted(), "other", "and app waits for db");
    assert!(q.queue.release(&name("db"), number, Outcome::Ready));
    assert_eq!(q.granted(), "app");
}

#[test]
fn calls_for_servers_that_hang_again_and_again_do_not_keep_the_others_out() {
    let mut q = fixture(3, &[]);
    for round in 0..20_u32 {
        for server in ["h1", "h2", "h3", "h4", "h5"] {
            if !q.queue.active.contains_key(&name(server)) {
                q.want_with(server, CallWaiting, |task| task.attempt = 4 + round);
            }
        }
        q.want(&format!("lost-{round}"), Lost);
        let granted = q.granted();
        assert!(granted.contains(&format!("lost-{round}")), "round {round}: {granted}");
        q.release(&format!("lost-{round}"), Outcome::Ready);
        let one = q.queue.active.keys().next().cloned().expect("calls are tried too");
        q.release(one.as_str(), Outcome::Failed);
    }
    assert_eq!(q.granted().split(' ').count(), 2, "without others they have all slots");
}

#[test]
fn the_view_shows_who_connects_who_is_next_and_who_waits_for_whom() {
    let mut q = fixture(1, &[("app", &["db"])]);
    let later = q.now + SECOND;
    q.want("x", Lost);
    assert_eq!(q.granted(), "x");
    q.want_with("later", CallWaiting, |task| task.not_before = later);
    q.want("app", Lost);
    q.want("db", Lost);
    q.want("first", Boot);
    q.granted();
    let view = q.queue.view(q.now);
    let shown = |queued: &Queued| format!("{} {:?}", queued.task.server, queued.held_by);
    let queued: Vec<_> = view.queued.iter().map(shown).collect();
    assert_eq!(queued, ["first None", "app Some(db)", "db None", "later None"]);
    assert_eq!((view.max_concurrent, view.active.len()), (1, 1));
    assert_eq!(view.active[0].task.server, name("x"));
}
