//! `mcpvisor doctor`: what is wrong, and what to do about it.

use super::api::{Api, NoReport, Target};
use super::paint::{Colour, Paint};
use super::{block_on, say};
use crate::admin::{Finding, Severity, findings};
use crate::exit::Exit;
use clap::Args;
use mcpvisor_actors::timeline::clean;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Look at this server only.
    server: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// Exits 1 when anything is red.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        match examine(arguments).await {
            Ok(exit) => exit,
            Err(error) => error.told(),
        }
    })
}

async fn examine(arguments: &Arguments) -> Result<Exit, NoReport> {
    let api = Api::new(&arguments.target)?;
    let health = api.health().await?;
    let servers = match &arguments.server {
        Some(name) => vec![api.server(name).await?],
        None => api.servers().await?,
    };
    let found = findings(&health, &servers);
    let red = found.iter().filter(|finding| finding.severity == Severity::Red).count();
    for finding in &found {
        say(line(finding, Paint::of_stdout()));
    }
    if red > 0 {
        return Ok(Exit::Failure);
    }
    let all = match (&arguments.server, servers.len()) {
        (Some(name), _) => format!("all green: nothing is wrong with {name}"),
        (None, 0) => "all green: the gateway is well and has no servers".to_owned(),
        (None, 1) => "all green: the gateway and its server are well".to_owned(),
        (None, count) => format!("all green: the gateway and its {count} servers are well"),
    };
    say(Paint::of_stdout().text(Colour::Green, &all));
    Ok(Exit::Ok)
}

fn line(finding: &Finding, paint: Paint) -> String {
    let (mark, colour) = match finding.severity {
        Severity::Red => ("red ", Colour::Red),
        Severity::Note => ("note", Colour::Yellow),
    };
    let Finding { about, text, fix, .. } = finding;
    format!("{}  {about}: {}\n      → {}", paint.text(colour, mark), clean(text), clean(fix))
}
