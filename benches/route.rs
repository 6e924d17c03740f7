//! What finding the server of a call costs among 20,000 tools: `cargo bench --bench route`.
#![allow(clippy::expect_used, missing_docs)] // criterion's macro makes undocumented functions

#[path = "support/fleet.rs"]
mod fleet;

use criterion::{Criterion, criterion_group, criterion_main};
use fleet::Fleet;
use mcpvisor_actors::catalog::{Naming, merge};
use mcpvisor_actors::wire::Subject;
use std::hint::black_box;

fn route(criterion: &mut Criterion) {
    let fleet = Fleet::new(1000, 20);
    let snapshot = merge(&Naming::default(), &fleet.entries, &fleet.known);
    assert_eq!(snapshot.section(Subject::Tool).len(), 20_000);
    let mut group = criterion.benchmark_group("route");
    for (name, tool, found) in [
        ("hit", "server-0637.tool-13", true),
        ("alias", "server-0637__tool-13", true),
        ("miss", "server-0637.tool-99", false),
    ] {
        assert_eq!(snapshot.route(Subject::Tool, tool).is_some(), found, "{tool}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| snapshot.route(Subject::Tool, black_box(tool)));
        });
    }
    // what a caller of an unknown tool is told, beside the calls of everybody else
    group.bench_function("near", |bencher| {
        bencher.iter(|| snapshot.near(Subject::Tool, black_box("server-0637.tool-99")));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots();
    targets = route
}
criterion_main!(benches);
