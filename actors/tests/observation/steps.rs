//! Where a request is, and what servers say meanwhile.

use crate::client::{Client, Stateless, able, modern};
use crate::witness::{Witness, until};
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::observation::{Outcome, Phase};
use mcpvisor_actors::server::{Order, Sharing};
use mcpvisor_actors::session::LogLevel;
use mcpvisor_actors::timeline::EventKind;
use mcpvisor_actors::tree::GatewaySpec;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_call_is_followed_from_its_arrival_over_start_and_queue_to_its_server() {
    let one = |spec: &mut GatewaySpec| {
        let limits = &mut spec.servers[0].limits;
        limits.max_in_flight = 1;
        limits.call_wait = Duration::from_secs(20);
        limits.route_timeout = Duration::from_secs(20);
    };
    let (gateway, mut server, witness) = Witness::default().gateway(one).await;
    let connection = server.ready().await;
    let stands = || gateway.fleet().card("s").unwrap().standing();
    until("its tool is shown", || (stands().state == State::Ready).then_some(())).await;
    drop(connection);
    let lost = || stands().generation.is_none().then_some(());
    until("it is lost", lost).await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("first");
    client.calls("second");
    let first = witness.in_phase("first", Phase::Starting).await;
    let second = witness.in_phase("second", Phase::Starting).await;
    let mut connection = server.ready().await;
    witness.in_phase("first", Phase::Downstream).await;
    witness.in_phase("second", Phase::Queued).await;
    for (id, request) in [("first", &first), ("second", &second)] {
        let call = connection.hears_of("tools/call").await;
        connection.answers(&call, json!({ "content": [] }));
        client.told(id).await;
        witness.outcome(id).await;
        let marks = [request.waits_at(), request.queued_at(), request.sent_at(), request.over_at()];
        assert!(marks.iter().all(Option::is_some), "{marks:?}");
        assert!(marks.is_sorted(), "{marks:?}");
        let parts = request.starting() + request.queued() + request.downstream().unwrap();
        assert!(parts <= request.took(), "{parts:?}");
        assert_eq!((&*request.method, request.name()), ("tools/call", Some("s.work")));
        let there = request.destination().unwrap();
        assert_eq!((there.server.as_str(), there.own.as_deref()), ("s", Some("work")));
    }
    let origin = &first.origin;
    assert_eq!((origin.face, origin.revision), ("api", Some("2025-11-25")));
    assert_eq!(&*origin.session, client.session.id());
    let who: serde_json::Value = serde_json::from_slice(origin.client.as_ref().unwrap()).unwrap();
    assert_eq!(who, json!({ "name": "c", "version": "1" }));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_call_that_queues_when_its_server_is_lost_waits_for_it_from_then_on() {
    let one = |spec: &mut GatewaySpec| {
        let limits = &mut spec.servers[0].limits;
        limits.max_in_flight = 1;
        limits.call_wait = Duration::from_secs(20);
        limits.route_timeout = Duration::from_secs(20);
    };
    let (gateway, mut server, witness) = Witness::default().gateway(one).await;
    let mut connection = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    client.calls("first");
    connection.hears_of("tools/call").await;
    client.calls("second");
    let second = witness.in_phase("second", Phase::Queued).await;
    let queued = second.queued_at();
    drop(connection);
    witness.in_phase("second", Phase::Starting).await;
    assert!(second.waits_at() > queued && second.queued_at().is_none());
    gateway.fleet().order("s", Order::Restart).unwrap();
    let mut connection = server.ready().await;
    witness.in_phase("second", Phase::Downstream).await;
    assert!(second.queued_at() > second.waits_at() && second.queued_at() <= second.sent_at());
    connection.hears_of("tools/call").await;
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_call_that_comes_back_with_input_is_with_its_server_again() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let (client, able) = (Stateless::of(&gateway), json!({ "elicitation": {} }));
    let mut first = client.calls(&modern("1", able.clone()));
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", json!({ "message": "?" }));
    let answer = first.answer().await;
    let mut again = modern("2", able);
    again["params"]["requestState"] = answer["result"]["requestState"].clone();
    again["params"]["inputResponses"] = json!({ "\"q\"": { "action": "decline" } });
    let mut again = client.calls(&again);
    let request = witness.in_phase("2", Phase::Downstream).await;
    assert!(request.queued_at() <= request.sent_at());
    connection.answers(&call, json!({ "content": [] }));
    again.answer().await;
    assert_eq!(witness.outcome("2").await, Outcome::Ok);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn log_messages_and_facts_of_servers_are_told_with_the_call_they_belong_to() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    let call = connection.hears_of("tools/call").await;
    let log = |level: &str| {
        let params = json!({ "level": level, "data": "d" });
        json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params })
    };
    connection.say(log("info"));
    connection.answers(&call, json!({ "content": [] }));
    client.told("1").await;
    connection.say(log("error"));
    let said = until("both", || {
        let said = witness.said.lock().unwrap();
        (said.len() == 2).then(|| said.clone())
    });
    let said = said.await;
    let text = |level: &str| json!({ "level": level, "data": "d" }).to_string();
    let number = witness.request("1").await.number;
    let told = |level, word: &str, of| ("s".to_owned(), level, text(word), of);
    assert_eq!(said[0], told(LogLevel::Info, "info", Some(number)));
    assert_eq!(said[1], told(LogLevel::Error, "error", None));
    gateway.stop(Duration::from_secs(5)).await;
    let noted = witness.noted.lock().unwrap();
    assert!(noted.iter().all(|(server, _)| server == "s"));
    let is_ready =
        |kind: &EventKind| matches!(kind, EventKind::State { state, .. } if state == "ready");
    assert!(noted.iter().any(|(_, event)| is_ready(&event.kind)), "{noted:?}");
}

