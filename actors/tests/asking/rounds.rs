//! Clients of the initialize era and a server of 2026-07-28: asked as ever, while the call is repeated.

use crate::client::{Client, able, gateway};
use crate::server::Connection;
use mcpvisor_actors::server::Sharing;
use serde_json::{Value, json};
use std::time::Duration;

const META: &str = "io.modelcontextprotocol/protocolVersion";

fn wants(requests: Value, state: &str) -> Value {
    json!({ "resultType": "input_required", "inputRequests": requests, "requestState": state })
}

async fn called(connection: &mut Connection) -> Value {
    let call = connection.hears_of("tools/call").await;
    assert_eq!(call["params"]["_meta"][META], "2026-07-28");
    call
}

#[tokio::test]
async fn what_a_server_wants_is_asked_and_the_call_repeated_with_it() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready_modern().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    let call = called(&mut connection).await;
    let form = json!({ "message": "who?", "requestedSchema": { "type": "object" } });
    let requests = json!({
        "who": { "method": "elicitation/create", "params": form },
        "where": { "method": "roots/list" },
    });
    connection.answers(&call, wants(requests, "s-1"));
    let roots = client.hears_of("roots/list").await;
    let asked = client.hears_of("elicitation/create").await;
    assert_eq!(asked["params"], form);
    client.answers(&roots, json!({ "roots": [] }));
    client.answers(&asked, json!({ "action": "accept", "vendor": 1.0 }));
    let again = called(&mut connection).await;
    assert_ne!(again["id"], call["id"]);
    assert_eq!(again["params"]["arguments"], call["params"]["arguments"]);
    assert_eq!(again["params"]["requestState"], "s-1");
    let given = json!({ "who": { "action": "accept", "vendor": 1.0 }, "where": { "roots": [] } });
    assert_eq!(again["params"]["inputResponses"], given);
    connection.answers(&again, json!({ "resultType": "complete", "content": [] }));
    let answer = client.told("1").await;
    assert_eq!(answer["result"], json!({ "content": [] }));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_refuses_ends_its_call_with_its_own_error() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready_modern().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    let call = called(&mut connection).await;
    connection.answers(&call, wants(json!({ "r": { "method": "roots/list" } }), "s"));
    let asked = client.hears_of("roots/list").await;
    let error = json!({ "code": -1, "message": "no" });
    client.says(json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }));
    assert_eq!(client.told("1").await["error"], error);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_call_is_not_repeated_for_ever() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready_modern().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    for _ in 0..=10 {
        let call = called(&mut connection).await;
        connection.answers(&call, json!({ "resultType": "input_required", "requestState": "s" }));
    }
    let answer = client.told("1").await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_call_given_up_between_two_rounds_is_not_repeated() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready_modern().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    let call = called(&mut connection).await;
    connection.answers(&call, wants(json!({ "r": { "method": "roots/list" } }), "s"));
    let asked = client.hears_of("roots/list").await;
    let given_up = json!({ "requestId": "1" });
    client
        .says(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": given_up }));
    client.hears_of("notifications/cancelled").await;
    client.answers(&asked, json!({ "roots": [] }));
    client.calls("2");
    assert_eq!(called(&mut connection).await["params"]["arguments"]["of"], "2");
    gateway.stop(Duration::from_secs(5)).await;
}
