//! The configuration file: what is accepted, what it means, and what is said about faults.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "config/effects.rs"]
mod effects;
#[path = "config/environment.rs"]
mod environment;
#[path = "config/example.rs"]
mod example;
#[path = "config/faults.rs"]
mod faults;
#[path = "config/files.rs"]
mod files;
#[path = "config/formats.rs"]
mod formats;
#[path = "config/groups.rs"]
mod groups;
#[path = "config/health.rs"]
mod health;
#[path = "config/pasted.rs"]
mod pasted;
#[path = "config/secrets.rs"]
mod secrets;
#[path = "config/telemetry.rs"]
mod telemetry;

use mcpvisor::config::{self, Config, Env, Format};

/// A YAML configuration that is expected to be sound.
fn sound(text: &str) -> Config {
    config::parse(text, Format::Yaml, &Env::default())
        .unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// The faults of a YAML configuration, one a line.
fn faulty(text: &str) -> String {
    match config::parse(text, Format::Yaml, &Env::default()) {
        Ok(_) => panic!("no fault in:\n{text}"),
        Err(faults) => faults.to_string(),
    }
}

/// Everything a configuration says, but for notes.
fn said(mut config: Config) -> String {
    config.notes.clear();
    format!("{config:#?}")
}
