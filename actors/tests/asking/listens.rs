//! `subscriptions/listen`: of stateless clients at a server of the initialize era, and of the gateway at one
//! of 2026-07-28.

use crate::client::{Client, Stateless, able, gateway, modern};
use mcpvisor_actors::server::Sharing;
use mcpvisor_actors::session::Admission;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A listen for these resources.
fn listen(uris: &[String]) -> Value {
    let mut message = modern("l", json!({}));
    let meta = message["params"]["_meta"].clone();
    message["method"] = "subscriptions/listen".into();
    message["params"] =
        json!({ "_meta": meta, "notifications": { "resourceSubscriptions": uris } });
    message
}

#[tokio::test]
async fn a_server_is_asked_to_watch_a_few_at_a_time_and_what_it_refuses_is_not_acknowledged() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let capabilities = json!({ "tools": {}, "resources": { "subscribe": true } });
    let lists = ["tools/list", "resources/list", "resources/templates/list"];
    let mut connection = server.ready_with(capabilities, &lists).await;
    let client = Stateless::of(&gateway);
    let uris: Vec<_> = (10..30).map(|number| format!("x:{number}")).collect();
    let mut listening = client.calls(&listen(&uris));
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(connection.hears_of("resources/subscribe").await);
    }
    let _other = client.calls(&modern("1", json!({})));
    assert_eq!(connection.hears().await["method"], "tools/call", "8 were asked for before");
    for _ in &uris {
        let subscribe = match open.pop() {
            Some(subscribe) => subscribe,
            None => connection.hears_of("resources/subscribe").await,
        };
        if subscribe["params"]["uri"] == "x:13" {
            let error = json!({ "code": -32002, "message": "no such resource" });
            connection.say(json!({ "jsonrpc": "2.0", "id": subscribe["id"], "error": error }));
        } else {
            connection.answers(&subscribe, json!({}));
        }
    }
    let acknowledged = listening.answer().await;
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    let watched: Vec<_> = uris.iter().filter(|uri| *uri != "x:13").collect();
    let honoured = &acknowledged["params"]["notifications"]["resourceSubscriptions"];
    assert_eq!(*honoured, json!(watched));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_listen_keeps_its_place_in_the_share_of_its_connection() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let _connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let share = Arc::new(Semaphore::new(1));
    let place = Arc::clone(&share).try_acquire_owned().unwrap();
    let admission: Admission = client.0.admit().expect("room").and(place);
    let mut listening = client.calls_with(&listen(&[]), admission);
    listening.answer().await;
    assert_eq!(share.available_permits(), 0);
    listening.leave();
    share.acquire().await.expect("it comes back").forget();
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_subscription_is_answered_once_the_server_listens_and_every_update_from_then_on_is_told()
{
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let capabilities = json!({ "tools": {}, "resources": { "subscribe": true } });
    let lists = ["tools/list", "resources/list", "resources/templates/list"];
    let mut connection = server.ready_modern_with(capabilities, &lists).await;
    let mut client = Client::open(&gateway, able()).await;
    // the first listen, and one that replaces it
    for (uri, all) in [("x:1", json!(["x:1"])), ("x:2", json!(["x:1", "x:2"]))] {
        let params = json!({ "uri": uri });
        let method = "resources/subscribe";
        client.says(json!({ "jsonrpc": "2.0", "id": uri, "method": method, "params": params }));
        let listen = connection.hears_of("subscriptions/listen").await;
        let wanted = &listen["params"]["notifications"];
        assert_eq!(wanted["resourceSubscriptions"], all);
        client.says(json!({ "jsonrpc": "2.0", "id": "p", "method": "ping" }));
        assert_eq!(heard(&mut client).await["id"], "p", "it does not listen yet");
        let tag = json!({ "io.modelcontextprotocol/subscriptionId": listen["id"] });
        let params = json!({ "_meta": tag, "notifications": wanted });
        let method = "notifications/subscriptions/acknowledged";
        connection.say(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
        let params = json!({ "_meta": tag, "uri": uri });
        let method = "notifications/resources/updated";
        connection.say(json!({ "jsonrpc": "2.0", "method": method, "params": params }));
        assert_eq!(heard(&mut client).await["id"], uri);
        let told = heard(&mut client).await;
        assert_eq!((&told["method"], &told["params"]), (&json!(method), &json!({ "uri": uri })));
    }
    gateway.stop(Duration::from_secs(5)).await;
}

/// What a client hears next, but for lists that change.
async fn heard(client: &mut Client) -> Value {
    loop {
        let message = client.hears().await;
        if !message["method"].as_str().is_some_and(|method| method.ends_with("/list_changed")) {
            return message;
        }
    }
}
