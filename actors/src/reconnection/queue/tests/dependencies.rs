//! Who waits for whom.

use super::*;

#[test]
fn dependents_come_after_those_they_depend_on_directly_or_not() {
    let mut q = fixture(3, &[("app", &["api", "cache"]), ("api", &["db"])]);
    for server in ["app", "api", "other", "cache"] {
        q.want_with(server, Boot, |task| task.priority = 100);
    }
    q.want("db", Boot);
    assert_eq!(q.granted(), "other cache db");
    q.release("other", Outcome::Ready);
    q.release("cache", Outcome::Ready);
    assert_eq!(q.granted(), "", "api waits for db, app for api");
    q.release("db", Outcome::Ready);
    assert_eq!(q.granted(), "api");
    q.want_with("api", Lost, |task| task.attempt = 2); // asks again before its slot is back
    q.release("api", Outcome::Failed);
    assert_eq!(q.granted(), "api", "app goes on waiting");
    q.release("api", Outcome::Ready);
    assert_eq!(q.granted(), "app");
}

#[test]
fn a_dependency_inherits_the_urgency_of_those_that_wait_for_it() {
    let mut q = fixture(1, &[("app", &["api"]), ("api", &["db"])]);
    q.want("other", Boot);
    for server in ["app", "api", "db"] {
        q.want(server, Background);
    }
    q.want("app", CallWaiting);
    let view = q.queue.view(q.now);
    assert!(view.queued.iter().filter(|queued| queued.urgency == CallWaiting).count() == 3);
    assert_eq!(q.drained(), "db api app other");
    for server in ["app", "api"] {
        q.want(server, Lost);
    }
    q.want("other", Boot);
    q.want("app", CallWaiting);
    q.queue.withdraw(&name("app"));
    assert_eq!(q.drained(), "other api", "nobody waits for it any more");
}

#[test]
fn nobody_waits_for_a_server_that_is_idle_parked_or_fails_again_and_again() {
    let needs: &[(&str, &[&str])] = &[("app", &["db"])];
    for urgency in [Lost, Boot, CallWaiting] {
        let mut q = fixture(3, needs);
        q.queue.down(&name("db"));
        q.want("app", urgency);
        assert_eq!(q.granted(), "app", "idle on purpose, {urgency:?}");
    }
    let mut q = fixture(3, needs);
    let (soon, late) = (q.now + SECOND, q.now + 300 * SECOND);
    q.want("app", CallWaiting);
    q.want_with("db", Lost, |task| (task.not_before, task.attempt) = (soon, 3));
    assert_eq!(q.granted(), "", "there is hope yet");
    q.want_with("db", Lost, |task| (task.not_before, task.attempt) = (soon, 4));
    assert_eq!(q.granted(), "app", "three attempts failed");
    let mut q = fixture(3, needs);
    q.want_with("db", Lost, |task| (task.not_before, task.parked) = (late, true));
    q.want("app", Lost);
    assert_eq!(q.granted(), "app", "parked");
    let mut q = fixture(3, needs);
    q.want("db", Lost);
    q.want("app", Lost);
    assert_eq!(q.granted(), "db");
    q.release("db", Outcome::Gone);
    assert_eq!(q.granted(), "app", "whoever would have connected it is gone");
}

#[test]
fn a_server_that_is_up_holds_nobody_even_when_it_is_to_be_connected_anew() {
    let mut q = fixture(3, &[("app", &["db"])]);
    q.queue.up(&name("db"));
    let later = q.now + SECOND;
    q.want_with("db", Background, |task| task.not_before = later);
    q.want("app", Lost);
    assert_eq!(q.granted(), "app");
    q.release("app", Outcome::Failed);
    q.want_with("db", Lost, |task| task.not_before = later);
    q.want("app", Lost);
    assert_eq!(q.granted(), "", "lost, it is not up");
    assert_eq!(q.queue.view(q.now).queued[0].held_by, Some(name("db")));
}
