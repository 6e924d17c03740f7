//! What passing one message on costs: parse its envelope, find its era, give it another id, splice, and
//! no more.
//! `cargo bench --bench frames`.
#![allow(clippy::expect_used, missing_docs)] // criterion's macro makes undocumented functions

#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/parts.rs"]
#[allow(dead_code)] // each bench uses its part
mod parts;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mcpvisor_actors::wire::Payload;
use parts::{CALL, RESULT, call, reply, structured};
use std::hint::black_box;

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frames");
    for (name, bytes, pass) in [
        ("small call", Bytes::from_static(CALL), call as fn(&Bytes) -> Payload),
        ("small result", Bytes::from_static(RESULT), reply),
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
