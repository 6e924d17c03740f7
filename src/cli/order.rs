//! `mcpvisor restart`, `stop`, `start` and `probe`: what a person wants of a server.

use super::api::{Api, NoReport, Target};
use super::{block_on, say};
use crate::exit::Exit;
use clap::Args;
use serde_json::Value;

/// Options of these commands.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server.
    server: String,
    #[command(flatten)]
    target: Target,
    /// Print the gateway's answer as JSON.
    #[arg(long)]
    json: bool,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Another process or connection.
    Restart,
    /// None, until it is started.
    Stop,
    /// One, now.
    Start,
    /// A sign of life.
    Probe,
}

impl Order {
    /// As the API calls it.
    const fn action(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Probe => "probe",
        }
    }

    /// What happens now.
    const fn words(self) -> &'static str {
        match self {
            Self::Restart => "is restarted",
            Self::Stop => "is stopped",
            Self::Start => "is started",
            Self::Probe => "is asked for a sign of life",
        }
    }
}

/// Exits 0 once the order is accepted; it is carried out in its own time.
pub(super) fn run(order: Order, arguments: &Arguments) -> Exit {
    block_on(async {
        match give(order, arguments).await {
            Ok(answer) => {
                say(told(order, &arguments.server, &answer, arguments.json));
                Exit::Ok
            }
            Err(error) => error.told(),
        }
    })
}

async fn give(order: Order, arguments: &Arguments) -> Result<Value, NoReport> {
    let api = Api::new(&arguments.target)?;
    api.post(&["api", "v1", "servers", &arguments.server, order.action()]).await
}

fn told(order: Order, server: &str, answer: &Value, json: bool) -> String {
    if json {
        return answer.to_string();
    }
    format!("{server} {}; `mcpvisor explain {server}` tells what comes of it", order.words())
}
