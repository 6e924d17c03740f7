//! Whom it concerns what a server says.

use crate::client::{Client, Stateless, able, gateway, modern};
use mcpvisor_actors::server::Sharing;
use mcpvisor_actors::tree::Gateway;
use serde_json::{Value, json};
use std::time::Duration;

fn log(text: &str) -> Value {
    let params = json!({ "level": "error", "data": text });
    json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": params })
}

/// A client that wants every log message.
async fn listener(gateway: &Gateway) -> Client {
    let mut client = Client::open(gateway, able()).await;
    let params = json!({ "level": "debug" });
    client.says(
        json!({ "jsonrpc": "2.0", "id": "l", "method": "logging/setLevel", "params": params }),
    );
    client.told("l").await;
    client
}

#[tokio::test]
async fn what_a_server_logs_for_a_call_that_is_over_is_told_nobody() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut caller = Client::open(&gateway, able()).await;
    let mut other = listener(&gateway).await;
    caller.calls("1");
    let call = connection.hears_of("tools/call").await;
    connection.answers(&call, json!({ "content": [] }));
    caller.told("1").await;
    connection.say_on(call["id"].as_u64(), log("of the call"));
    connection.say(log("of nobody"));
    assert_eq!(other.hears_of("notifications/message").await, log("of nobody"));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_a_server_logs_while_a_call_waits_for_input_is_told_nobody_else() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut other = listener(&gateway).await;
    let client = Stateless::of(&gateway);
    let able = json!({ "elicitation": {} });
    let mut first = client.calls(&modern("1", able.clone()));
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", json!({ "message": "?" }));
    let answer = first.answer().await;
    connection.say(log("of the call"));
    connection.answers(&call, json!({ "content": [] }));
    let mut again = modern("2", able);
    again["params"]["requestState"] = answer["result"]["requestState"].clone();
    again["params"]["inputResponses"] = json!({ "\"q\"": { "action": "decline" } });
    client.calls(&again).answer().await;
    connection.say(log("of nobody"));
    assert_eq!(other.hears_of("notifications/message").await, log("of nobody"));
    gateway.stop(Duration::from_secs(5)).await;
}

fn done(id: &str) -> Value {
    let params = json!({ "elicitationId": id, "vendor": 1.0 });
    json!({ "jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": params })
}

#[tokio::test]
async fn the_session_that_was_sent_to_a_url_hears_that_it_is_done() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let able = json!({ "elicitation": { "url": {} } });
    let (mut one, mut two) =
        (Client::open(&gateway, able.clone()).await, Client::open(&gateway, able).await);
    let url = |id: &str| json!({ "mode": "url", "message": "?", "url": "https://example.com", "elicitationId": id });
    one.calls("1");
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", url("e-1"));
    let asked = one.hears_of("elicitation/create").await;
    one.answers(&asked, json!({ "action": "accept" }));
    connection.answers(&call, json!({ "content": [] }));
    two.calls("2");
    let call = connection.hears_of("tools/call").await;
    let error =
        json!({ "code": -32042, "message": "log in", "data": { "elicitations": [url("e-2")] } });
    connection.say(json!({ "jsonrpc": "2.0", "id": call["id"], "error": error }));
    assert_eq!(two.told("2").await["error"], error);
    connection.say(done("unknown"));
    connection.say(done("e-1"));
    connection.say(done("e-2"));
    for (client, id) in [(&mut one, "e-1"), (&mut two, "e-2")] {
        assert_eq!(client.hears_of("notifications/elicitation/complete").await, done(id));
    }
    gateway.stop(Duration::from_secs(5)).await;
}
