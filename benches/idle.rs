//! What it costs to watch over a thousand servers nobody calls: `cargo bench --bench idle`.
//!
//! The servers are in memory, so what is measured is the gateway and as little as possible besides:
//! the processor time of the process over a minute, and its memory against a tree without servers.
//! With `-- --aged` the memory after a day, which passes in a moment under a clock of its own.
//! It never runs without `--bench`.
#![cfg(target_os = "linux")]
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../tests/support/memory.rs"]
mod memory;

use mcpvisor_actors::fleet::State;
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use memory::Memory;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

const SERVERS: u32 = 1_000;
/// How long the processor is watched.
const WATCHED: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Percent of one core.
const CPU_GOAL: f64 = 1.0;
/// KiB a server.
const MEMORY_GOAL: f64 = 40.0;

fn main() -> ExitCode {
    let given = |flag: &str| std::env::args().any(|argument| argument == flag);
    if !given("--bench") {
        return ExitCode::SUCCESS; // `cargo test --benches` only looks whether it starts
    }
    let measured = if given("--aged") {
        let paused = Builder::new_current_thread().enable_all().start_paused(true).build();
        measure(&paused.expect("a runtime"), DAY)
    } else {
        measure(&Builder::new_multi_thread().enable_all().build().expect("a runtime"), WATCHED)
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Watches a tree with servers for so long, on the clock of the runtime.
fn measure(runtime: &Runtime, long: Duration) -> Result<(), Box<dyn Error>> {
    runtime.block_on(async {
        let empty = tree(0).await?;
        sleep(Duration::from_secs(5)).await;
        let without = resident()?;
        let begun = Instant::now();
        let full = tree(SERVERS).await?;
        ready(&full).await;
        let took = begun.elapsed();
        say(&format!("{SERVERS} servers ready after {:.1} s", took.as_secs_f64()))?;
        sleep(Duration::from_secs(20)).await;
        report("memory at the start", share(resident()? - without), "KiB a server", MEMORY_GOAL)?;

        let (begun, used) = (std::time::Instant::now(), processor_time()?);
        sleep(long).await;
        let used = processor_time()?.saturating_sub(used).as_secs_f64();
        if long == WATCHED {
            let percent = 100.0 * used / begun.elapsed().as_secs_f64();
            report("processor", percent, "% of one core", CPU_GOAL)?;
        } else {
            say(&format!("processor: {used:.1} s for {} h", long.as_secs() / 3600))?;
        }
        let memory = share(resident()? - without);
        report("memory at the end", memory, "KiB a server", MEMORY_GOAL)?;
        full.stop(Duration::from_secs(30)).await;
        empty.stop(Duration::from_secs(30)).await;
        Ok(())
    })
}

async fn tree(servers: u32) -> Result<Gateway, Box<dyn Error>> {
    let server = |n| {
        let server = Memory::new(&format!("server-{n:04}"));
        server.set(|script| script.forgetful = true);
        server.spec()
    };
    let spec =
        GatewaySpec { servers: (0..servers).map(server).collect(), ..GatewaySpec::default() };
    Ok(Gateway::start(spec).await?)
}

async fn ready(gateway: &Gateway) {
    let cards = || gateway.fleet().board.cards();
    while !cards().all(|card| card.standing().state == State::Ready) {
        sleep(Duration::from_millis(100)).await;
    }
}

/// Of so many KiB, one server's.
#[expect(clippy::cast_precision_loss, reason = "memory in KiB fits into the mantissa")]
fn share(kib: i64) -> f64 {
    kib as f64 / f64::from(SERVERS)
}

/// KiB of this process in memory.
fn resident() -> Result<i64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// What this process has used of the processor.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_name, rest) = stat.rsplit_once(')').ok_or("a strange stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
}

fn report(what: &str, figure: f64, unit: &str, goal: f64) -> std::io::Result<()> {
    let verdict = if figure < goal { "met" } else { "MISSED" };
    say(&format!("{what}: {figure:.2} {unit}; the goal is below {goal}: {verdict}"))
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
