//! Whose question it is.

use crate::client::{Client, able, gateway};
use mcpvisor_actors::server::Sharing;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_client_whose_call_runs_is_asked_and_its_answer_arrives_byte_for_byte() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let (mut busy, _idle) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    busy.calls("1");
    let call = connection.hears_of("tools/call").await;
    let question = json!({ "message": "how many?", "requestedSchema": { "type": "object" },
        "_meta": { "progressToken": "p", "vendor": 1 } });
    connection.asks("q", "elicitation/create", question.clone());
    let asked = busy.hears_of("elicitation/create").await;
    let token = &asked["params"]["_meta"]["progressToken"];
    assert_eq!((token, &asked["params"]["message"]), (&asked["id"], &question["message"]));
    let progress = json!({ "progressToken": token, "progress": 1, "vendor": 2 });
    busy.says(json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": progress }));
    let told = connection.hears_of("notifications/progress").await;
    assert_eq!(told["params"], json!({ "progressToken": "p", "progress": 1, "vendor": 2 }));
    let answer = json!({ "action": "accept", "content": { "n": 1.0 }, "vendor": null });
    busy.answers(&asked, answer.clone());
    assert_eq!(connection.told(&json!("q")).await["result"], answer);
    connection.answers(&call, json!({ "content": [] }));
    busy.told("1").await;
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_stream_a_question_comes_on_says_whose_it_is() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let (mut one, mut two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    one.calls("1");
    let of_one = connection.hears_of("tools/call").await["id"].as_u64();
    two.calls("2");
    let of_two = connection.hears_of("tools/call").await["id"].as_u64();
    let ask = |id: &str| json!({ "jsonrpc": "2.0", "id": id, "method": "roots/list" });
    connection.say_on(of_two, ask("b"));
    connection.say_on(of_one, ask("a"));
    let (asked, other) = (one.hears_of("roots/list").await, two.hears_of("roots/list").await);
    one.answers(&asked, json!({ "roots": [{ "uri": "file:///one" }] }));
    assert_eq!(connection.told(&json!("a")).await["result"]["roots"][0]["uri"], "file:///one");
    two.answers(&other, json!({ "roots": [{ "uri": "file:///two" }] }));
    assert_eq!(connection.told(&json!("b")).await["result"]["roots"][0]["uri"], "file:///two");
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_question_that_could_be_anybodys_is_refused_and_each_session_gets_its_own_connection() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut shared = server.ready().await;
    let (mut one, mut two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    one.calls("1");
    two.calls("2");
    for _ in 0..2 {
        let call = shared.hears_of("tools/call").await;
        if call["params"]["arguments"]["of"] == "2" {
            shared.asks("q", "sampling/createMessage", json!({ "messages": [], "maxTokens": 1 }));
        }
    }
    let refused = shared.told(&json!("q")).await;
    assert_eq!(refused["error"]["code"], -32601);
    assert!(refused["error"]["message"].as_str().unwrap().contains("does not say whom"));
    two.calls("3");
    let mut of_two = server.ready().await;
    assert_eq!(of_two.hears_of("tools/call").await["params"]["arguments"]["of"], "3");
    one.calls("4");
    let mut of_one = server.ready().await;
    assert_eq!(of_one.hears_of("tools/call").await["params"]["arguments"]["of"], "4");
    for (connection, client) in [(&mut of_one, &mut one), (&mut of_two, &mut two)] {
        connection.asks("q", "roots/list", json!({}));
        let asked = client.hears_of("roots/list").await;
        client.answers(&asked, json!({ "roots": [] }));
        assert_eq!(connection.told(&json!("q")).await["result"], json!({ "roots": [] }));
    }
    two.calls("5");
    assert_eq!(of_two.hears_of("tools/call").await["params"]["arguments"]["of"], "5");
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_shared_server_stays_shared_and_a_server_for_sessions_is_never_shared() {
    for (sharing, own) in [(Sharing::Shared, false), (Sharing::Session, true)] {
        let (gateway, mut server) = gateway(sharing).await;
        let mut shared = server.ready().await;
        let (one, two) =
            (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
        for (client, id) in [(&one, "1"), (&two, "2")] {
            client.calls(id);
            let mut connection = if own { Some(server.ready().await) } else { None };
            let connection = connection.as_mut().unwrap_or(&mut shared);
            assert_eq!(connection.hears_of("tools/call").await["params"]["arguments"]["of"], id);
        }
        gateway.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn outside_a_call_the_only_client_that_can_is_asked_and_roots_that_change_are_told() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    connection.asks("none", "roots/list", json!({}));
    assert_eq!(connection.told(&json!("none")).await["error"]["code"], -32601);
    let mut client = Client::open(&gateway, able()).await;
    let _unable = Client::open(&gateway, json!({})).await;
    connection.hears_of("notifications/roots/list_changed").await;
    connection.asks("q", "roots/list", json!({}));
    let asked = client.hears_of("roots/list").await;
    client.answers(&asked, json!({ "roots": [{ "uri": "file:///a" }] }));
    assert_eq!(connection.told(&json!("q")).await["result"]["roots"][0]["uri"], "file:///a");
    client.says(json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" }));
    connection.hears_of("notifications/roots/list_changed").await;
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_question_outlives_the_newer_of_two_calls_of_its_session() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    client.calls("1");
    let older = connection.hears_of("tools/call").await;
    client.calls("2");
    let newer = connection.hears_of("tools/call").await;
    connection.asks("q", "roots/list", json!({}));
    let asked = client.hears_of("roots/list").await;
    connection.answers(&newer, json!({ "content": [] }));
    client.told("2").await;
    client.answers(&asked, json!({ "roots": [] }));
    assert_eq!(connection.told(&json!("q")).await["result"], json!({ "roots": [] }));
    connection.answers(&older, json!({ "content": [] }));
    client.told("1").await;
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_a_call_asks_that_was_given_up_reaches_nobody_else() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let (one, mut two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    one.calls("1");
    connection.hears_of("tools/call").await;
    let given_up = json!({ "requestId": "1" });
    one.says(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": given_up }));
    connection.hears_of("notifications/cancelled").await;
    two.calls("2");
    let call = connection.hears_of("tools/call").await;
    connection.asks("late", "elicitation/create", json!({ "message": "for one" }));
    assert_eq!(connection.told(&json!("late")).await["error"]["code"], -32601);
    connection.answers(&call, json!({ "content": [] }));
    two.told("2").await; // and was asked nothing before
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_call_given_up_counts_no_more_once_its_server_answered_something_later() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let (one, mut two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    one.calls("1");
    connection.hears_of("tools/call").await;
    let given_up = json!({ "requestId": "1" });
    one.says(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": given_up }));
    connection.hears_of("notifications/cancelled").await;
    two.calls("2");
    let call = connection.hears_of("tools/call").await;
    connection.answers(&call, json!({ "content": [] }));
    two.told("2").await;
    two.calls("3");
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "roots/list", json!({}));
    let asked = two.hears_of("roots/list").await;
    two.answers(&asked, json!({ "roots": [] }));
    assert_eq!(connection.told(&json!("q")).await["result"], json!({ "roots": [] }));
    connection.answers(&call, json!({ "content": [] }));
    two.told("3").await;
    gateway.stop(Duration::from_secs(5)).await;
}
