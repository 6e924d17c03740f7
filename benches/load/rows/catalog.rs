//! Row 7: a thousand servers in memory, inside this process.

use super::{Lines, Settings};
use crate::goals::Bound::AtMost;
use crate::goals::{Line, short};
use crate::measure::{self, median};
use crate::memory::Memory;
use crate::parts;
use mcpvisor_actors::catalog::Snapshot;
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use mcpvisor_actors::wire::Subject;
use serde_json::json;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const TOOLS: usize = 20;
const FEW: usize = 100;
const MANY: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn thousand(settings: &Settings) -> Lines {
    let snapshot = parts::snapshot(MANY, TOOLS);
    let rounds = settings.rounds;
    let mut lines = Vec::new();
    for (how, tool) in [("by name", "server-0637.tool-13"), ("by alias", "server-0637__tool-13")] {
        let took = median((0..rounds).map(|_| look_up(&snapshot, tool)));
        let what = format!("1,000 servers × 20 tools: route look-up {how}");
        lines.push(Line::figure(7, &what, AtMost(100.0), took, "ns"));
    }
    drop(snapshot);
    let (few, many) = (update(FEW, rounds).await?, update(MANY, rounds).await?);
    let measured = format!("{} ms among 1,000, {} ms among 100", short(many), short(few));
    let what = "catalog update of one server: CPU at ten times the servers";
    lines.push(Line::ratio(7, what, AtMost(2.0), Ok(many / few), measured));
    Ok(lines)
}

/// Nanoseconds a look-up takes.
fn look_up(snapshot: &Snapshot, tool: &str) -> f64 {
    const TIMES: u32 = 1_000_000;
    let begun = Instant::now();
    for _ in 0..TIMES {
        drop(black_box(snapshot.route(Subject::Tool, black_box(tool))));
    }
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
}

/// Milliseconds of CPU time from a server's word that its tools have changed until they are published.
async fn update(servers: usize, rounds: usize) -> Result<f64, Box<dyn Error>> {
    let fleet: Vec<Memory> = (0..servers).map(|n| Memory::new(&format!("server-{n:04}"))).collect();
    for server in &fleet {
        server.set(|script| {
            script.forgetful = true;
            script.tools = (0..TOOLS).map(|number| format!("tool-{number:02}")).collect();
        });
    }
    let specs = fleet.iter().map(Memory::spec).collect();
    let gateway = Gateway::start(GatewaySpec { servers: specs, ..GatewaySpec::default() }).await?;
    let cards = || gateway.fleet().board.cards();
    let ready = async {
        while !cards().all(|card| card.standing().state == State::Ready) {
            sleep(Duration::from_millis(50)).await;
        }
        // what a start leaves to do is no update's
        sleep(Duration::from_secs(2)).await;
    };
    timeout(PATIENCE, ready).await.map_err(|_| "the servers are never ready")?;

    let cpu = || measure::cpu(std::process::id()).ok_or("no clock");
    let mut costs = Vec::new();
    for (round, server) in fleet.iter().take(rounds).enumerate() {
        let tool = format!("new-{round}");
        let name = format!("{}.{tool}", server.name());
        let before = cpu()?;
        server.set(|script| script.tools.push(tool));
        server.say(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
        let published = async {
            while gateway.clients().view().snapshot().load().route(Subject::Tool, &name).is_none() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, published).await.map_err(|_| "a change is never published")?;
        costs.push(cpu()?.saturating_sub(before).as_secs_f64() * 1e3);
        sleep(Duration::from_millis(100)).await;
    }
    gateway.stop(Duration::from_secs(20)).await;
    Ok(median(costs))
}
