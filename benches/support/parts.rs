//! The pure parts of the path of a call, each as something that can be done any number of times.

use bytes::Bytes;
use mcpvisor_actors::bridge::Incoming;
use mcpvisor_actors::catalog::{Naming, Seen, Snapshot, merge};
use mcpvisor_actors::wire::{
    CallParams, Limits, Message, Method, Payload, Strictness, Subject, string,
};
use std::fmt::Write;
use std::hint::black_box;

use crate::fleet::Fleet;

/// A call as a client sends it.
pub(crate) const CALL: &[u8] = br#"{"jsonrpc":"2.0","id":"request-7","method":"tools/call","params":{"name":"files.read","arguments":{"path":"notes.txt"},"_meta":{"progressToken":"p"}}}"#;

/// A result as a server sends it.
pub(crate) const RESULT: &[u8] = br#"{"jsonrpc":"2.0","id":12345,"result":{"content":[{"type":"text","text":"Die Luft ist blau"}]}}"#;

/// A call on its way to a server: another id and the tool's own name.
pub(crate) fn call(bytes: &Bytes) -> Payload {
    let message =
        Message::parse(bytes.clone(), Limits::default(), Strictness::Strict).expect("a message");
    assert!(matches!(Incoming::of(&message, None), Incoming::Legacy));
    let params = CallParams::of(Method::CallTool, &message).expect("a call");
    let own = string(params.name.rsplit('.').next().unwrap_or_default());
    message.with_id(b"12345", &[(params.name_span, own.as_bytes())])
}

/// A result on its way to the client: the id the client had chosen.
pub(crate) fn reply(bytes: &Bytes) -> Payload {
    let message =
        Message::parse(bytes.clone(), Limits::default(), Strictness::Liberal).expect("a message");
    message.with_id(b"\"request-7\"", &[])
}

/// A result of about `size` bytes that is all structure: many small records.
pub(crate) fn structured(size: usize) -> Bytes {
    let mut text = String::from(
        r#"{"jsonrpc":"2.0","id":12345,"result":{"content":[],"structuredContent":{"records":["#,
    );
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        let comma = if number == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}{{"number":{number},"name":"record \"{number}\"","weight":1.50,"tags":["a","b"],"open":true}}"#
        )
        .expect("strings can be written to");
    }
    text.push_str("]}}}");
    text.into()
}

/// What clients see of so many servers.
pub(crate) fn snapshot(servers: usize, tools: usize) -> Snapshot {
    let fleet = Fleet::new(servers, tools);
    merge(&Naming::default(), &fleet.entries, &fleet.known)
}

/// A part by its name, ready to be done.
pub(crate) fn part(name: &str) -> Option<Box<dyn Fn()>> {
    let frame = |bytes: Bytes, pass: fn(&Bytes) -> Payload| {
        Box::new(move || drop(black_box(pass(black_box(&bytes))))) as Box<dyn Fn()>
    };
    Some(match name {
        "small-call" => frame(Bytes::from_static(CALL), call),
        "small-result" => frame(Bytes::from_static(RESULT), reply),
        "large-result" => frame(structured(1_000_000), reply),
        "route" => {
            let snapshot = snapshot(100, 10);
            Box::new(move || {
                drop(black_box(snapshot.route(Subject::Tool, black_box("server-0063.tool-03"))));
            })
        }
        "tool-list" => {
            let snapshot = snapshot(100, 10);
            let list = move || snapshot.section(Subject::Tool).page(Seen::Legacy, None, 1_000);
            Box::new(move || drop(black_box(list())))
        }
        _ => return None,
    })
}
