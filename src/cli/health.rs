//! `mcpvisor health`: is a running gateway alive? For container health checks, which have no curl.

use super::api::Token;
use super::{block_on, complain, say};
use crate::exit::Exit;
use clap::Args;
use std::time::Duration;

/// Options of `health`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to ask.
    #[arg(long, default_value = "http://127.0.0.1:3210/livez")]
    url: reqwest::Url,
    #[command(flatten)]
    token: Token,
}

/// Exits 0 when the answer is a success.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        crate::downstream::http::install_tls();
        let mut client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3));
        if arguments.url.scheme() == "http" {
            // no certificate is ever looked at, so the system need not have any
            client = client.tls_certs_only([]);
        }
        let asked = async {
            let request = client.build()?.get(arguments.url.clone());
            arguments.token.on(request).send().await?.error_for_status()
        };
        match asked.await {
            Ok(_) => {
                say("alive");
                Exit::Ok
            }
            Err(error) => {
                complain(format_args!("not alive: {error}"));
                Exit::Failure
            }
        }
    })
}
