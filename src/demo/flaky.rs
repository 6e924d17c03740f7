//! The `flaky` server: crashes on purpose, so that a newcomer sees a recovery within a minute.
//!
//! A crash is an exit of the whole process, without a goodbye on the wire. It never corrupts
//! anything: there is no state to lose.
//!
//! *Invariant:* a call that loses at `roulette` is never answered.

use rmcp::model::{Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime};

/// How the process exits when a call loses at `roulette`.
pub const ROULETTE_EXIT: i32 = 7;
/// How the process exits when it crashes by itself.
pub const SELF_CRASH_EXIT: i32 = 8;
/// One call in this many loses at `roulette`.
const CHAMBERS: u64 = 6;
/// Shortest and longest life in seconds.
const LIFE: (u64, u64) = (20, 40);

/// The `flaky` server.
#[derive(Debug, Clone, Copy)]
pub struct Flaky {
    started: Instant,
}

impl Flaky {
    /// A server whose uptime starts now.
    #[allow(clippy::new_without_default)] // reading a clock is no default
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

#[tool_router]
impl Flaky {
    /// Flips a coin: heads or tails.
    #[tool(title = "Coin", annotations(read_only_hint = true, idempotent_hint = false))]
    async fn coin(&self) -> String {
        if random_below(2) == 0 { "heads" } else { "tails" }.to_owned()
    }

    /// Crashes the server for one call in six, before it answers.
    #[tool(title = "Roulette", annotations(destructive_hint = true, idempotent_hint = false))]
    async fn roulette(&self) -> String {
        if random_below(CHAMBERS) == 0 {
            std::process::exit(ROULETTE_EXIT);
        }
        "click".to_owned()
    }

    /// Tells how long this process has been running.
    #[tool(title = "Uptime", annotations(read_only_hint = true, idempotent_hint = true))]
    async fn uptime(&self) -> String {
        let seconds = self.started.elapsed().as_secs();
        format!("process {} has been up for {seconds} s", std::process::id())
    }
}

#[tool_handler]
impl ServerHandler for Flaky {
    fn get_info(&self) -> ServerConfig {
        let server = Implementation::new("mcpvisor-flaky", env!("CARGO_PKG_VERSION"))
            .with_title("mcpvisor flaky server");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(server)
            .with_instructions("A server that crashes on purpose. Call uptime to see it come back.")
    }
}

/// Ends the process after 20 to 40 seconds.
pub async fn crash_later() {
    let life = LIFE.0 + random_below(LIFE.1 - LIFE.0 + 1);
    tokio::time::sleep(Duration::from_secs(life)).await;
    std::process::exit(SELF_CRASH_EXIT);
}

/// A number below `bound`, random enough for a toy: the keys of `RandomState` come from the system.
fn random_below(bound: u64) -> u64 {
    RandomState::new().hash_one((SystemTime::now(), std::process::id())) % bound
}

#[cfg(test)]
mod tests {
    use super::random_below;

    #[test]
    fn every_chamber_is_hit_sooner_or_later() {
        let mut hits = [0u32; 6];
        for _ in 0..6_000 {
            hits[usize::try_from(random_below(6)).unwrap()] += 1;
        }
        assert!(hits.iter().all(|&count| count > 500), "{hits:?}");
    }
}
