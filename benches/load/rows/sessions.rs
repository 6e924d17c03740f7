//! Row 8: what a session costs that does nothing.

use super::{Lines, Settings};
use crate::gateway::{Gateway, http_server};
use crate::goals::Bound::AtMost;
use crate::goals::Line;
use crate::http::Connection;
use crate::measure;
use crate::role::Listening;
use futures_util::future::try_join_all;
use serde_json::json;
use std::error::Error;
use std::time::Duration;
use tokio::time::sleep;

/// Connections that the sessions are opened over.
const CONNECTIONS: u32 = 8;
/// What is opened before anything is counted, so that tables and pools have their size.
const BEFORE: u32 = 200;
const SETTLING: Duration = Duration::from_secs(3);

pub(super) async fn idle(_: &Settings) -> Lines {
    let silent = cost(10_000, false).await?;
    let listening = cost(1_000, true).await?;
    Ok(vec![
        Line::figure(8, "10,000 idle sessions: each", AtMost(12.0), silent, "KiB"),
        Line::figure(
            8,
            "1,000 idle sessions with an open GET stream: each",
            AtMost(24.0),
            listening,
            "KiB",
        ),
    ])
}

/// KiB of the gateway's memory a session takes.
async fn cost(sessions: u32, listen: bool) -> Result<f64, Box<dyn Error>> {
    let origin = Listening::start("origin", &[]).await?;
    let config = json!({
        "servers": { "echo": http_server(origin.address) },
        "limits": { "max_sessions": 12_000, "max_connections": 4_000 },
    });
    let gateway = Gateway::start(&config).await?;
    let mut held = open(&gateway, BEFORE, listen).await?;
    sleep(SETTLING).await;
    let before = measure::rss_kib(gateway.pid()).ok_or("the gateway is gone")?;
    held.extend(open(&gateway, sessions, listen).await?);
    sleep(SETTLING).await;
    let after = measure::rss_kib(gateway.pid()).ok_or("the gateway is gone")?;
    drop(held);
    Ok((after - before) / f64::from(sessions))
}

/// Opens so many sessions; the connections that must stay.
async fn open(
    gateway: &Gateway,
    sessions: u32,
    listen: bool,
) -> Result<Vec<Connection>, Box<dyn Error>> {
    let address = gateway.address;
    let workers = (0..CONNECTIONS).map(|_| async {
        let (mut connection, mut held) = (Connection::open(address).await?, Vec::new());
        for _ in 0..sessions / CONNECTIONS {
            let id = connection.initialize(address).await?;
            if let (true, Some(id)) = (listen, id) {
                let mut stream = Connection::open(address).await?;
                stream.listen(address, &id).await?;
                held.push(stream);
            }
        }
        Ok::<_, std::io::Error>(held)
    });
    Ok(try_join_all(workers).await?.into_iter().flatten().collect())
}
