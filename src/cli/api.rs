//! A client of a running gateway's REST API, for every command that asks one or orders it about.
//!
//! *Invariant:* the token is in no message.

mod bench;

use super::complain;
use crate::admin::{Health, ServerReport};
use crate::exit::Exit;
use clap::Args;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Longest wait for an answer; the gateway itself waits a second for its own loops.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which gateway is asked.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    /// The running gateway.
    #[arg(long, default_value = "http://127.0.0.1:3210")]
    url: reqwest::Url,
    #[command(flatten)]
    token: Token,
}

/// What the gateway asks for, when its configuration has `admin.token`.
#[derive(Clone, Args)]
pub(super) struct Token {
    /// The gateway's `admin.token`, when it has one.
    #[arg(long, env = "MCPVISOR_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Token").field(&self.token.is_some()).finish()
    }
}

impl Token {
    /// The request with the token, when there is one.
    pub(super) fn on(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self.token.as_deref().filter(|token| !token.is_empty()) {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// A running gateway.
pub(super) struct Api {
    client: reqwest::Client,
    url: reqwest::Url,
    token: Token,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoReport {
    /// Nobody answers.
    #[error(
        "no gateway at {url}: {reason}\nStart one with `mcpvisor serve`, or name it with --url."
    )]
    Unreachable {
        /// Who was asked.
        url: String,
        /// What went wrong, down to its source.
        reason: String,
    },
    /// It asks for a token.
    #[error(
        "the gateway at {url} {what}\nGive the `admin.token` of its configuration with --token, or set \
         MCPVISOR_TOKEN."
    )]
    Unauthorized {
        /// Who was asked.
        url: String,
        /// What is wrong with the token.
        what: &'static str,
    },
    /// It answered with an error of its own.
    #[error("{message}\n{remedy}")]
    Refused {
        /// What is wrong.
        message: String,
        /// What to do about it.
        remedy: String,
    },
    /// It answered something else.
    #[error("what answers at {0} is no mcpvisor of this version; name the right one with --url")]
    Foreign(String),
}

impl NoReport {
    /// Prints it.
    pub(super) fn told(&self) -> Exit {
        complain(format_args!("error: {self}"));
        Exit::Failure
    }
}

impl Api {
    /// A way to the gateway; nothing is asked yet.
    pub(super) fn new(target: &Target) -> Result<Self, NoReport> {
        crate::downstream::http::install_tls();
        let mut client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        if target.url.scheme() == "http" {
            // no certificate is ever looked at, so the system need not have any
            client = client.tls_certs_only([]);
        }
        let url = target.url.clone();
        let client = client.build().map_err(|error| unreachable(&url, &error))?;
        Ok(Self { client, url, token: target.token.clone() })
    }

    /// The short report, also of a gateway that is not well.
    pub(super) async fn health(&self) -> Result<Health, NoReport> {
        self.get(&["health"], None).await
    }

    /// All servers.
    pub(super) async fn servers(&self) -> Result<Vec<ServerReport>, NoReport> {
        #[derive(Deserialize)]
        struct Servers {
            servers: Vec<ServerReport>,
        }
        let Servers { servers } = self.get(&["api", "v1", "servers"], None).await?;
        Ok(servers)
    }

    /// One server.
    pub(super) async fn server(&self, name: &str) -> Result<ServerReport, NoReport> {
        self.get(&["api", "v1", "servers", name], None).await
    }

    /// What this page says.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        page: &[&str],
        query: Option<&str>,
    ) -> Result<T, NoReport> {
        self.ask(Method::GET, page, query).await
    }

    /// Has the gateway do something; what it says to that.
    pub(super) async fn post(&self, page: &[&str]) -> Result<Value, NoReport> {
        self.ask(Method::POST, page, None).await
    }

    /// Whether the token was the right one.
    fn admitted(&self, status: StatusCode) -> Result<(), NoReport> {
        if status != StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        let none = self.token.token.as_deref().is_none_or(str::is_empty);
        let what = if none { "asks for a token" } else { "does not take this token" };
        Err(NoReport::Unauthorized { url: self.url.to_string(), what })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        page: &[&str],
        query: Option<&str>,
    ) -> Result<T, NoReport> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(page);
        }
        url.set_query(query);
        let failed = |error: reqwest::Error| unreachable(&self.url, &error);
        let may_be_refused = method != Method::GET;
        let request = self.token.on(self.client.request(method, url));
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let text = answer.bytes().await.map_err(failed)?;
        self.admitted(status)?;
        if may_be_refused && !status.is_success() {
            return Err(refused(&text, &self.url));
        }
        serde_json::from_slice(&text).map_err(|_| refused(&text, &self.url))
    }
}

fn refused(text: &[u8], url: &reqwest::Url) -> NoReport {
    let answer: Value = serde_json::from_slice(text).unwrap_or_default();
    match (answer["error"]["message"].as_str(), answer["error"]["remedy"].as_str()) {
        (Some(message), Some(remedy)) => {
            NoReport::Refused { message: message.to_owned(), remedy: remedy.to_owned() }
        }
        _ => NoReport::Foreign(url.to_string()),
    }
}

fn unreachable(url: &reqwest::Url, error: &reqwest::Error) -> NoReport {
    let mut reason: &dyn Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    NoReport::Unreachable { url: url.to_string(), reason: reason.to_string() }
}
