//! Requests of an operator's beside those of clients.

use crate::client::{Client, Stateless, able, gateway, modern};
use bytes::Bytes;
use mcpvisor_actors::fleet::{Fleet, RawAnswer, RawFault, RawMessage, State};
use mcpvisor_actors::server::Sharing;
use mcpvisor_actors::tree::Gateway;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Waits until what the server offers is shown.
async fn ready(fleet: &Fleet) {
    let is_ready = || fleet.card("s").unwrap().standing().state == State::Ready;
    let shown = async {
        while !is_ready() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(20), shown).await.expect("it becomes ready");
}

/// Sends a message of an operator's, once the server is ready.
fn sends(gateway: &Gateway, text: &'static str) -> JoinHandle<Result<RawAnswer, RawFault>> {
    let fleet = gateway.fleet().clone();
    tokio::spawn(async move {
        ready(&fleet).await;
        let timeout = Duration::from_secs(20);
        let message = Bytes::from_static(text.as_bytes());
        fleet.send_raw("s", RawMessage { message, timeout, fill_meta: false }).await
    })
}

#[tokio::test]
async fn all_but_the_id_and_the_progress_token_arrives_as_it_was_written_both_ways() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let sent = sends(
        &gateway,
        r#"{"params": {"_meta":{"progressToken":"p","x":1.0}, "b":[2.50]} , "vendor":1,"id":"mine","method":"odd/one","jsonrpc":"2.0"}"#,
    );
    let text = loop {
        let text = connection.reads().await;
        if text.contains("odd/one") {
            break text;
        }
    };
    let ours = serde_json::from_str::<Value>(&text).unwrap()["id"].clone();
    assert_eq!(
        text,
        format!(
            r#"{{"params": {{"_meta":{{"progressToken":{ours},"x":1.0}}, "b":[2.50]}} , "vendor":1,"id":{ours},"method":"odd/one","jsonrpc":"2.0"}}"#
        )
    );
    connection.answers(&json!({ "id": ours }), json!({ "n": 1.0, "nothing": null }));
    let answered = sent.await.unwrap().expect("an answer");
    assert_eq!(
        answered.answer.unwrap(),
        r#"{"id":"mine","jsonrpc":"2.0","result":{"n":1.0,"nothing":null}}"#
    );
    assert_eq!(answered.id, ours.as_u64());
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_question_that_an_operators_request_may_have_caused_goes_to_no_client() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    let sent = sends(
        &gateway,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"work"}}"#,
    );
    let raw = connection.hears_of("tools/call").await;
    client.calls("1");
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "roots/list", json!({}));
    let refused = connection.told(&json!("q")).await;
    let text = refused["error"]["message"].as_str().unwrap();
    assert!(text.contains("an operator's request runs on this connection"), "{refused}");
    connection
        .say_on(raw["id"].as_u64(), json!({ "jsonrpc": "2.0", "id": "r", "method": "roots/list" }));
    assert!(connection.told(&json!("r")).await["error"].is_object(), "it is nobody's");
    connection.answers(&raw, json!({ "content": [] }));
    sent.await.unwrap().expect("an answer");
    // from then on it is the client's again, over the connection it had
    connection.asks("s", "roots/list", json!({}));
    let asked = client.hears_of("roots/list").await;
    client.answers(&asked, json!({ "roots": [] }));
    assert!(connection.told(&json!("s")).await["result"].is_object());
    connection.answers(&call, json!({ "content": [] }));
    client.told("1").await;
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn too_many_requests_of_operators_are_refused_and_clients_have_their_slots() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"odd/one"}"#;
    let sent: Vec<_> = (0..16).map(|_| sends(&gateway, text)).collect();
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(connection.hears_of("odd/one").await);
    }
    assert_eq!(sends(&gateway, text).await.unwrap(), Err(RawFault::Busy(16)));
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    let call = connection.hears_of("tools/call").await;
    connection.answers(&call, json!({ "content": [] }));
    client.told("1").await;
    for request in &open {
        connection.answers(request, json!({}));
    }
    for sent in sent {
        assert!(sent.await.unwrap().is_ok());
    }
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn who_listens_without_a_session_is_told_that_a_tool_was_switched() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let _connection = server.ready().await;
    ready(gateway.fleet()).await;
    let client = Stateless::of(&gateway);
    let mut listen = modern("l", json!({}));
    let meta = listen["params"]["_meta"].clone();
    listen["method"] = "subscriptions/listen".into();
    listen["params"] = json!({ "_meta": meta, "notifications": { "toolsListChanged": true } });
    let mut listening = client.calls(&listen);
    let acknowledged = listening.answer().await;
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    for on in [false, true] {
        let switched = gateway.fleet().switch_tool("s", "work", on).await.expect("it is there");
        assert!(switched.changed && !switched.remembered, "nothing is remembered here");
        let told = listening.answer().await;
        assert_eq!(told["method"], "notifications/tools/list_changed", "{on}");
        let again = gateway.fleet().switch_tool("s", "work", on).await.expect("it is there");
        assert!(!again.changed);
    }
    assert!(gateway.fleet().switch_tool("t", "work", false).await.is_err());
    gateway.stop(Duration::from_secs(5)).await;
}
