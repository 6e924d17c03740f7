//! Row 9: a server that does well beside three that do not.

use super::{Lines, Settings};
use crate::gateway::{Gateway, line_server, line_server_with, simulated};
use crate::goals::Bound::AtMost;
use crate::goals::{Line, short};
use crate::http::HttpSession;
use crate::measure::{median, percentile_us};
use crate::work::{Load, What};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::error::Error;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const FAST: &str = "fast.echo";
const CALLS: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for the others to get into trouble before the fast one is called.
const TROUBLE: Duration = Duration::from_secs(3);

/// p50 and p99 in microseconds.
type Latencies = (f64, f64);

pub(super) async fn beside(settings: &Settings) -> Lines {
    let alone = json!({ "servers": { "fast": line_server(1)? } });
    let slow =
        json!({ "slow": simulated("--delay 1000"), "frozen": simulated("--freeze-on-call") });
    let flooding = json!({ "flooding": line_server_with(&["1", "flood"])? });
    let mut lines = Vec::new();
    for (name, others) in [
        ("a slow, a frozen one", vec![&slow]),
        ("a slow, a frozen, a flooding one", vec![&slow, &flooding]),
    ] {
        let mut together = alone.clone();
        for (name, server) in others.into_iter().filter_map(Value::as_object).flatten() {
            together["servers"][name] = server.clone();
        }
        lines.extend(pair(name, &alone, &together, settings.rounds).await?);
    }
    Ok(lines)
}

async fn pair(name: &str, alone: &Value, together: &Value, rounds: usize) -> Lines {
    let (mut alones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        alones.push(round(alone).await?);
        others.push(round(together).await?);
    }
    let pairs = || others.iter().zip(&alones);
    let ratio = median(pairs().map(|(with, without)| with.1 / without.1));
    let of =
        |all: &[Latencies], figure: fn(&Latencies) -> f64| short(median(all.iter().map(figure)));
    let p99 = format!("{} µs, alone {} µs", of(&others, |it| it.1), of(&alones, |it| it.1));
    let p50 = format!("{} µs, alone {} µs", of(&others, |it| it.0), of(&alones, |it| it.0));
    Ok(vec![
        Line::ratio(9, &format!("fast server beside {name}: p99"), AtMost(1.2), Ok(ratio), p99),
        Line::told(9, &format!("fast server beside {name}: p50"), p50),
    ])
}

/// Calls the fast server while all others are called, too.
async fn round(config: &Value) -> Result<Latencies, Box<dyn Error>> {
    let gateway = Gateway::start(config).await?;
    let names = config["servers"].as_object().into_iter().flatten().map(|(name, _)| name);
    let tools = names.filter(|name| *name != "fast").map(|name| format!("{name}.echo"));
    let callers: Vec<_> = tools.map(|tool| keep_calling(&gateway, tool)).collect();
    let others = async {
        join_all(callers).await;
        std::future::pending().await
    };
    let fast = async {
        let mut session = HttpSession::open(gateway.address, FAST).await?;
        sleep(TROUBLE).await;
        let _warm_up = session.run(&Load::new(500, 4, What::Echo(100))).await?;
        let mut batch = session.run(&Load::new(CALLS, 4, What::Echo(100))).await?;
        if batch.failed > 0 {
            return Err(format!("{} calls of the fast server failed", batch.failed).into());
        }
        Ok((percentile_us(&mut batch.latencies, 50), percentile_us(&mut batch.latencies, 99)))
    };
    let both = async {
        tokio::select! {
            latencies = fast => latencies,
            never = others => never,
        }
    };
    timeout(PATIENCE, both).await.map_err(|_| "the fast server is never done")?
}

/// Two callers of a server in trouble; what they are answered does not matter.
async fn keep_calling(gateway: &Gateway, tool: String) {
    loop {
        if let Ok(mut session) = HttpSession::open(gateway.address, &tool).await {
            while session.run(&Load::new(16, 2, What::Echo(100))).await.is_ok() {}
        }
        sleep(Duration::from_millis(100)).await;
    }
}
