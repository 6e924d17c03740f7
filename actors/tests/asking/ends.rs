//! How questions end.

use crate::client::{Client, able, gateway};
use mcpvisor_actors::server::Sharing;
use serde_json::json;
use std::time::Duration;
use tokio::time::pause;

#[tokio::test]
async fn what_a_client_did_not_declare_is_refused_for_it() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, json!({ "roots": {} })).await;
    client.calls("1");
    let call = connection.hears_of("tools/call").await;
    for (id, method) in [("a", "elicitation/create"), ("b", "sampling/createMessage"), ("c", "x/y")]
    {
        connection.asks(id, method, json!({}));
        assert_eq!(connection.told(&json!(id)).await["error"]["code"], -32601, "{method}");
    }
    connection.answers(&call, json!({ "content": [] }));
    client.told("1").await; // and heard nothing of it before
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_error_of_the_client_arrives_as_it_is() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    connection.hears_of("tools/call").await;
    connection.asks("q", "sampling/createMessage", json!({ "messages": [], "maxTokens": 1 }));
    let asked = client.hears_of("sampling/createMessage").await;
    let error = json!({ "code": -1, "message": "User rejected", "data": [1.0] });
    client.says(json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }));
    assert_eq!(connection.told(&json!("q")).await["error"], error);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_hears_when_its_answer_is_not_wanted_any_more() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    // the server gives its request up
    client.calls("1");
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "roots/list", json!({}));
    let asked = client.hears_of("roots/list").await;
    let given_up = json!({ "requestId": "q", "reason": "no" });
    connection
        .say(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": given_up }));
    let told = client.hears_of("notifications/cancelled").await;
    assert_eq!(told["params"]["requestId"], asked["id"]);
    // the call is over before the answer
    connection.asks("r", "roots/list", json!({}));
    let asked = client.hears_of("roots/list").await;
    connection.answers(&call, json!({ "content": [] }));
    let told = client.hears_of("notifications/cancelled").await;
    assert_eq!(told["params"]["requestId"], asked["id"]);
    assert_eq!(connection.told(&json!("r")).await["error"]["code"], -32603);
    // the client itself gave the call up
    client.calls("2");
    connection.hears_of("tools/call").await;
    connection.asks("s", "roots/list", json!({}));
    let asked = client.hears_of("roots/list").await;
    let given_up = json!({ "requestId": "2" });
    client
        .says(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": given_up }));
    connection.hears_of("notifications/cancelled").await;
    let told = client.hears_of("notifications/cancelled").await;
    assert_eq!(told["params"]["requestId"], asked["id"]);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_leaves_answers_with_an_error() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    connection.asks("q", "roots/list", json!({}));
    client.hears_of("roots/list").await;
    client.session.close();
    let told = connection.told(&json!("q")).await;
    assert_eq!(told["error"]["code"], -32603);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_person_may_think_longer_than_a_call_may_be_silent() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    pause();
    client.calls("1");
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", json!({ "message": "?" }));
    let asked = client.hears_of("elicitation/create").await;
    connection.only_lives_for(Duration::from_secs(200)).await;
    client.answers(&asked, json!({ "action": "accept" }));
    assert_eq!(connection.told(&json!("q")).await["result"]["action"], "accept");
    connection.answers(&call, json!({ "content": [] }));
    assert_eq!(client.told("1").await["result"]["content"], json!([]));
    gateway.stop(Duration::from_secs(5)).await;
}
