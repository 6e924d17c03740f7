//! `mcpvisor frames`: what goes over a server's connections, as it goes by.

use super::api::{Api, NoReport, Target};
use super::paint::{Colour, Paint};
use super::{block_on, complain, say};
use crate::exit::Exit;
use clap::Args;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::fleet::{Direction, Frame, FrameKind};
use mcpvisor_actors::timeline::clean;
use serde_json::Value;

/// Characters of a frame's text on its line.
const SHOWN: usize = 160;

/// Options of `frames`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server.
    server: String,
    #[command(flatten)]
    target: Target,
    /// Print each frame whole, as one line of JSON.
    #[arg(long)]
    json: bool,
}

/// Prints a line a frame until the gateway stops, then exits 0.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        match watch(arguments).await {
            Ok(()) => Exit::Ok,
            Err(error) => error.told(),
        }
    })
}

async fn watch(arguments: &Arguments) -> Result<(), NoReport> {
    let api = Api::new(&arguments.target)?;
    let mut events = api.frames(&arguments.server).await?;
    let paint = Paint::of_stdout();
    while let Some(event) = events.next().await? {
        match &*event.name {
            "frame" if arguments.json => say(&event.data),
            "frame" => {
                if let Ok(frame) = serde_json::from_str(&event.data) {
                    say(line(&frame, paint));
                }
            }
            "lagged" => {
                let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
                complain(format_args!("{} frames came too fast and were lost", data["lost"]));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A frame on one line: when (UTC), which way, what, how long, and how it begins.
pub(super) fn line(frame: &Frame, paint: Paint) -> String {
    let millis = unix_millis(frame.at) % 86_400_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let time = format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}");
    let way = match frame.direction {
        Direction::Out => "→",
        Direction::In => "←",
    };
    let what = match (frame.kind, &frame.method, &frame.id) {
        (FrameKind::Noise, ..) => paint.text(Colour::Yellow, "no message"),
        (_, Some(method), Some(id)) => format!("{} {}", clean(method), clean(id)),
        (_, Some(method), None) => clean(method),
        (_, None, Some(id)) => format!("answer {}", clean(id)),
        (_, None, None) => "answer".to_owned(),
    };
    let number = if frame.own {
        format!("#{} (own)", frame.generation)
    } else {
        format!("#{}", frame.generation)
    };
    let mut text: String = clean(&frame.text).chars().take(SHOWN).collect();
    if text.len() < frame.text.len() || frame.truncated {
        text.push('…');
    }
    let time = paint.text(Colour::Dim, &time);
    let text = paint.text(Colour::Dim, &text);
    format!("{time} {number} {way} {what}, {} bytes  {text}", frame.bytes)
}
