//! Both eras on one connection, in any order.

use crate::lines::Lines;
use crate::server::Scripted;
use crate::websocket::{Frame, WebSocket};
use crate::world::{World, request, until};
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Connector, Loss, ServerName, ServerSpec, Transport};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn legacy(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn initialize() -> Value {
    legacy(
        1,
        "initialize",
        &json!({
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
        }),
    )
}

#[tokio::test]
async fn a_connection_serves_both_eras_in_any_order() {
    let world = World::start().await;
    let mut lines = Lines::open(world.clients());
    // a notification may come first, and a probe of an era before any handshake
    lines.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    let found = lines.ask(&request(&json!("d"), "server/discover", &json!({}))).await;
    assert_eq!(found["result"]["supportedVersions"], json!(["2026-07-28"]));
    let early = lines.ask(&legacy(5, "tools/list", &json!({}))).await;
    assert_eq!((&early["id"], &early["error"]["code"]), (&json!(5), &json!(-32_000)));
    let call = json!({ "name": "s.echo", "arguments": { "text": "one" } });
    let modern = lines.ask(&request(&json!(6), "tools/call", &call)).await;
    assert_eq!(modern["result"]["resultType"], "complete");
    assert_eq!(lines.ask(&initialize()).await["result"]["protocolVersion"], "2025-11-25");
    let old = lines.ask(&legacy(7, "tools/call", &call)).await;
    assert_eq!(old["result"], json!({ "content": [{ "type": "text", "text": "one" }] }));
    let modern = lines.ask(&request(&json!(8), "tools/call", &call)).await;
    assert_eq!(modern["result"]["resultType"], "complete");
    // what is gone in one era is still there in the other
    let gone = lines.ask(&request(&json!(9), "ping", &json!({}))).await;
    assert_eq!(gone["error"]["code"], -32_601);
    assert_eq!(lines.ask(&legacy(10, "ping", &json!({}))).await["result"], json!({}));
    let mut refused = request(&json!(11), "tools/list", &json!({}));
    refused["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let refused = lines.ask(&refused).await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(11), &json!(-32_022)));
    lines.finish().await;
    lines.ended().await;
}

#[tokio::test]
async fn a_call_is_cancelled_by_its_id_and_an_id_is_used_once_at_a_time() {
    let world = World::start().await;
    let mut lines = Lines::open(world.clients());
    let hold = request(&json!("h"), "tools/call", &json!({ "name": "s.hold" }));
    lines.say(&hold).await;
    until("the server has it", async || world.server.heard("tools/call").len() == 1).await;
    let twice = lines.ask(&hold).await;
    assert_eq!((&twice["id"], &twice["error"]["code"]), (&json!("h"), &json!(-32_600)));
    lines
        .say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": { "requestId": "h", "reason": "enough" } }))
        .await;
    until("it is cancelled", async || !world.server.heard("notifications/cancelled").is_empty())
        .await;
    assert_eq!(world.server.heard("notifications/cancelled")[0]["params"]["reason"], "enough");
    // nothing is answered, and the id is free
    lines.say(&hold).await;
    until("the server has it again", async || world.server.heard("tools/call").len() == 2).await;
    let answer = lines.ask(&request(&json!(2), "server/discover", &json!({}))).await;
    assert_eq!(answer["id"], 2);
}

#[tokio::test]
async fn what_is_under_way_when_the_connection_breaks_is_given_up() {
    let world = World::start().await;
    let mut lines = Lines::open(world.clients());
    lines.say(&request(&json!(1), "tools/call", &json!({ "name": "s.hold" }))).await;
    until("the server has it", async || world.server.heard("tools/call").len() == 1).await;
    let address = world.address;
    let socket = tokio::task::spawn_blocking(move || {
        let socket = WebSocket::connect(address, "");
        let hold = request(&json!(1), "tools/call", &json!({ "name": "s.hold" }));
        socket.text(hold.to_string().as_bytes());
        socket
    })
    .await
    .unwrap();
    until("the server has it", async || world.server.heard("tools/call").len() == 2).await;
    drop(socket);
    let cancelled = async || world.server.heard("notifications/cancelled").len() == 1;
    until("that of the socket is cancelled", cancelled).await;
    assert_eq!(world.clients().in_flight(), 1);
}

#[tokio::test]
async fn a_websocket_serves_both_eras() {
    let world = World::start().await;
    let address = world.address;
    let answers = tokio::task::spawn_blocking(move || {
        let mut socket = WebSocket::connect(address, "");
        let call = json!({ "name": "s.echo", "arguments": { "text": "one" } });
        let messages =
            [request(&json!(1), "tools/call", &call), initialize(), legacy(2, "tools/call", &call)];
        messages.map(|message| {
            socket.text(message.to_string().as_bytes());
            match socket.frame() {
                Some(Frame::Text(text)) => serde_json::from_str::<Value>(&text).unwrap(),
                other => panic!("{other:?}"),
            }
        })
    })
    .await
    .unwrap();
    assert_eq!(answers[0]["result"]["resultType"], "complete");
    assert_eq!(answers[1]["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(answers[2]["result"].get("resultType"), None);
}

#[tokio::test]
async fn a_list_that_waits_for_servers_holds_up_nothing_and_can_be_cancelled() {
    let silent = ServerSpec::new(ServerName::new("silent"), Arc::new(Silent));
    let world = World::of(Scripted::default(), |spec| {
        spec.servers.push(silent);
        spec.listing.boot_wait = Duration::from_millis(500);
    })
    .await;
    let mut lines = Lines::open(world.clients());
    let list = |id: u64| request(&json!(id), "tools/list", &json!({}));
    lines.say(&list(1)).await;
    // discovery waits for nobody
    assert_eq!(lines.ask(&request(&json!(2), "server/discover", &json!({}))).await["id"], 2);
    lines
        .say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": { "requestId": 1 } }))
        .await;
    let listed = lines.ask(&list(3)).await;
    assert_eq!(listed["id"], 3, "the first one is not answered any more");
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 5);
    until("all slots are free", async || world.clients().in_flight() == 0).await;
}

/// A way to a server that is never there.
struct Silent;

impl Connector for Silent {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        Box::pin(std::future::pending())
    }

    fn kind(&self) -> &'static str {
        "silent"
    }
}
