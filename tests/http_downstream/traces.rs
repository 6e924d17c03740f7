//! The trace a request belongs to, as headers of its POST.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Part, Reply, Request, Server, forever};
use bytes::Bytes;
use mcpvisor::downstream::HttpKind;
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::server::{Outbound, OutboundKind};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A call of this trace, with these headers of its own.
fn traced(id: u64, state: Option<&str>, headers: &[(&str, &str)]) -> Outbound {
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call"}}"#);
    let kind = OutboundKind::Request { id, initialize: false };
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let trace = TraceContext::parse(PARENT, state);
    Outbound { headers, trace, ..Outbound::new(Bytes::from(text), kind) }
}

fn of_trace(request: &Request) -> (Option<&str>, Option<&str>) {
    (request.header("traceparent"), request.header("tracestate"))
}

#[tokio::test]
async fn a_request_of_a_trace_says_so_in_its_session_and_no_other_request_does() {
    let answer = |request: &Request| handshake(request).unwrap_or_else(|| Reply::json(&result(1)));
    let server = Server::start(answer).await;
    let mut peer = Peer::established(&server).await;
    peer.0.send(traced(1, Some("v=1"), &[]));
    peer.answer(1).await;
    let call = server.wait_for("tools/call").await;
    assert_eq!(of_trace(&call), (Some(PARENT), Some("v=1")));
    assert_eq!(call.header("mcp-session-id"), Some("s1"));
    peer.request(1, "tools/list");
    peer.answer(1).await;
    assert_eq!(of_trace(&server.wait_for("tools/list").await), (None, None));
}

#[tokio::test]
async fn a_request_of_2026_07_28_says_so_beside_its_own_headers() {
    let server = Server::start(|_| Reply::json(&result(1))).await;
    let mut peer = Peer::streamable(&server).await;
    // what cannot stand in a header is left out
    peer.0.send(traced(1, Some("v=\u{7}"), &[("MCP-Protocol-Version", "2026-07-28")]));
    peer.answer(1).await;
    let call = server.wait_for("tools/call").await;
    assert_eq!(of_trace(&call), (Some(PARENT), None));
    assert_eq!(call.header("mcp-protocol-version"), Some("2026-07-28"));
}

#[tokio::test]
async fn a_request_posted_beside_an_event_stream_says_so() {
    let endpoint = Part::Say("event: endpoint\ndata: /post\n\n".to_owned());
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => Reply::events(vec![endpoint.clone(), forever()]),
        _ => Reply::accepted(),
    });
    let server = server.await;
    let mut peer = Peer::connect(target(server.url("/sse"), HttpKind::Sse)).await;
    peer.0.send(traced(1, None, &[]));
    let call = peer.quietly(server.wait_for("tools/call")).await;
    assert_eq!(of_trace(&call), (Some(PARENT), None));
}
