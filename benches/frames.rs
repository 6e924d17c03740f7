//! What passing one message on costs: parse its envelope, find its era, give it another id, splice, and
//! no more.
//! `cargo bench --bench frames`.
#![allow(clippy::expect_used, missing_docs)] // criterion's macro makes undocumented functions

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcpvisor_actors::bridge::Incoming;
use mcpvisor_actors::wire::{CallParams, Limits, Message, Method, Payload, Strictness, string};
use std::fmt::Write;
use std::hint::black_box;

/// A call on its way to a server: another id and the tool's own name.
fn call(bytes: &Bytes) -> Payload {
    let message =
        Message::parse(bytes.clone(), Limits::default(), Strictness::Strict).expect("a message");
    assert!(matches!(Incoming::of(&message, None), Incoming::Legacy));
    let params = CallParams::of(Method::CallTool, &message).expect("a call");
    let own = string(params.name.rsplit('.').next().unwrap_or_default());
    message.with_id(b"12345", &[(params.name_span, own.as_bytes())])
}

/// A result on its way to the client: the id the client had chosen.
fn reply(bytes: &Bytes) -> Payload {
    let message =
        Message::parse(bytes.clone(), Limits::default(), Strictness::Liberal).expect("a message");
    message.with_id(b"\"request-7\"", &[])
}

/// A result of about `size` bytes that is all structure: many small records.
fn structured(size: usize) -> Bytes {
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

fn frames(criterion: &mut Criterion) {
    let request = Bytes::from_static(
        br#"{"jsonrpc":"2.0","id":"request-7","method":"tools/call","params":{"name":"files.read","arguments":{"path":"notes.txt"},"_meta":{"progressToken":"p"}}}"#,
    );
    let answer = Bytes::from_static(
        br#"{"jsonrpc":"2.0","id":12345,"result":{"content":[{"type":"text","text":"Die Luft ist blau"}]}}"#,
    );
    let mut group = criterion.benchmark_group("frames");
    for (name, bytes, pass) in [
        ("small call", request, call as fn(&Bytes) -> Payload),
        ("small result", answer, reply),
        ("100 KB structured result", structured(100_000), reply),
        ("1 MB structured result", structured(1_000_000), reply),
    ] {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| pass(black_box(&bytes))));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots();
    targets = frames
}
criterion_main!(benches);
