//! What a change at one server costs: the merge of all of them. `cargo bench --bench catalog`.
#![allow(clippy::expect_used, missing_docs)] // criterion's macro makes undocumented functions

#[path = "support/fleet.rs"]
mod fleet;

use criterion::{Criterion, criterion_group, criterion_main};
use fleet::Fleet;
use mcpvisor_actors::catalog::{Naming, NamingStrategy, merge};
use mcpvisor_actors::wire::Subject;
use std::hint::black_box;

fn catalog(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(20);
    let prefixed = Naming::default();
    // every name is wanted by every server: the worst of collisions
    let flat = Naming { strategy: NamingStrategy::Flat, ..Naming::default() };
    for (name, servers, naming) in [
        ("10 servers of 20 tools", 10, &prefixed),
        ("1000 servers of 20 tools", 1000, &prefixed),
        ("1000 servers of the same 20 names", 1000, &flat),
    ] {
        let fleet = Fleet::new(servers, 20);
        assert_eq!(
            merge(naming, &fleet.entries, &fleet.known).section(Subject::Tool).len(),
            servers * 20
        );
        group.bench_function(name, |bencher| {
            bencher.iter(|| merge(naming, black_box(&fleet.entries), black_box(&fleet.known)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots();
    targets = catalog
}
criterion_main!(benches);
