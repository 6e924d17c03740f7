//! What a change at one server costs: `cargo bench --bench catalog`.
//!
//! A publication is measured among ten, a hundred and a thousand servers; what it costs must not grow with
//! them. The merge of everything is what a gateway does once, when it starts.
#![allow(clippy::expect_used, missing_docs)] // criterion's macro makes undocumented functions

#[path = "support/fleet.rs"]
mod fleet;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use fleet::Fleet;
use mcpvisor_actors::catalog::{Groups, Naming, NamingStrategy, Seen, Views, merge};
use mcpvisor_actors::wire::Subject;
use std::collections::HashSet;
use std::hint::black_box;
use std::sync::Arc;

/// Every name is wanted by every server: the worst of collisions.
fn flat() -> Naming {
    Naming { strategy: NamingStrategy::Flat, ..Naming::default() }
}

fn everything(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(10);
    for (name, servers, naming) in [
        ("10 servers of 20 tools", 10, Naming::default()),
        ("1000 servers of 20 tools", 1000, Naming::default()),
        ("1000 servers of the same 20 names", 1000, flat()),
    ] {
        let fleet = Fleet::new(servers, 20);
        assert_eq!(
            merge(&naming, &fleet.entries, &fleet.known).section(Subject::Tool).len(),
            servers * 20
        );
        group.bench_function(name, |bencher| {
            bencher.iter(|| merge(&naming, black_box(&fleet.entries), black_box(&fleet.known)));
        });
    }
    group.finish();
}

fn one(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update of one server");
    for (name, servers, naming) in [
        ("among 10", 10, Naming::default()),
        ("among 100", 100, Naming::default()),
        ("among 1000", 1000, Naming::default()),
        ("among 1000 of the same names", 1000, flat()),
    ] {
        let mut fleet = Fleet::new(servers, 20);
        let entries = Arc::new(fleet.entries.clone());
        let views = Views::new(naming, entries, Groups::default());
        views.publish(&fleet.known, &HashSet::new());
        let news = HashSet::from([fleet.entries[servers / 2].spec.name.clone()]);
        let mut more = false;
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    more = !more;
                    fleet.say(servers / 2, if more { 21 } else { 20 });
                    fleet.known.clone()
                },
                |known| views.publish_news(&news, &known, &HashSet::new()),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn list(criterion: &mut Criterion) {
    let fleet = Fleet::new(1000, 20);
    let snapshot = merge(&Naming::default(), &fleet.entries, &fleet.known);
    let section = snapshot.section(Subject::Tool);
    let mut group = criterion.benchmark_group("list");
    for size in [1000, 20_000] {
        group.bench_function(format!("{size} tools"), |bencher| {
            let page = || section.page(Seen::Legacy, None, black_box(size));
            bencher.iter(|| page().map(|page| page.items()));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots();
    targets = everything, one, list
}
criterion_main!(benches);
