//! Methods that are none of the core, between a stateless client and a server of 2026-07-28.

use crate::client::{Stateless, gateway, modern};
use mcpvisor_actors::server::Sharing;
use serde_json::{Value, json};
use std::time::Duration;

fn asks(method: &str, params: Value, capabilities: Value) -> Value {
    let mut message = modern("1", capabilities);
    let meta = message["params"]["_meta"].clone();
    message["method"] = method.into();
    message["params"] = params;
    message["params"]["_meta"] = meta;
    message
}

#[tokio::test]
async fn a_method_of_an_extension_goes_to_the_server_that_has_it_as_it_is() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready_modern().await;
    let client = Stateless::of(&gateway);
    let message = asks("skills/list", json!({ "vendor": 1.0, "name": "s.work" }), json!({}));
    let mut answers = client.calls(&message);
    let heard = connection.hears_of("skills/list").await;
    assert_eq!(heard["params"], message["params"]);
    let result = json!({ "resultType": "complete", "skills": [1.0] });
    connection.answers(&heard, result.clone());
    let answer = answers.answer().await;
    assert_eq!((&answer["id"], &answer["result"]), (&json!("1"), &result));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn tasks_are_for_clients_that_declare_them_and_found_by_their_ids() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready_modern().await;
    let client = Stateless::of(&gateway);
    let knows = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let task = json!({ "taskId": "t-1" });
    let refused = client.calls(&asks("tasks/get", task.clone(), json!({}))).answer().await;
    assert_eq!(refused["error"]["code"], -32021);
    assert_eq!(refused["error"]["data"]["requiredCapabilities"], knows);
    let unknown = client.calls(&asks("tasks/get", task.clone(), knows.clone())).answer().await;
    assert_eq!(unknown["error"]["code"], -32602);

    let mut made = client.calls(&modern("2", knows.clone()));
    let call = connection.hears_of("tools/call").await;
    let result =
        json!({ "resultType": "task", "taskId": "t-1", "status": "working", "vendor": 1.0 });
    connection.answers(&call, result.clone());
    assert_eq!(made.answer().await["result"], result);
    let mut got = client.calls(&asks("tasks/get", task.clone(), knows));
    let get = connection.hears_of("tasks/get").await;
    assert_eq!(get["params"]["taskId"], "t-1");
    connection.answers(&get, json!({ "resultType": "complete", "status": "completed" }));
    assert_eq!(got.answer().await["result"]["status"], "completed");
    gateway.stop(Duration::from_secs(5)).await;
}