#[tokio::test]
async fn a_call_on_a_connection_of_ones_own_is_followed_like_any_other() {
    let own = |spec: &mut GatewaySpec| spec.servers[0].sharing = Sharing::Session;
    let (gateway, mut server, witness) = Witness::default().gateway(own).await;
    let _shared = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    client.calls("1");
    witness.in_phase("1", Phase::Starting).await;
    let mut connection = server.ready().await;
    let call = connection.hears_of("tools/call").await;
    let request = witness.in_phase("1", Phase::Downstream).await;
    connection.answers(&call, json!({ "content": [] }));
    assert_eq!(witness.outcome("1").await, Outcome::Ok);
    assert_eq!(request.destination().unwrap().server.as_str(), "s");
    assert!(request.waits_at() <= request.queued_at() && request.queued_at() <= request.sent_at());
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn calls_that_wait_for_a_server_all_reach_it_once_it_is_there() {
    const CALLS: usize = 200;
    let all = |spec: &mut GatewaySpec| {
        let limits = &mut spec.servers[0].limits;
        (limits.max_in_flight, limits.max_queue) = (2 * CALLS, 2 * CALLS);
        limits.call_wait = Duration::from_secs(20);
        limits.route_timeout = Duration::from_secs(20);
    };
    let (gateway, mut server, witness) = Witness::default().gateway(all).await;
    let stands = || gateway.fleet().card("s").unwrap().standing();
    let connection = server.ready().await;
    until("its tool is shown", || (stands().state == State::Ready).then_some(())).await;
    drop(connection);
    until("it is lost", || stands().generation.is_none().then_some(())).await;
    let client = Client::open(&gateway, able()).await;
    let ids: Vec<_> = (0..CALLS).map(|number| format!("call {number}")).collect();
    for id in &ids {
        client.calls(id);
    }
    witness.in_phase(&ids[CALLS - 1], Phase::Starting).await;
    let mut connection = server.ready().await;
    for _ in &ids {
        let call = connection.hears_of("tools/call").await;
        connection.answers(&call, json!({ "content": [] }));
    }
    for id in &ids {
        assert_eq!(witness.outcome(id).await, Outcome::Ok, "{id}");
    }
    gateway.stop(Duration::from_secs(5)).await;
}
