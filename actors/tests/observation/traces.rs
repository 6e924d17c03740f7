//! The trace a request belongs to: read on its way in, told on its way out.

use crate::client::{Client, Stateless, able, modern};
use crate::server::Connection;
use crate::witness::{Witness, spans};
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::tree::GatewaySpec;
use serde_json::{Value, json};
use std::time::Duration;

const THEIRS: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const BESIDE: &str = "00-11111111111111111111111111111111-2222222222222222-00";

fn tracing() -> Witness {
    Witness { traces: true, ..Witness::default() }
}

/// A call with these other members of `params`.
fn call(id: &str, more: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"{id}","method":"tools/call","params":{{"name":"s.work","arguments":{{ "n" : 1e0 }}{more}}}}}"#
    )
}

/// The next call a server gets, with N for its id.
async fn gets(connection: &mut Connection) -> String {
    loop {
        let text = connection.reads().await;
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["method"] == "tools/call" {
            let id = message["id"].to_string();
            return text.replacen(&format!(r#""id":{id}"#), r#""id":N"#, 1);
        }
    }
}

/// The same call as a server sees it.
fn seen(more: &str) -> String {
    call("N", more).replace(r#""N""#, "N").replace("s.work", "work")
}

#[tokio::test]
async fn a_server_that_may_know_is_told_the_trace_and_nothing_else_changes() {
    let (gateway, mut server, _witness) =
        tracing().gateway(|spec| spec.servers[0].propagate = true).await;
    let mut connection = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    let ours = spans().downward();
    for (id, said, expected) in [
        ("1", "", r#","_meta":{"traceparent":"OURS","tracestate":"v=1"}"#),
        (
            "2",
            r#", "_meta" : { "k" : [1.0] }"#,
            r#", "_meta" : { "k" : [1.0],"traceparent":"OURS","tracestate":"v=1" }"#,
        ),
        (
            "3",
            r#","_meta":{"tracestate":"t=2","traceparent":"THEIRS","k":1}"#,
            r#","_meta":{"tracestate":"v=1","traceparent":"OURS","k":1}"#,
        ),
    ] {
        client.writes(call(id, &said.replace("THEIRS", THEIRS)), None);
        let expected = seen(&expected.replace("OURS", &ours.to_string()));
        assert_eq!(gets(&mut connection).await, expected, "{said}");
    }
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn who_is_not_to_know_or_is_not_traced_gets_the_bytes_of_the_client() {
    for (witness, propagate) in [(tracing(), false), (Witness::default(), true)] {
        let change = |spec: &mut GatewaySpec| spec.servers[0].propagate = propagate;
        let (gateway, mut server, _witness) = witness.gateway(change).await;
        let mut connection = server.ready().await;
        let client = Client::open(&gateway, able()).await;
        for (id, more) in [("1", ""), ("2", r#","_meta":{"traceparent":"THEIRS" , "k":{}}"#)] {
            let more = more.replace("THEIRS", THEIRS);
            client.writes(call(id, &more), TraceContext::parse(BESIDE, None));
            assert_eq!(gets(&mut connection).await, seen(&more), "{propagate}");
        }
        gateway.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn what_a_request_says_of_its_trace_is_told_apart_from_what_came_beside_it() {
    let (gateway, mut server, witness) = tracing().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    let (theirs, beside) =
        (TraceContext::parse(THEIRS, Some("t=2")), TraceContext::parse(BESIDE, None));
    let meta = format!(r#","_meta":{{"traceparent":"{THEIRS}","tracestate":"t=2"}}"#);
    client.writes(call("1", &meta), beside.clone());
    client.writes(call("2", ""), beside.clone());
    for _ in 0..2 {
        gets(&mut connection).await;
    }
    let contexts = witness.contexts.lock().unwrap().clone();
    assert_eq!(contexts[contexts.len() - 2..], [[theirs, beside.clone()], [None, beside]]);
    assert_eq!(witness.request("1").await.trace, Some(spans()));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_trace_is_carried_over_between_the_eras() {
    let ours = spans().downward();
    let traced = json!({ "traceparent": ours.to_string(), "tracestate": "v=1" });
    for older_client in [true, false] {
        let (gateway, mut server, _witness) =
            tracing().gateway(|spec| spec.servers[0].propagate = true).await;
        let theirs = json!({ "traceparent": THEIRS, "tracestate": "t=2", "k": 1 });
        let mut connection =
            if older_client { server.ready_modern().await } else { server.ready().await };
        let mut all = Vec::new();
        if older_client {
            let client = Client::open(&gateway, able()).await;
            client.calls("1");
            all.push(connection.hears_of("tools/call").await);
            let params = json!({ "name": "s.work", "_meta": theirs });
            client.says(json!({ "jsonrpc": "2.0", "id": "2", "method": "tools/call",
                "params": params }));
            all.push(connection.hears_of("tools/call").await);
        } else {
            let client = Stateless::of(&gateway);
            let _first = client.calls(&modern("1", json!({})));
            all.push(connection.hears_of("tools/call").await);
            let mut second = modern("2", json!({}));
            for (key, value) in theirs.as_object().unwrap() {
                second["params"]["_meta"][key] = value.clone();
            }
            let _second = client.calls(&second);
            all.push(connection.hears_of("tools/call").await);
        }
        for (call, kept) in all.iter().zip([Value::Null, json!(1)]) {
            let meta = &call["params"]["_meta"];
            for key in ["traceparent", "tracestate"] {
                assert_eq!(meta[key], traced[key], "{call}");
            }
            assert_eq!(meta["k"], kept, "{call}");
            let modern = "io.modelcontextprotocol/protocolVersion";
            assert_eq!(meta[modern].is_string(), older_client, "{call}");
        }
        gateway.stop(Duration::from_secs(5)).await;
    }
}
