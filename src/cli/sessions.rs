//! `mcpvisor sessions`: who is connected.

use super::api::{Api, NoReport, Target};
use super::paint::Paint;
use super::table::table;
use super::{block_on, say};
use crate::exit::Exit;
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// Options of `sessions`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Print them as JSON, one a line.
    #[arg(long)]
    json: bool,
}

/// Exits 0 with the sessions of clients.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        match asked(arguments).await {
            Ok(sessions) => tell(&sessions, arguments.json),
            Err(error) => error.told(),
        }
    })
}

async fn asked(arguments: &Arguments) -> Result<Vec<Value>, NoReport> {
    #[derive(Deserialize)]
    struct Sessions {
        sessions: Vec<Value>,
    }
    let api = Api::new(&arguments.target)?;
    let Sessions { sessions } = api.get(&["api", "v1", "sessions"], None).await?;
    Ok(sessions)
}

fn tell(sessions: &[Value], json: bool) -> Exit {
    if json {
        sessions.iter().for_each(say);
    } else if sessions.is_empty() {
        say("nobody is connected");
    } else {
        let heads = ["SESSION", "CLIENT", "FACE", "REVISION", "VIEW", "IDLE", "IN FLIGHT"];
        let rows: Vec<Vec<String>> = sessions.iter().map(cells).collect();
        say(table(&heads, &rows, Paint::of_stdout()));
    }
    Exit::Ok
}

fn cells(session: &Value) -> Vec<String> {
    let text = |key: &str| session[key].as_str().unwrap_or("-").to_owned();
    let client = match (session["client"]["name"].as_str(), session["client"]["version"].as_str()) {
        (Some(name), Some(version)) => format!("{name} {version}").trim_end().to_owned(),
        (Some(name), None) => name.to_owned(),
        (None, _) => "-".to_owned(),
    };
    let idle = session["idleMs"].as_f64().unwrap_or_default();
    let idle = Duration::try_from_secs_f64(idle / 1e3).unwrap_or_default().as_secs();
    vec![
        text("id"),
        client,
        text("face"),
        text("revision"),
        text("view"),
        humantime::format_duration(Duration::from_secs(idle)).to_string(),
        session["inFlight"].as_u64().unwrap_or_default().to_string(),
    ]
}
