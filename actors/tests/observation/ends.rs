//! How requests end.

use crate::client::{Client, Stateless, able, modern};
use crate::witness::Witness;
use mcpvisor_actors::observation::Outcome;
use mcpvisor_actors::server::Order;
use mcpvisor_actors::tree::GatewaySpec;
use serde_json::{Value, json};
use std::time::Duration;

fn request(id: &str, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// A failure of ours, without its text.
async fn failure(witness: &Witness, id: &str) -> (&'static str, bool) {
    match witness.outcome(id).await {
        Outcome::Failed { reason, sent, text } => {
            assert!(!text.is_empty(), "{id}");
            (reason, sent)
        }
        other => panic!("{id}: {other:?}"),
    }
}

#[tokio::test]
async fn what_a_server_answers_is_told_as_its_client_saw_it() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    let error = |code| Outcome::Error { code };
    for (id, said, expected) in [
        ("fine", json!({ "result": { "content": [] } }), Outcome::Ok),
        ("false", json!({ "result": { "isError": false } }), Outcome::Ok),
        ("tool", json!({ "result": { "content": [], "isError": true } }), Outcome::ToolError),
        ("deep", json!({ "result": { "structuredContent": { "isError": true } } }), Outcome::Ok),
        ("error", json!({ "error": { "code": -32099, "message": "no" } }), error(-32099)),
    ] {
        client.calls(id);
        let call = connection.hears_of("tools/call").await;
        let mut answer = said;
        (answer["jsonrpc"], answer["id"]) = (json!("2.0"), call["id"].clone());
        connection.say(answer);
        let answer = client.told(id).await;
        assert_eq!(witness.outcome(id).await, expected, "{id}");
        let over = witness.request(id).await;
        assert_eq!(over.answer_bytes(), answer.to_string().len() as u64, "{id}");
    }
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}

#[tokio::test]
async fn what_the_gateway_answers_itself_is_told_by_whoever_answers() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let _connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    let error = |code| Outcome::Error { code };
    for (id, method, params, expected) in [
        ("ping", "ping", json!({}), Outcome::Ok),
        ("list", "tools/list", json!({}), Outcome::Ok),
        ("cursor", "tools/list", json!({ "cursor": 5 }), error(-32602)),
        ("again", "initialize", json!({}), error(-32600)),
        ("level", "logging/setLevel", json!({ "level": "info" }), Outcome::Ok),
        ("nameless", "tools/call", json!({}), error(-32602)),
        ("method", "no/such", json!({}), error(-32601)),
    ] {
        client.says(request(id, method, params));
        client.told(id).await;
        assert_eq!(witness.outcome(id).await, expected, "{id}");
    }
    client.says(request("unknown", "tools/call", json!({ "name": "s.none" })));
    client.told("unknown").await;
    assert_eq!(failure(&witness, "unknown").await, ("unknown_tool", false));
    assert_eq!(witness.outcome("i").await, Outcome::Ok);
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}

#[tokio::test]
async fn a_call_without_an_answer_says_whether_its_server_may_have_executed_it() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("killed");
    connection.hears_of("tools/call").await;
    drop(connection);
    client.told("killed").await;
    assert_eq!(failure(&witness, "killed").await, ("outcome_unknown", true));
    gateway.fleet().order("s", Order::Stop).unwrap();
    client.calls("down");
    client.told("down").await;
    assert_eq!(failure(&witness, "down").await, ("unavailable", false));
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}

