//! Row 6: a hundred processes behind one gateway.

use super::{Lines, Settings};
use crate::gateway::{Gateway, Place, line_server};
use crate::goals::Bound::AtMost;
use crate::goals::{Line, short};
use crate::http::{Connection, HttpSession};
use crate::lines::LineSession;
use crate::measure::{self, median};
use crate::role;
use futures_util::future::try_join_all;
use memchr::memmem;
use serde_json::json;
use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const SERVERS: usize = 100;
const TOOLS: usize = 10;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the gateway is left alone before its idling is watched, and how long it is watched.
const SETTLING: Duration = Duration::from_secs(10);
const WATCHED: Duration = Duration::from_secs(20);

pub(super) async fn hundred(settings: &Settings) -> Lines {
    let server = line_server(TOOLS)?;
    let servers: serde_json::Map<_, _> =
        (0..SERVERS).map(|number| (format!("s{number:03}"), server.clone())).collect();
    let config = json!({ "servers": servers, "defaults": { "required": true } });
    let first = Gateway::start(&config).await?;
    connected(first.address).await?;
    let mut place = first.stop().await?;

    let (mut listed, mut all, mut ratios, mut alone_took) = (vec![], vec![], vec![], vec![]);
    for _ in 0..settings.rounds {
        let alone = alone().await?;
        let started = Instant::now();
        let gateway = Gateway::start_in(place, &[]).await?;
        list_all(&mut HttpSession::open(gateway.address, "").await?).await?;
        listed.push(started.elapsed().as_secs_f64() * 1e3);
        connected(gateway.address).await?;
        let took = started.elapsed().as_secs_f64();
        all.push(took * 1e3);
        ratios.push(took / alone);
        alone_took.push(alone * 1e3);
        place = gateway.stop().await?;
    }
    let (took, alone) = (median(all), median(alone_took));
    let times = format!("{} ms, alone {} ms", short(took), short(alone));
    let name = "100 stdio servers × 10 tools";
    let mut lines = vec![
        Line::figure(
            6,
            &format!("{name}: spawn → 1,000 tools listed"),
            AtMost(100.0),
            median(listed),
            "ms",
        ),
        Line::ratio(6, &format!("{name}: all connected"), AtMost(1.5), Ok(median(ratios)), times),
    ];
    lines.extend(running(name, place, settings.rounds).await?);
    Ok(lines)
}

/// What it takes while it runs.
async fn running(name: &str, place: Place, rounds: usize) -> Lines {
    const LISTS: u32 = 50;
    let gateway = Gateway::start_in(place, &[]).await?;
    connected(gateway.address).await?;
    let mut session = HttpSession::open(gateway.address, "").await?;
    list_all(&mut session).await?;
    let cpu = || measure::cpu(gateway.pid()).ok_or("the gateway is gone");
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let before = cpu()?;
        for _ in 0..LISTS {
            session.ask(LIST).await?;
        }
        costs.push(cpu()?.saturating_sub(before).as_secs_f64() * 1e3 / f64::from(LISTS));
    }
    sleep(SETTLING).await;
    let rss = measure::rss_kib(gateway.pid()).unwrap_or(f64::NAN) / 1024.0;
    let (before, began) = (cpu()?, Instant::now());
    sleep(WATCHED).await;
    let idle = cpu()?.saturating_sub(before).as_secs_f64() * 100.0 / began.elapsed().as_secs_f64();
    Ok(vec![
        Line::figure(
            6,
            &format!("{name}: CPU of tools/list of 1,000"),
            AtMost(1.0),
            median(costs),
            "ms",
        ),
        Line::figure(6, &format!("{name}: RSS without children"), AtMost(40.0), rss, "MiB"),
        Line::figure(6, &format!("{name}: idle CPU over 20 s"), AtMost(0.2), idle, "%"),
    ])
}

/// Starts the same processes without a gateway, all at once, and lists each; the seconds that takes.
async fn alone() -> Result<f64, Box<dyn Error>> {
    let program = role::program()?;
    let arguments = role::arguments("lines", &[&TOOLS.to_string()]);
    let started = Instant::now();
    let sessions = (0..SERVERS).map(|_| async {
        let mut session = LineSession::start(&program, &arguments, "echo").await?;
        session.ask(LIST).await?;
        Ok::<_, std::io::Error>(session)
    });
    let sessions = timeout(PATIENCE, try_join_all(sessions)).await??;
    let took = started.elapsed().as_secs_f64();
    drop(sessions);
    Ok(took)
}

/// Lists until all tools are there.
async fn list_all(session: &mut HttpSession) -> Result<(), Box<dyn Error>> {
    let listing = async {
        loop {
            let tools = memmem::find_iter(session.ask(LIST).await?, b"\"inputSchema\"").count();
            if tools == SERVERS * TOOLS {
                return Ok(());
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, listing).await.map_err(|_| "the tools are never all listed")?
}

/// Waits until every server is connected: all of them are required.
async fn connected(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let waiting = async {
        let mut connection = Connection::open(address).await?;
        while connection.get(address, "/readyz").await? != 200 {
            sleep(Duration::from_millis(3)).await;
        }
        Ok(())
    };
    timeout(PATIENCE, waiting).await.map_err(|_| "the servers are never all connected")?
}
