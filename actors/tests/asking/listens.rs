//! `subscriptions/listen` of stateless clients at a server of the initialize era.

use crate::client::{Stateless, gateway, modern};
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
