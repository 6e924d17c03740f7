//! What the ledger promises, told to it as the runtime tells it.

use super::*;
use crate::telemetry::Hub;
use bytes::Bytes;
use mcpvisor_actors::catalog::{Capabilities, Route};
use mcpvisor_actors::observation::{Observer, Origin, Outcome, Watched};
use mcpvisor_actors::otp::Address;
use mcpvisor_actors::server::{Gate, ServerName};
use mcpvisor_actors::wire::RawId;
use std::time::Duration;
use tokio::time::advance;

/// A ledger, and a hub that tells it.
struct Told {
    ledger: Arc<Ledger>,
    hub: Arc<Hub>,
}

impl Told {
    fn new() -> Self {
        let ledger = Arc::new(Ledger::new());
        let sinks: Vec<Arc<dyn Sink>> = vec![Arc::clone(&ledger) as Arc<dyn Sink>];
        Self { ledger, hub: Arc::new(Hub::new(sinks)) }
    }

    fn begin(&self, name: &str) -> Watched {
        let client = Bytes::from_static(br#"{"name":"test","version":"1"}"#);
        let origin = Origin {
            face: "http",
            session: "s-1".into(),
            revision: Some("2025-11-25"),
            client: Some(client),
        };
        let observer = Arc::clone(&self.hub) as Arc<dyn Observer>;
        let watched = Watched::begin(&observer, origin, &RawId::from(7), "tools/call", 100, None);
        watched.names(name);
        watched
    }

    fn call(&self, server: &str, own: &str, outcome: Outcome) {
        let watched = self.begin(&format!("{server}.{own}"));
        watched.routed(&route(server, own));
        watched.sent();
        watched.over(outcome, 10);
    }

    fn calls(&self, query: &Query) -> Vec<Call> {
        self.hub.settle();
        self.ledger.calls(query)
    }
}

fn route(server: &str, own: &str) -> Arc<Route> {
    Arc::new(Route {
        server: ServerName::new(server),
        address: Address::new(),
        gate: Gate::new(8),
        capabilities: Capabilities::default(),
        own: own.into(),
        headers: mcpvisor_actors::bridge::ParamHeaders::default(),
    })
}

fn failed() -> Outcome {
    Outcome::Failed { reason: "timeout", sent: true, text: "it took too long".into() }
}

fn live(live: bool) -> Query {
    Query { live: Some(live), ..Query::default() }
}

#[tokio::test(start_paused = true)]
async fn a_running_request_is_shown_in_each_of_its_phases_and_forgotten_when_over() {
    let told = Told::new();
    let phase = || told.calls(&live(true)).first().map(|call| call.phase.clone());
    let request = told.begin("s.t");
    assert_eq!(phase().as_deref(), Some("routing"));
    request.routed(&route("s", "t"));
    request.waits();
    assert_eq!(phase().as_deref(), Some("starting"));
    advance(Duration::from_millis(30)).await;
    request.queues();
    assert_eq!(phase().as_deref(), Some("queued"));
    advance(Duration::from_millis(5)).await;
    request.sent();
    let number = request.observed().number;
    let call = told.ledger.call(number).unwrap();
    assert_eq!(call.phase, "downstream");
    assert_eq!((call.waits_at_ms, call.queued_at_ms), (Some(0.0), Some(30.0)));
    assert_eq!((call.starting_ms, call.queued_ms, call.downstream_ms), (30.0, 5.0, Some(0.0)));
    assert_eq!(told.ledger.running(), 1);
    advance(Duration::from_millis(100)).await;
    request.over(Outcome::Ok, 42);
    assert!(told.calls(&live(true)).is_empty());
    assert_eq!(told.ledger.running(), 0);
    let call = told.ledger.call(number).unwrap();
    assert_eq!((call.phase.as_str(), call.took_ms, call.answer_bytes), ("over", 135.0, 42));
    assert_eq!((call.server.as_deref(), call.tool.as_deref()), (Some("s"), Some("t")));
    assert_eq!(call.client.unwrap().name, "test");
    assert_eq!(call.outcome.unwrap().kind, "ok");
    assert_eq!((call.id, call.session.as_deref()), (7.into(), Some("s-1")));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_good_ones_pushes_out_neither_what_failed_nor_what_was_slow() {
    let told = Told::new();
    told.call("s", "bad", failed());
    let slow = told.begin("s.slow");
    advance(Duration::from_millis(50)).await;
    slow.over(Outcome::Ok, 1);
    for _ in 0..5_000 {
        told.call("s", "good", Outcome::Ok);
    }
    let all = told.calls(&Query::default());
    assert!((1_001..=1_400).contains(&all.len()), "{}", all.len());
    assert!(all.windows(2).all(|pair| pair[0].number > pair[1].number), "newest first, each once");
    let bad = told.calls(&Query { outcome: Some("failed".into()), ..Query::default() });
    let outcome = bad[0].outcome.clone().unwrap();
    assert_eq!(
        (bad.len(), outcome.reason.as_deref(), outcome.sent),
        (1, Some("timeout"), Some(true))
    );
    let than = Some(Duration::from_millis(45));
    let slow = told.calls(&Query { slower_than: than, ..Query::default() });
    assert!(slow.iter().any(|call| call.name.as_deref() == Some("s.slow")), "{slow:?}");
    assert_eq!(told.ledger.tool("s", "good").unwrap().calls, 5_000);
    assert_eq!(told.ledger.tool("s", "bad").unwrap().errors, 1);
}

#[tokio::test(start_paused = true)]
async fn each_tool_has_exact_counts_and_percentiles_of_its_own() {
    let told = Told::new();
    for millis in 1..=100 {
        let request = told.begin("s.t");
        request.routed(&route("s", "t"));
        advance(Duration::from_millis(50)).await;
        request.sent();
        advance(Duration::from_millis(millis)).await;
        let outcome = match millis {
            10 => Outcome::ToolError,
            20 => Outcome::Error { code: -32602 },
            30 => failed(),
            40 => Outcome::Cancelled,
            _ => Outcome::Ok,
        };
        request.over(outcome, 1);
    }
    told.call("other", "t", Outcome::Ok);
    drop(told.begin("never routed"));
    told.hub.settle();
    let figures = told.ledger.tool("s", "t").unwrap();
    assert_eq!((figures.calls, figures.errors, figures.cancelled), (100, 3, 1));
    let near = |found: f64, expected: f64| (found - expected).abs() <= expected * 0.02;
    let of = figures.downstream.unwrap();
    assert!(near(of.p50_ms, 51.0) && near(of.p95_ms, 95.0) && near(of.p99_ms, 99.0), "{of:?}");
    let whole = figures.whole.unwrap();
    assert!(near(whole.p50_ms, 101.0) && near(whole.p99_ms, 149.0), "{whole:?}");
    assert!(figures.last_at_ms.is_some());
    assert_eq!(told.ledger.tool("other", "t").unwrap().calls, 1);
    assert_eq!((told.ledger.tools(), told.ledger.tool("s", "other")), (2, None));
}

#[tokio::test]
async fn tools_beyond_the_cap_are_counted_together() {
    let told = Told::new();
    for n in 0..2_100 {
        told.call("s", &format!("t{n}"), Outcome::Ok);
    }
    told.hub.settle();
    assert_eq!(told.ledger.tools(), 2_001);
    assert_eq!(told.ledger.tool(OTHER, OTHER).unwrap().calls, 100);
    told.call("s", "t5", Outcome::Ok);
    told.hub.settle();
    assert_eq!(told.ledger.tool("s", "t5").unwrap().calls, 2, "who has a place keeps it");
}

#[tokio::test]
async fn what_is_kept_of_a_request_is_small_whatever_it_names() {
    let told = Told::new();
    let request = told.begin(&"n".repeat(1 << 20));
    request.routed(&route("s", &"o".repeat(1 << 20)));
    let text = "x".repeat(1 << 20).into();
    request.over(Outcome::Failed { reason: "down", sent: false, text }, 1);
    let calls = told.calls(&Query::default());
    assert!(serde_json::to_string(&calls[0]).unwrap().len() < 3_000);
    assert_eq!(calls[0].name.as_ref().unwrap().chars().count(), 200);
}

#[tokio::test]
async fn requests_are_chosen_by_each_of_the_queries_keys() {
    let told = Told::new();
    told.call("a", "one", Outcome::Ok);
    told.call("a", "two", Outcome::ToolError);
    told.call("b", "one", Outcome::Ok);
    let _runs = told.begin("c.one");
    let some = |text: &str| Some(text.to_owned());
    let any = Query::default;
    for (query, expected) in [
        (any(), 4),
        (Query { limit: 2, ..any() }, 2),
        (Query { server: some("a"), ..any() }, 2),
        (Query { method: some("tools/call"), ..any() }, 4),
        (Query { method: some("tools/list"), ..any() }, 0),
        (Query { name: some("a.two"), ..any() }, 1),
        (Query { name: some("one"), ..any() }, 2),
        (Query { outcome: some("tool_error"), ..any() }, 1),
        (Query { slower_than: Some(Duration::from_secs(60)), ..any() }, 0),
        (live(true), 1),
        (live(false), 3),
    ] {
        assert_eq!(told.calls(&query).len(), expected, "{query:?}");
    }
    assert!(told.ledger.call(u64::MAX).is_none());
}

#[tokio::test]
async fn of_requests_that_run_a_bounded_number_is_known() {
    let told = Told::new();
    let running: Vec<Watched> = (0..RUNNING + 100).map(|_| told.begin("s.t")).collect();
    assert_eq!(told.ledger.running(), RUNNING);
    drop(running);
    told.hub.settle();
    assert_eq!((told.ledger.running(), told.ledger.running.len()), (0, 0));
}
