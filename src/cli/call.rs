//! `mcpvisor call`: call one tool and print what it says.

use super::client::{self, Client};
use super::{block_on, complain, say};
use crate::exit::Exit;
use clap::Args;
use serde_json::{Value, json};

/// Options of `call`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The tool, as `server.tool`.
    tool: String,
    /// Its arguments, a JSON object.
    #[arg(default_value = "{}", value_name = "JSON")]
    input: String,
    #[command(flatten)]
    client: client::Target,
    /// Print the whole result as JSON.
    #[arg(long)]
    json: bool,
}

/// Exits 0 with the tool's words on stdout, 1 with its error on stderr.
pub(super) fn run(arguments: &Arguments) -> Exit {
    let values = match serde_json::from_str::<Value>(&arguments.input) {
        Ok(values @ Value::Object(_)) => values,
        Ok(_) => {
            complain("error: the arguments must be a JSON object, such as '{\"text\":\"hi\"}'");
            return Exit::Usage;
        }
        Err(error) => {
            complain(format_args!("error: the arguments are not JSON: {error}"));
            return Exit::Usage;
        }
    };
    let params = json!({ "name": arguments.tool, "arguments": values }).to_string();
    block_on(async {
        let mut client = match Client::open(&arguments.client).await {
            Ok(client) => client,
            Err(exit) => return exit,
        };
        let outcome = client.request("tools/call", &params).await;
        client.close().await;
        match outcome {
            Ok(outcome) => print(outcome, arguments.json),
            Err(exit) => exit,
        }
    })
}

fn print(outcome: client::Outcome, json: bool) -> Exit {
    match outcome {
        Ok(result) => {
            let failed = result["isError"] == true;
            if json {
                say(&result);
            } else {
                for block in result["content"].as_array().into_iter().flatten() {
                    let line =
                        block["text"].as_str().map_or_else(|| block.to_string(), str::to_owned);
                    if failed { complain(line) } else { say(line) }
                }
            }
            if failed { Exit::Failure } else { Exit::Ok }
        }
        Err(error) => {
            let message = error["message"].as_str().unwrap_or("the call failed");
            complain(format_args!("error: {message}"));
            Exit::Failure
        }
    }
}
