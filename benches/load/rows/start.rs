//! Row 11: how soon it listens, and how large it is.

use super::{Lines, Settings};
use crate::gateway::{self, Gateway, line_server};
use crate::goals::Bound::AtMost;
use crate::goals::Line;
use crate::measure::median;
use serde_json::json;
use std::fs;
use std::process::Stdio;
use tokio::process::Command;

const STARTS: usize = 10;

pub(super) async fn up(_: &Settings) -> Lines {
    let config = json!({ "servers": { "echo": line_server(1)? } });
    let mut took = Vec::new();
    for _ in 0..STARTS {
        let gateway = Gateway::start(&config).await?;
        took.push(gateway.listening_after.as_secs_f64() * 1e3);
    }
    let folder = tempfile::tempdir()?;
    let stripped = folder.path().join("stripped");
    let strip = Command::new("strip")
        .args(["-s", "-o"])
        .arg(&stripped)
        .arg(gateway::program())
        .stdin(Stdio::null())
        .status();
    let done = strip.await.is_ok_and(|status| status.success());
    let (file, what) = if done {
        (stripped, "size of the program, stripped")
    } else {
        (gateway::program().into(), "size of the program, as built: there is no strip")
    };
    #[expect(clippy::cast_precision_loss, reason = "sizes of programs fit into the mantissa")]
    let mib = fs::metadata(file)?.len() as f64 / (1024.0 * 1024.0);
    Ok(vec![
        Line::figure(
            11,
            "start-up: spawn → serving, median of 10",
            AtMost(20.0),
            median(took),
            "ms",
        ),
        Line::figure(11, what, AtMost(20.0), mib, "MiB"),
    ])
}
