//! What can be seen of a request.

use super::*;
use crate::bridge::ParamHeaders;
use crate::catalog::Capabilities;
use crate::observation::Unobserved;
use crate::otp::Address;
use crate::server::Gate;

fn begin(method: &str) -> Watched {
    let observer: Arc<dyn Observer> = Arc::new(Unobserved);
    let origin = Origin { face: "http", session: "s".into(), revision: None, client: None };
    Watched::begin(&observer, origin, &RawId::from(7), method, 1, None)
}

fn route(own: &str) -> Route {
    Route {
        server: ServerName::new("files"),
        address: Address::new(),
        gate: Gate::new(8),
        capabilities: Capabilities::default(),
        own: own.into(),
        headers: ParamHeaders::default(),
    }
}

#[tokio::test]
async fn a_uri_is_shown_without_what_may_hold_secrets() {
    for (method, own, shown) in [
        ("resources/read", "db://a/b?token=hunter2#x", "db://a/b"),
        ("resources/subscribe", "db://a#hunter2", "db://a"),
        ("completion/complete", "db://a/{b}?c={d}", "db://a/{b}"),
        ("tools/call", "what?", "what?"),
    ] {
        let request = begin(method);
        request.routed(&route(own));
        let there = request.observed().destination().expect("it was routed");
        assert_eq!((there.server.as_str(), there.own.as_deref()), ("files", Some(shown)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_try_leaves_nothing_of_the_first_but_the_wait_it_still_is_in() {
    let request = begin("tools/call");
    let seen = Arc::clone(request.observed());
    let second = Duration::from_secs(1);
    request.routed(&route("t"));
    request.waits();
    tokio::time::advance(second).await;
    request.queues();
    request.sent();
    tokio::time::advance(second).await;
    request.again();
    assert_eq!((seen.phase(), seen.destination()), (Phase::Routing, None));
    request.waits();
    tokio::time::advance(second).await;
    request.waits(); // routed once more while it waits
    tokio::time::advance(second).await;
    request.queues();
    assert_eq!((seen.starting(), seen.queued()), (2 * second, Duration::ZERO));
    tokio::time::advance(second).await;
    request.waits();
    assert_eq!((seen.phase(), seen.starting()), (Phase::Starting, Duration::ZERO));
}

#[tokio::test]
async fn of_a_long_id_the_beginning_is_kept() {
    let observer: Arc<dyn Observer> = Arc::new(Unobserved);
    let origin = Origin { face: "http", session: "s".into(), revision: None, client: None };
    let id = RawId::new(format!("\"{}\"", "x".repeat(1 << 20)).into()).expect("an id");
    let request = Watched::begin(&observer, origin, &id, "ping", 1, None);
    assert_eq!(request.observed().id.as_bytes().len(), LONGEST_ID);
}
