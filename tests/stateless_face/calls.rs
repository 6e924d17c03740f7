//! Requests that go to a server, and what comes back while they run.

use crate::http::{Stream, post};
use crate::server::Scripted;
use crate::world::{Status, World, headers, request, until};
use serde_json::{Value, json};

#[tokio::test]
async fn a_legacy_server_serves_stateless_clients_without_session_or_actor() {
    let world = World::start().await;
    let actors = world.gateway.roster().list();
    let answer = world
        .result(
            "tools/call",
            &json!({
                "name": "s.echo",
                "arguments": { "text": "hi" },
                "_meta": { "traceparent": "00-a-b-01", "tracestate": "k=v", "example.org/x": 1 },
            }),
        )
        .await;
    assert_eq!(answer["content"][0]["text"], "hi");
    assert_eq!(answer["resultType"], "complete");
    assert_eq!(answer["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "mcpvisor");
    assert_eq!(answer.get("ttlMs"), None, "a call is not kept");
    let sent = world.server.heard("tools/call")[0]["params"].clone();
    let left = json!({ "traceparent": "00-a-b-01", "tracestate": "k=v", "example.org/x": 1 });
    assert_eq!(sent, json!({ "name": "echo", "arguments": { "text": "hi" }, "_meta": left }));

    let read = world.result("resources/read", &json!({ "uri": "x://1" })).await;
    assert_eq!(read["contents"][0]["text"], "one");
    assert_eq!((&read["ttlMs"], &read["cacheScope"]), (&json!(0), &json!("private")));
    let unknown = world.ask("resources/read", &json!({ "uri": "x://2" })).await;
    assert_eq!((unknown.status, unknown.code()), (200, -32_602), "-32002 is no more");
    let unknown = world.ask("tools/call", &json!({ "name": "s.ecko" })).await;
    assert_eq!((unknown.status, unknown.code()), (200, -32_602));

    assert_eq!(world.gateway.roster().list(), actors, "no actor was started");
    assert_eq!(world.clients().sessions(), 0);
    until("all slots are free", async || world.clients().in_flight() == 0).await;
}

#[tokio::test]
async fn progress_and_wanted_log_messages_come_on_the_requests_own_stream() {
    let world = World::start().await;
    let level = |level: &str| json!({ "io.modelcontextprotocol/logLevel": level });
    for (meta, expected) in [
        (json!({}), &["talked"][..]),
        (json!({ "progressToken": "p" }), &["p", "talked"]),
        (level("error"), &["high", "talked"]),
        (level("debug"), &["low", "high", "talked"]),
    ] {
        let params = json!({ "name": "s.talk", "_meta": meta });
        let response = world.ask("tools/call", &params).await;
        let messages = match response.events() {
            none if none.is_empty() => vec![response.json()],
            some => some,
        };
        let said = |message: &Value| {
            let text = &message["result"]["content"][0]["text"];
            let params = &message["params"];
            [text, &params["progressToken"], &params["data"]]
                .into_iter()
                .find_map(|value| value.as_str().map(str::to_owned))
        };
        let said: Vec<_> = messages.iter().filter_map(said).collect();
        assert_eq!(said, expected, "{meta} {response:?}");
        assert!(!response.body.contains("\nid:"), "events have no ids: {response:?}");
    }
    // the server was told of a level before the call that wants it, and once a level
    let order = world.server.methods();
    let levels = order.iter().filter(|method| *method == "logging/setLevel").count();
    assert_eq!(levels, 2, "{order:?}");
    let first = order.iter().position(|method| method == "logging/setLevel").unwrap();
    assert_eq!(order[first + 1], "tools/call");
}

#[tokio::test]
async fn a_call_that_was_not_sent_because_an_actor_died_is_tried_once_more() {
    let world = World::start().await;
    // three restarts in half a minute are what the tree allows
    for round in 0..3 {
        let proxy = world.gateway.roster().find("gateway/proxy").unwrap();
        proxy.kill();
        let params = json!({ "name": "s.echo", "arguments": { "text": round.to_string() } });
        let answer = world.result("tools/call", &params).await;
        assert_eq!(answer["content"][0]["text"], round.to_string());
    }
    assert_eq!(world.server.heard("tools/call").len(), 3, "each was executed once");
}

#[tokio::test]
async fn closing_the_response_cancels_the_call() {
    let world = World::start().await;
    let body = request(&json!(1), "tools/call", &json!({ "name": "s.hold" }));
    let stream = Stream::post(world.address, &headers(&body), &body.to_string()).await;
    until("the server has it", async || !world.server.heard("tools/call").is_empty()).await;
    assert!(world.server.heard("notifications/cancelled").is_empty());
    drop(stream);
    until("it is cancelled", async || !world.server.heard("notifications/cancelled").is_empty())
        .await;
    until("its slot is free", async || world.clients().in_flight() == 0).await;
}

#[tokio::test]
async fn discovery_tells_what_there_is_and_only_revisions_without_a_handshake() {
    let world = World::of(Scripted::default(), |spec| spec.builtin = Some(Status::tool())).await;
    let found = world.result("server/discover", &json!({})).await;
    assert_eq!(found["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(found["capabilities"]["extensions"], json!({ "example.org/x": { "v": 1 } }));
    assert_eq!(
        found["capabilities"]["resources"],
        json!({ "subscribe": true, "listChanged": true })
    );
    assert_eq!(found["capabilities"].get("tasks"), None);
    assert!(found["instructions"].as_str().unwrap().contains("gateway"));
    assert_eq!(found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "mcpvisor");
    assert_eq!((&found["resultType"], &found["ttlMs"]), (&json!("complete"), &json!(0)));
    // its own tool is one like all others
    let status = world.result("tools/call", &json!({ "name": "mcpvisor.status" })).await;
    assert_eq!(
        (&status["content"][0]["text"], &status["resultType"]),
        (&json!("fine"), &json!("complete"))
    );
    let tools = world.result("tools/list", &json!({})).await;
    assert_eq!(tools["tools"][0]["name"], "mcpvisor.status");
}

#[tokio::test]
async fn a_session_is_opened_beside_stateless_requests_on_the_same_endpoint() {
    let world = World::start().await;
    world.result("server/discover", &json!({})).await;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
    } });
    let opened = post(world.address, "", &body.to_string()).await;
    let session = opened.head.lines().find(|line| line.starts_with("mcp-session-id")).unwrap();
    let in_it = format!("{session}\r\nmcp-protocol-version: 2025-11-25\r\n");
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    let listed = post(world.address, &in_it, &list.to_string()).await.json();
    assert_eq!(listed["result"].get("resultType"), None);
    assert_eq!(
        listed["result"]["tools"].as_array().unwrap().len(),
        6,
        "with the one that is a task"
    );
    let tools = world.result("tools/list", &json!({})).await;
    assert_eq!(tools["tools"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_full_gateway_says_so_until_there_is_room() {
    let world = World::of(Scripted::default(), |spec| spec.max_requests = 1).await;
    let body = request(&json!(1), "tools/call", &json!({ "name": "s.hold" }));
    let stream = Stream::post(world.address, &headers(&body), &body.to_string()).await;
    until("the server has it", async || !world.server.heard("tools/call").is_empty()).await;
    let refused = world.ask("tools/call", &json!({ "name": "s.echo" })).await;
    assert_eq!((refused.status, refused.code()), (503, -32_003));
    assert_eq!(refused.json()["id"], 1);
    assert!(refused.head.to_lowercase().contains("retry-after: 1"), "{refused:?}");
    drop(stream);
    until("there is room", async || {
        world.ask("tools/call", &json!({ "name": "s.echo" })).await.status == 200
    })
    .await;
}
