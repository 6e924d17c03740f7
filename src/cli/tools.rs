//! `mcpvisor tools`: what is there to call?

use super::client::{self, Client};
use super::{block_on, complain, say};
use crate::exit::Exit;
use clap::Args;
use serde_json::Value;

/// Options of `tools`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    client: client::Target,
    /// Print the tools as JSON, one a line.
    #[arg(long)]
    json: bool,
}

/// Lists all tools, page by page.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        let mut client = match Client::open(&arguments.client).await {
            Ok(client) => client,
            Err(exit) => return exit,
        };
        let exit = list(&mut client, arguments.json).await.unwrap_or_else(|exit| exit);
        client.close().await;
        exit
    })
}

async fn list(client: &mut Client, json: bool) -> Result<Exit, Exit> {
    let mut params = "{}".to_owned();
    loop {
        let page = match client.request("tools/list", &params).await? {
            Ok(page) => page,
            Err(error) => {
                complain(format_args!("error: {}", text(&error["message"])));
                return Ok(Exit::Failure);
            }
        };
        for tool in page["tools"].as_array().into_iter().flatten() {
            if json {
                say(tool);
            } else {
                let first = text(&tool["description"]).lines().next().unwrap_or_default();
                say(format_args!("{:<40} {first}", text(&tool["name"])));
            }
        }
        match &page["nextCursor"] {
            Value::Null => return Ok(Exit::Ok),
            cursor => params = serde_json::json!({ "cursor": cursor }).to_string(),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
