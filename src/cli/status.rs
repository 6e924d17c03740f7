//! `mcpvisor status`: all servers at a glance.

use super::api::{Api, NoReport, Target};
use super::paint::{Colour, Paint};
use super::{block_on, say};
use crate::admin::{Health, ServerReport};
use crate::exit::Exit;
use clap::Args;
use mcpvisor_actors::health::Trend;
use mcpvisor_actors::timeline::clean;
use serde_json::json;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

/// Time between two looks with `--watch`.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Options of `status`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Print the whole report as JSON.
    #[arg(long)]
    json: bool,
    /// Look again each second, until interrupted.
    #[arg(long)]
    watch: bool,
}

/// Exits 0 when every required server is ready, else 1.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        let api = match Api::new(&arguments.target) {
            Ok(api) => api,
            Err(error) => return error.told(),
        };
        if arguments.watch {
            watch(&api, arguments.json).await
        } else {
            match look(&api).await {
                Ok(seen) => {
                    say(seen.text(arguments.json));
                    seen.exit()
                }
                Err(error) => error.told(),
            }
        }
    })
}

/// Shows it anew each second, whatever happens to the gateway; ends when nobody reads any more.
async fn watch(api: &Api, json: bool) -> Exit {
    loop {
        let seen = look(api).await;
        let text = match &seen {
            Ok(seen) => seen.text(json),
            Err(error) => format!("error: {error}"),
        };
        // home, the text, then nothing below it: no flicker
        let (home, end) =
            if Paint::is_screen() && !json { ("\u{1b}[H\u{1b}[2J", "") } else { ("", "\n") };
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{home}{text}{}", if json { "" } else { end });
        if written.and_then(|()| out.flush()).is_err() {
            return seen.map_or(Exit::Failure, |seen| seen.exit());
        }
        drop(out);
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// What was seen at one look.
struct Seen {
    health: Health,
    servers: Vec<ServerReport>,
}

async fn look(api: &Api) -> Result<Seen, NoReport> {
    Ok(Seen { health: api.health().await?, servers: api.servers().await? })
}

impl Seen {
    fn exit(&self) -> Exit {
        let ready = !self.servers.iter().any(ServerReport::is_missed);
        if ready && self.health.status.serves() { Exit::Ok } else { Exit::Failure }
    }

    fn text(&self, json: bool) -> String {
        let Self { health, servers } = self;
        if json {
            let whole = json!({ "status": health.status, "loops": health.loops, "uptimeMs": health.uptime_ms,
                "clients": health.clients, "servers": servers });
            return whole.to_string();
        }
        let paint = Paint::of_stdout();
        let serving = servers.iter().filter(|server| server.available).count();
        let colour = if servers.iter().all(ServerReport::is_well) && health.status.serves() {
            Colour::Green
        } else {
            Colour::Red
        };
        let mut text = format!(
            "mcpvisor {}: {}, {serving} of {} servers serve, {} sessions, up {}\n\n",
            health.version,
            paint.text(colour, health.status.word()),
            servers.len(),
            health.clients.sessions,
            humantime::format_duration(Duration::from_secs(health.uptime_ms / 1000)),
        );
        text.push_str(&table(servers, paint));
        for (name, _) in health.loops.iter().filter(|(_, turns)| !**turns) {
            let line = format!("the gateway's own loop `{name}` does not answer");
            let _never_fails = write!(text, "\n{}", paint.text(Colour::Red, &line));
        }
        text
    }
}

fn table(servers: &[ServerReport], paint: Paint) -> String {
    let heads = ["SERVER", "STATE", "SCORE", "CALLS", "IN FLIGHT"].map(str::to_owned);
    let mut rows = vec![(heads, Colour::Dim, "WHY".to_owned())];
    rows.extend(servers.iter().map(|server| (cells(server), colour(server), why(server))));
    let mut widths = [0; 5];
    for (cells, ..) in &rows {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut lines = Vec::new();
    for (cells, colour, why) in &rows {
        let mut line = String::new();
        for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let cell = format!("{cell:<width$}  ");
            let painted = at == 1 || *colour == Colour::Dim;
            line.push_str(&if painted { paint.text(*colour, &cell) } else { cell });
        }
        line.push_str(why);
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

fn cells(server: &ServerReport) -> [String; 5] {
    let arrow = match server.quality.trend {
        Trend::Improving => " ↑",
        Trend::Stable => "",
        Trend::Degrading => " ↓",
    };
    let failed = match server.calls.failed {
        0 => String::new(),
        failed => format!(" ({failed} failed)"),
    };
    let queued = match server.queued {
        0 => String::new(),
        queued => format!(" +{queued}"),
    };
    [
        server.name.clone(),
        server.state.clone(),
        format!("{}{arrow}", server.score),
        format!("{}{failed}", server.calls.served + server.calls.failed),
        format!("{}{queued}", server.in_flight),
    ]
}

fn colour(server: &ServerReport) -> Colour {
    match (server.is_well(), &*server.state) {
        (true, "ready") => Colour::Green,
        (true, _) => Colour::Yellow,
        (false, _) => Colour::Red,
    }
}

/// Why it is not ready, and when it is tried again.
fn why(server: &ServerReport) -> String {
    let mut parts = Vec::new();
    if server.required && !server.available {
        parts.push("required".to_owned());
    }
    if server.breaker != "closed" && server.available {
        parts.push("calls are refused for now: too many failed in a row".to_owned());
    }
    if let Some(cause) = &server.cause {
        parts.push(clean(cause.text.trim_end_matches('.')));
    }
    if let Some(next) = server.next_try_ms.filter(|_| server.attempts > 0) {
        parts.push(format!("next try in {:.1} s", Duration::from_millis(next).as_secs_f64()));
    }
    if server.available && !server.quality.issues.is_empty() {
        parts.push(clean(&server.quality.issues.join("; ")));
    }
    parts.join(", ")
}
