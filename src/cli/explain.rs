//! `mcpvisor explain`: what happened to a server, in words.

use super::api::{Api, NoReport, Target};
use super::paint::{Colour, Paint};
use super::{block_on, complain, say};
use crate::exit::Exit;
use crate::state::TimelineFiles;
use clap::Args;
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::timeline::{Event, TimelineStore, ago, words};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server.
    server: String,
    #[command(flatten)]
    target: Target,
    /// Read what an earlier gateway left in this folder; none need run.
    #[arg(long, value_name = "FOLDER", conflicts_with = "url")]
    state_dir: Option<PathBuf>,
    /// How many facts, the last ones.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: usize,
}

/// Exits 0 with the timeline, oldest first.
pub(super) fn run(arguments: &Arguments) -> Exit {
    if let Some(folder) = &arguments.state_dir {
        return from_disk(folder, arguments);
    }
    block_on(async {
        match from_gateway(arguments).await {
            Ok(events) => tell(&arguments.server, &events),
            Err(error) => {
                let exit = error.told();
                if matches!(error, NoReport::Unreachable { .. }) {
                    complain("What the last one saw: mcpvisor explain SERVER --state-dir FOLDER");
                }
                exit
            }
        }
    })
}

async fn from_gateway(arguments: &Arguments) -> Result<Vec<Event>, NoReport> {
    #[derive(Deserialize)]
    struct Timeline {
        events: Vec<Event>,
    }
    let api = Api::new(&arguments.target)?;
    let page = ["api", "v1", "servers", &arguments.server, "timeline"];
    let query = format!("limit={}", arguments.limit);
    let Timeline { events } = api.get(&page, Some(&query)).await?;
    Ok(events)
}

fn from_disk(folder: &Path, arguments: &Arguments) -> Exit {
    if !folder.join("timeline").is_dir() {
        let folder = folder.display();
        complain(format_args!(
            "error: {folder} holds no timelines; name the gateway's state folder"
        ));
        return Exit::Failure;
    }
    let mut events = TimelineFiles::new(folder).load(&ServerName::new(&arguments.server));
    events.drain(..events.len().saturating_sub(arguments.limit));
    if events.is_empty() {
        let server = &arguments.server;
        complain(format_args!(
            "error: nothing is known of a server `{server}` there; is it spelled so?"
        ));
        return Exit::Failure;
    }
    tell(&arguments.server, &events)
}

fn tell(server: &str, events: &[Event]) -> Exit {
    let (paint, now) = (Paint::of_stdout(), SystemTime::now());
    if events.is_empty() {
        say(format_args!("nothing has happened to {server} yet"));
    }
    for event in events {
        let at = humantime::format_rfc3339_seconds(event.at);
        let when = format!("{at}  {:<11}", ago(event.at, now));
        say(format_args!("{}  {}", paint.text(Colour::Dim, &when), words(event)));
    }
    Exit::Ok
}
