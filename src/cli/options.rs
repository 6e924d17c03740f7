//! Options several commands share, and how a configuration comes of them.

use crate::config::{self, Config, Env, Format, LogFormat, Source};
use crate::exit::Exit;
use crate::gateway;
use crate::telemetry::{self, LogSettings};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Options of every command that needs a configuration.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Common {
    /// Configuration file (.yaml, .toml, .json, .jsonc, .json5); two demo servers when absent.
    #[arg(long, short, env = "MCPVISOR_CONFIG", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Folder for what is remembered from run to run.
    #[arg(long, value_name = "FOLDER")]
    pub(super) state_dir: Option<PathBuf>,
    /// What to log: a level or directives.
    #[arg(long, value_name = "LEVEL")]
    pub(super) log_level: Option<String>,
    /// How to log.
    #[arg(long, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
}

impl Common {
    /// Reads the configuration (or makes the demo's) and starts logging. Faults are printed.
    pub(super) fn load(&self, overrides: &Overrides) -> Result<Config, Exit> {
        let loaded = match &self.config {
            Some(path) => config::load(&Source { path: path.clone(), env: Env::of_process() }),
            None => demo_config(),
        };
        let mut config = loaded.map_err(|faults| {
            super::complain(faults);
            Exit::Config
        })?;
        self.apply(overrides, &mut config);
        if let Err(faults) = config::check_exposure(&config, false) {
            super::complain(faults);
            return Err(Exit::Config);
        }
        let settings = LogSettings { level: config.log.level.clone(), format: config.log.format };
        telemetry::init(&settings, gateway::redaction(&config)).map_err(|fault| {
            super::complain(format_args!("error: {fault}"));
            Exit::Usage
        })?;
        for note in &config.notes {
            tracing::warn!("{note}");
        }
        Ok(config)
    }

    fn apply(&self, overrides: &Overrides, config: &mut Config) {
        if let Some(listen) = overrides.listen {
            config.listen = listen;
        }
        config.http.allow_remote |= overrides.allow_remote;
        if let Some(folder) = &self.state_dir {
            config.state_dir = Some(folder.clone());
        }
        if let Some(level) = &self.log_level {
            config.log.level.clone_from(level);
        }
        if let Some(format) = self.log_format {
            config.log.format = format;
        }
    }
}

/// What the command line changes of a configuration.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Overrides {
    /// Address to listen on.
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
    /// Allow to listen on an address that other machines reach.
    #[arg(long)]
    pub(super) allow_remote: bool,
}

/// The embedded demo: two servers that are this very program.
fn demo_config() -> Result<Config, config::Faults> {
    let exe = std::env::current_exe().unwrap_or_else(|_| "mcpvisor".into());
    let server = |which: &str| serde_json::json!({ "command": exe.to_string_lossy().replace("${", "$${"), "args": ["demo", which] });
    let text = serde_json::json!({
        "servers": { "demo": server("demo"), "flaky": server("flaky") },
    });
    config::parse(&text.to_string(), Format::Json, &Env::of_process())
}
