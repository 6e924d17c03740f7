//! `mcpvisor enable` and `disable`: whether clients see a tool.

use super::api::{Api, NoReport, Target};
use super::{block_on, say};
use crate::exit::Exit;
use clap::Args;
use serde_json::Value;

/// Options of these commands.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The tool, as clients call it.
    tool: String,
    #[command(flatten)]
    target: Target,
    /// Print the gateway's answer as JSON.
    #[arg(long)]
    json: bool,
}

/// Exits 0 once it is done; the gateway remembers it.
pub(super) fn run(enable: bool, arguments: &Arguments) -> Exit {
    block_on(async {
        match switch(enable, arguments).await {
            Ok(answer) if arguments.json => {
                say(answer);
                Exit::Ok
            }
            Ok(_) => {
                let seen =
                    if enable { "enabled: clients see it" } else { "disabled: no client sees it" };
                say(format_args!("{} is {seen}", arguments.tool));
                Exit::Ok
            }
            Err(error) => error.told(),
        }
    })
}

async fn switch(enable: bool, arguments: &Arguments) -> Result<Value, NoReport> {
    let action = if enable { "enable" } else { "disable" };
    let api = Api::new(&arguments.target)?;
    api.post(&["api", "v1", "tools", &arguments.tool, action]).await
}