#[tokio::test]
async fn a_call_that_is_refused_on_its_way_still_says_whose_it_was() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("undelivered");
    let call = connection.hears_of("tools/call").await;
    connection.never_got(&call);
    client.told("undelivered").await;
    assert_eq!(failure(&witness, "undelivered").await, ("refused", false));
    assert_eq!(witness.request("undelivered").await.sent_at(), None);
    gateway.fleet().switch_tool("s", "work", false).await.unwrap();
    client.calls("off");
    client.told("off").await;
    assert_eq!(failure(&witness, "off").await, ("switched_off", false));
    for id in ["undelivered", "off"] {
        let there = witness.request(id).await.destination().expect(id);
        assert_eq!((there.server.as_str(), there.own.as_deref()), ("s", Some("work")));
    }
    gateway.stop(Duration::from_secs(5)).await;
    let impatient = |spec: &mut GatewaySpec| {
        spec.listing.boot_wait = Duration::from_millis(1);
        spec.servers[0].limits.call_wait = Duration::from_millis(50);
    };
    let (gateway, _unborn, witness) = Witness::default().gateway(impatient).await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("guessed");
    client.told("guessed").await;
    assert_eq!(failure(&witness, "guessed").await, ("unavailable", false));
    let there = witness.request("guessed").await.destination().expect("a guess");
    assert_eq!((there.server.as_str(), &there.own), ("s", &None));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_call_its_server_never_answers_times_out_once() {
    let impatient = |spec: &mut GatewaySpec| {
        spec.servers[0].limits.call_timeout = Duration::from_millis(100);
    };
    let (gateway, mut server, witness) = Witness::default().gateway(impatient).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("silence");
    let call = connection.hears_of("tools/call").await;
    client.told("silence").await;
    connection.answers(&call, json!({ "content": [] })); // too late
    assert_eq!(failure(&witness, "silence").await, ("timeout", true));
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}

#[tokio::test]
async fn what_its_client_gave_up_is_cancelled_also_by_leaving() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    for id in ["cancelled", "left"] {
        client.calls(id);
        connection.hears_of("tools/call").await;
    }
    let cancelled = json!({ "requestId": "cancelled" });
    client.says(
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled }),
    );
    assert_eq!(witness.outcome("cancelled").await, Outcome::Cancelled);
    assert!(witness.request("left").await.outcome().is_none());
    client.session.close();
    assert_eq!(witness.outcome("left").await, Outcome::Cancelled);
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}

#[tokio::test]
async fn requests_without_a_session_end_once_too() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let with_method = |id: &str, method: &str, more: Value| {
        let mut message = modern(id, json!({}));
        message["method"] = json!(method);
        for (key, value) in more.as_object().unwrap() {
            message["params"][key] = value.clone();
        }
        message
    };
    let mut call = client.calls(&modern("call", json!({})));
    let asked = connection.hears_of("tools/call").await;
    connection.answers(&asked, json!({ "content": [], "isError": true }));
    call.answer().await;
    assert_eq!(witness.outcome("call").await, Outcome::ToolError);
    assert_eq!(witness.request("call").await.origin.revision, Some("2026-07-28"));

    let gone = client.calls(&modern("gone", json!({})));
    connection.hears_of("tools/call").await;
    gone.leave();
    assert_eq!(witness.outcome("gone").await, Outcome::Cancelled);

    for (id, method) in [("list", "tools/list"), ("who", "server/discover")] {
        client.calls(&with_method(id, method, json!({}))).answer().await;
        assert_eq!(witness.outcome(id).await, Outcome::Ok, "{id}");
    }
    client.calls(&with_method("none", "no/such", json!({}))).answer().await;
    assert_eq!(witness.outcome("none").await, Outcome::Error { code: -32601 });

    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let listens = |id: &str| with_method(id, "subscriptions/listen", filter.clone());
    let (mut ended, mut left) = (client.calls(&listens("ended")), client.calls(&listens("left")));
    for listen in [&mut ended, &mut left] {
        let acknowledged = listen.answer().await;
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    }
    assert!(witness.request("ended").await.outcome().is_none());
    ended.1.wind_up();
    assert_eq!(witness.outcome("ended").await, Outcome::Ok);
    left.leave();
    assert_eq!(witness.outcome("left").await, Outcome::Cancelled);
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}

#[tokio::test]
async fn a_list_that_waits_for_a_server_is_over_when_its_client_leaves() {
    let patient = |spec: &mut GatewaySpec| spec.listing.boot_wait = Duration::from_secs(60);
    let (gateway, _unborn, witness) = Witness::default().gateway(patient).await;
    let client = Client::open(&gateway, able()).await;
    client.says(request("session", "tools/list", json!({})));
    witness.request("session").await;
    let mut list = modern("stateless", json!({}));
    list["method"] = json!("tools/list");
    let stateless = Stateless::of(&gateway).calls(&list);
    witness.request("stateless").await;
    stateless.leave();
    client.session.close();
    assert_eq!(witness.outcome("stateless").await, Outcome::Cancelled);
    assert_eq!(witness.outcome("session").await, Outcome::Error { code: -32000 });
    gateway.stop(Duration::from_secs(5)).await;
    witness.saw_each_end_once();
}
