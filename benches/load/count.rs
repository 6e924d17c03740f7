//! One of the pure parts, so many times: what an instruction counter is held against.

use crate::parts::part;
use std::error::Error;
use std::process::Stdio;
use tokio::process::Command;

use crate::role;

/// The parts and how often each is done; once more as often makes the difference.
pub(crate) const PARTS: [(&str, u64); 5] = [
    ("small-call", 1_000),
    ("small-result", 1_000),
    ("large-result", 3),
    ("route", 1_000),
    ("tool-list", 20),
];

/// Does the part of this name so many times.
pub(crate) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [name, times] = arguments else { return Err("a part and a number".into()) };
    let part = part(name).ok_or("there is no such part")?;
    for _ in 0..times.parse()? {
        part();
    }
    Ok(())
}

/// Instructions that doing a part once takes.
#[expect(clippy::cast_precision_loss, reason = "counts of instructions fit into the mantissa")]
pub(crate) async fn instructions(name: &str, times: u64) -> Result<f64, Box<dyn Error>> {
    let (once, twice) = tokio::try_join!(collect(name, times), collect(name, 2 * times))?;
    Ok(twice.saturating_sub(once) as f64 / times as f64)
}

async fn collect(name: &str, times: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", &role::program()?])
        .args(role::arguments("count", &[name, &times.to_string()]))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|_| "valgrind is not installed")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let found = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = found.ok_or_else(|| format!("valgrind: {said}"))?;
    Ok(count.trim().parse()?)
}
