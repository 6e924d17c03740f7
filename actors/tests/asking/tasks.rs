//! Tasks of 2025-11-25: made, asked after, and whose they are.

use crate::client::{Client, able, gateway};
use crate::server::Connection;
use mcpvisor_actors::server::Sharing;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::pause;

fn task(status: &str) -> Value {
    json!({ "taskId": "t-1", "status": status, "createdAt": "1", "lastUpdatedAt": "1", "ttl": null,
        "vendor": 1.0 })
}

/// The client has its call run as a task.
async fn made(client: &mut Client, connection: &mut Connection) {
    let params = json!({ "name": "s.work", "arguments": {}, "task": { "ttl": 5 } });
    client.says(json!({ "jsonrpc": "2.0", "id": "m", "method": "tools/call", "params": params }));
    let call = connection.hears_of("tools/call").await;
    assert_eq!(call["params"]["task"], json!({ "ttl": 5 }));
    connection.answers(&call, json!({ "task": task("working") }));
    assert_eq!(client.told("m").await["result"], json!({ "task": task("working") }));
}

fn asks(client: &Client, id: &str, method: &str) {
    let params = json!({ "taskId": "t-1" });
    client.says(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
}

#[tokio::test]
async fn a_task_is_asked_after_where_it_runs_and_by_its_own_session_only() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let (mut one, mut two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    made(&mut one, &mut connection).await;
    asks(&two, "x", "tasks/get");
    let error = two.told("x").await["error"].clone();
    assert_eq!(error["code"], -32602);
    assert!(error["message"].as_str().unwrap().contains("unknown task `t-1`"));
    asks(&one, "g", "tasks/get");
    let get = connection.hears_of("tasks/get").await;
    assert_eq!(get["params"], json!({ "taskId": "t-1" }));
    connection.answers(&get, task("completed"));
    assert_eq!(one.told("g").await["result"], task("completed"));
    for (client, id, tasks) in
        [(&mut one, "l", json!([task("completed")])), (&mut two, "l", json!([]))]
    {
        client.says(json!({ "jsonrpc": "2.0", "id": id, "method": "tasks/list" }));
        assert_eq!(client.told(id).await["result"], json!({ "tasks": tasks }));
    }
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_result_of_a_task_may_take_longer_than_a_call_may_be_silent() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    made(&mut client, &mut connection).await;
    pause();
    asks(&client, "r", "tasks/result");
    let result = connection.hears_of("tasks/result").await;
    connection.only_lives_for(Duration::from_secs(200)).await;
    connection.answers(&result, json!({ "content": [] }));
    assert_eq!(client.told("r").await["result"], json!({ "content": [] }));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_a_server_says_and_asks_for_a_task_reaches_its_session_whoever_calls_meanwhile() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let (mut one, two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    made(&mut one, &mut connection).await;
    two.calls("2");
    one.calls("1");
    for _ in 0..2 {
        connection.hears_of("tools/call").await;
    }
    let status = json!({ "jsonrpc": "2.0", "method": "notifications/tasks/status",
        "params": task("input_required") });
    connection.say(status.clone());
    assert_eq!(one.hears_of("notifications/tasks/status").await, status);
    let related = json!({ "io.modelcontextprotocol/related-task": { "taskId": "t-1" } });
    connection.asks("q", "elicitation/create", json!({ "message": "?", "_meta": related }));
    let asked = one.hears_of("elicitation/create").await;
    assert_eq!(asked["params"]["_meta"], related);
    one.answers(&asked, json!({ "action": "decline" }));
    assert_eq!(connection.told(&json!("q")).await["result"]["action"], "decline");
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn tasks_of_the_same_id_at_connections_of_their_own_are_two() {
    let (gateway, mut server) = gateway(Sharing::Session).await;
    let _shared = server.ready().await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = Client::open(&gateway, able()).await;
        let params = json!({ "name": "s.work", "arguments": {}, "task": { "ttl": 5 } });
        client
            .says(json!({ "jsonrpc": "2.0", "id": "m", "method": "tools/call", "params": params }));
        let mut connection = server.ready().await;
        let call = connection.hears_of("tools/call").await;
        connection.answers(&call, json!({ "task": task("working") }));
        client.told("m").await;
        clients.push((client, connection));
    }
    for (client, connection) in &mut clients {
        asks(client, "g", "tasks/get");
        let get = connection.hears_of("tasks/get").await;
        connection.answers(&get, task("input_required"));
        client.told("g").await;
        let status = json!({ "jsonrpc": "2.0", "method": "notifications/tasks/status",
            "params": task("completed") });
        connection.say(status.clone());
        assert_eq!(client.hears_of("notifications/tasks/status").await, status);
    }
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_task_stays_where_it_was_made_when_sessions_get_connections_of_their_own() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut shared = server.ready().await;
    let (mut one, two) =
        (Client::open(&gateway, able()).await, Client::open(&gateway, able()).await);
    made(&mut one, &mut shared).await;
    one.calls("1");
    two.calls("2");
    for _ in 0..2 {
        shared.hears_of("tools/call").await;
    }
    shared.asks("q", "roots/list", json!({}));
    shared.told(&json!("q")).await;
    one.calls("3");
    let mut own = server.ready().await;
    own.hears_of("tools/call").await;
    asks(&one, "g", "tasks/get");
    let get = shared.hears_of("tasks/get").await;
    shared.answers(&get, task("completed"));
    assert_eq!(one.told("g").await["result"], task("completed"));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn progress_of_a_task_reaches_its_session_until_it_is_done() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let mut client = Client::open(&gateway, able()).await;
    let params = json!({ "name": "s.work", "arguments": {}, "task": {},
        "_meta": { "progressToken": "p" } });
    client.says(json!({ "jsonrpc": "2.0", "id": "m", "method": "tools/call", "params": params }));
    let call = connection.hears_of("tools/call").await;
    connection.answers(&call, json!({ "task": task("working") }));
    client.told("m").await;
    let progress = |number: u32, token: &Value| {
        let params = json!({ "progressToken": token, "progress": number, "vendor": 1.0 });
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })
    };
    connection.say(progress(1, &call["params"]["_meta"]["progressToken"]));
    assert_eq!(client.hears_of("notifications/progress").await, progress(1, &json!("p")));
    let done = json!({ "jsonrpc": "2.0", "method": "notifications/tasks/status",
        "params": task("completed") });
    connection.say(done.clone());
    connection.say(progress(2, &call["params"]["_meta"]["progressToken"]));
    connection.say(done);
    for _ in 0..2 {
        assert_eq!(client.hears().await["method"], "notifications/tasks/status");
    }
    gateway.stop(Duration::from_secs(5)).await;
}
