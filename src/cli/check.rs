//! `mcpvisor check`: is this configuration good?

use super::{complain, say};
use crate::config::{self, Env, Source};
use crate::exit::Exit;
use crate::gateway;
use clap::Args;
use std::path::PathBuf;

/// Options of `check`.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Arguments {
    /// Configuration file to check.
    #[arg(long, short, env = "MCPVISOR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the JSON Schema of configurations, for editors.
    #[arg(long)]
    schema: bool,
}

/// Prints every fault and exits 78, or says what the file amounts to and exits 0.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let Some(path) = arguments.config.clone().filter(|_| !arguments.schema) else {
        say(format_args!("{:#}", config::schema()));
        return Exit::Ok;
    };
    match config::load(&Source { path, env: Env::of_process() }) {
        Ok(config) => {
            if let Err(faults) = config::check_exposure(&config, false) {
                complain(faults);
                return Exit::Config;
            }
            let redaction = gateway::redaction(&config);
            for note in &config.notes {
                complain(redaction.clean_text(&format!("note: {note}")));
            }
            say(redaction.clean_text(&config.report().to_string()));
            Exit::Ok
        }
        Err(faults) => {
            complain(faults);
            Exit::Config
        }
    }
}
