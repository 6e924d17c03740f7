//! A call becomes two linked spans, whatever the binding of OTLP.

use crate::collector::{Collector, PATIENCE, Seen, text};
use crate::peer::Peer;
use crate::running::faulty;
use crate::world::{Client, SOON, World, spans_of};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Value, json};
use std::time::Instant;

const TOLD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const AMBIENT: &str = "00-11111111111111111111111111111111-2222222222222222-01";

fn config(peer: &Peer, telemetry: &Value) -> Value {
    json!({
        "telemetry": telemetry,
        "servers": { "peer": { "url": format!("http://{}/mcp", peer.address), "era": "legacy" } },
    })
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn of_kind(spans: &[Seen], kind: SpanKind) -> Seen {
    spans.iter().find(|it| it.span.kind == kind as i32).expect("a span of the kind").clone()
}

/// A client, the gateway, a server and a collector, over one binding.
async fn linked(protocol: &str) {
    let (peer, collector) = (Peer::start().await, Collector::start().await);
    let address = if protocol == "grpc" { collector.grpc } else { collector.http };
    let telemetry = json!({
        "endpoint": format!("http://{address}"), "protocol": protocol, "logs": false,
        "headers": { "Authorization": "Bearer collector-token" }, "service_name": "gate",
    });
    let env =
        [&SOON[..], &[("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test%20run")]]
            .concat();
    let world = World::start(config(&peer, &telemetry), &env).await;
    let client = Client::open(&world, "peer.echo").await;
    let params = json!({ "name": "peer.echo", "arguments": {}, "_meta": { "traceparent": TOLD, "tracestate": "a=1" } });
    let answer = client.request("tools/call", params, &[("traceparent", AMBIENT)]).await;
    assert_eq!(answer["result"]["content"][0]["text"], "done");

    let spans = spans_of(&collector.received, "tools/call", 2).await;
    assert_eq!(spans.len(), 2, "{spans:?}");
    let (server, client_span) =
        (of_kind(&spans, SpanKind::Server), of_kind(&spans, SpanKind::Client));
    let of = &server.resource.attributes;
    assert_eq!(text(of, "service.name").as_deref(), Some("gate"));
    assert_eq!(text(of, "service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(text(of, "deployment.environment.name").as_deref(), Some("test run"));
    let (server, below) = (server.span, client_span.span);

    assert_eq!(
        (server.name.as_str(), below.name.as_str()),
        ("tools/call peer.echo", "tools/call echo")
    );
    assert_eq!(hex(&server.trace_id), &TOLD[3..35]);
    assert_eq!(hex(&server.parent_span_id), &TOLD[36..52]);
    assert_eq!(server.trace_state, "a=1");
    assert_eq!((&below.trace_id, &below.parent_span_id), (&server.trace_id, &server.span_id));
    assert_eq!(server.links.len(), 1);
    assert_eq!(hex(&server.links[0].trace_id), &AMBIENT[3..35]);
    assert_eq!(hex(&server.links[0].span_id), &AMBIENT[36..52]);
    assert!(server.start_time_unix_nano <= below.start_time_unix_nano);
    assert!(below.start_time_unix_nano < below.end_time_unix_nano);
    assert!(below.end_time_unix_nano <= server.end_time_unix_nano);

    let heard = peer.calls("echo").pop().expect("a call");
    let told = format!("00-{}-{}-01", hex(&below.trace_id), hex(&below.span_id));
    assert_eq!(heard.message["params"]["_meta"]["traceparent"], told, "{heard:?}");
    assert_eq!(heard.traceparent.as_deref(), Some(told.as_str()));

    for (key, expected) in [
        ("mcp.method.name", "tools/call"),
        ("gen_ai.tool.name", "peer.echo"),
        ("gen_ai.operation.name", "execute_tool"),
        ("mcp.protocol.version", "2025-11-25"),
        ("network.transport", "tcp"),
        ("network.protocol.name", "http"),
        ("mcpvisor.server.name", "peer"),
        ("mcpvisor.outcome", "ok"),
    ] {
        assert_eq!(text(&server.attributes, key).as_deref(), Some(expected), "{key}");
    }
    for key in ["mcp.session.id", "jsonrpc.request.id", "mcpvisor.request.number"] {
        assert!(text(&server.attributes, key).is_some(), "{key}");
    }
    assert_eq!(text(&server.attributes, "error.type"), None);
    for (key, expected) in [
        ("gen_ai.tool.name", "echo".to_owned()),
        ("server.address", "127.0.0.1".to_owned()),
        ("server.port", peer.address.port().to_string()),
    ] {
        assert_eq!(text(&below.attributes, key), Some(expected), "{key}");
    }
    for span in [&server, &below] {
        let mut keys: Vec<_> = span.attributes.iter().map(|it| &it.key).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), span.attributes.len(), "no attribute twice: {span:?}");
    }
    let said = collector.received.authorizations();
    assert!(!said.is_empty() && said.iter().all(|it| it == "Bearer collector-token"), "{said:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_gives_linked_spans_over_grpc() {
    linked("grpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_gives_linked_spans_over_http_with_protobuf() {
    linked("http/protobuf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_gives_linked_spans_over_http_with_json() {
    linked("http/json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_on_the_spans_and_a_request_that_never_left_has_one() {
    let (peer, collector) = (Peer::start().await, Collector::start().await);
    let telemetry = json!({ "endpoint": format!("http://{}", collector.http), "logs": false });
    let world = World::start(config(&peer, &telemetry), &SOON).await;
    let client = Client::open(&world, "peer.echo").await;
    for tool in ["peer.wrong", "peer.refuse", "peer.nothing"] {
        client.call(tool).await;
    }
    let spans = spans_of(&collector.received, "tools/call", 5).await;
    assert_eq!(spans.len(), 5, "two, two and one: {spans:?}");
    for (tool, class, code) in [
        ("tools/call peer.wrong", "tool_error", None),
        ("tools/call wrong", "tool_error", None),
        ("tools/call peer.refuse", "-32602", Some("-32602")),
        ("tools/call refuse", "-32602", Some("-32602")),
    ] {
        let span = &spans.iter().find(|it| it.span.name == tool).expect(tool).span;
        assert_eq!(text(&span.attributes, "error.type").as_deref(), Some(class), "{tool}");
        assert_eq!(text(&span.attributes, "rpc.response.status_code").as_deref(), code, "{tool}");
        assert_eq!(span.status.as_ref().unwrap().code, StatusCode::Error as i32, "{tool}");
    }
    let alone = &spans.iter().find(|it| it.span.name == "tools/call peer.nothing").unwrap().span;
    assert_eq!(alone.kind, SpanKind::Server as i32);
    assert_eq!(alone.parent_span_id, Vec::<u8>::new(), "nobody told of a trace");
    assert!(text(&alone.attributes, "error.type").is_some());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sampler_of_the_configuration_and_of_the_variables_decides() {
    let (peer, collector) = (Peer::start().await, Collector::start().await);
    let telemetry = json!({ "endpoint": format!("http://{}", collector.http), "logs": false, "sample_ratio": 0 });
    let world = World::start(config(&peer, &telemetry), &SOON).await;
    let client = Client::open(&world, "peer.echo").await;
    client.call("peer.echo").await;
    let params = json!({ "name": "peer.echo", "arguments": {}, "_meta": { "traceparent": TOLD } });
    client.request("tools/call", params, &[]).await;
    let spans = spans_of(&collector.received, "tools/call", 2).await;
    assert!(
        spans.iter().all(|it| hex(&it.span.trace_id) == TOLD[3..35]),
        "only what was asked for"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_slot_is_an_event_on_the_span() {
    let (peer, collector) = (Peer::start().await, Collector::start().await);
    let telemetry = json!({ "endpoint": format!("http://{}", collector.grpc), "protocol": "grpc", "logs": false });
    let mut config = config(&peer, &telemetry);
    config["servers"]["peer"]["max_in_flight"] = json!(1);
    let world = World::start(config, &SOON).await;
    let client = Client::open(&world, "peer.slow").await;
    let calls = (0..4).map(|_| client.call("peer.slow"));
    futures_util::future::join_all(calls).await;
    let spans = spans_of(&collector.received, "tools/call", 8).await;
    let events = spans.iter().flat_map(|it| &it.span.events);
    let waits: Vec<_> = events.filter(|it| it.name == "mcpvisor.queue").collect();
    assert!(waits.len() >= 3, "{waits:?}");
    let longest = waits.iter().filter_map(|it| text(&it.attributes, "mcpvisor.queue.seconds"));
    let longest = longest.filter_map(|it| it.parse::<f64>().ok()).fold(0.0, f64::max);
    assert!(longest > 0.1, "{longest}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_server_that_comes_back_is_an_event_on_the_span() {
    let collector = Collector::start().await;
    let telemetry = json!({ "endpoint": format!("http://{}", collector.http), "logs": false });
    let config = json!({ "telemetry": telemetry, "servers": { "s": faulty(&[]) } });
    let world = World::start(config, &SOON).await;
    let client = Client::open(&world, "s.echo").await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        // the call may come before the order is carried out
        world.order("s", "restart").await;
        client.call("s.echo").await;
        let spans = collector.received.spans();
        let mut events = spans.iter().flat_map(|it| &it.span.events);
        if let Some(wait) = events.find(|it| it.name == "mcpvisor.starting") {
            let lasted = text(&wait.attributes, "mcpvisor.starting.seconds").unwrap();
            assert!(lasted.parse::<f64>().unwrap() > 0.0);
            assert_eq!(text(&wait.attributes, "mcpvisor.server.name").as_deref(), Some("s"));
            break;
        }
        assert!(Instant::now() < deadline, "never: a call that waits for its server");
    }
    world.stop().await;
}
