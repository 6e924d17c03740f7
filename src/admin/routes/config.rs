//! `/api/v1/config`: the configuration in effect, its schema, and the check of a new one.
//!
//! *Invariant:* no secret of the configuration is told, and a check starts nothing and reads nothing that
//! `mcpvisor check` would not read.

use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::json;
use crate::config::{self, Env, Fault, Faults, Format};
use crate::gateway;
use crate::redaction::Redaction;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

/// Longest text that is checked, as the body that carries it.
const TEXT: usize = 1 << 20;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(effective)).routes(routes!(schema)).routes(routes!(validate))
}

/// The configuration of the running gateway.
#[derive(Debug, Serialize, ToSchema)]
struct Effective {
    /// The file it was read from.
    path: Option<String>,
    /// Every key with the value in effect, spelled as in the file; secrets are `***`.
    #[schema(value_type = Object)]
    config: Value,
    /// What is not wrong but worth knowing.
    notes: Vec<ConfigFault>,
}

/// One thing that is wrong with a configuration, or worth knowing.
#[derive(Debug, Serialize, ToSchema)]
struct ConfigFault {
    /// The line, from 1, when it is about one.
    line: Option<usize>,
    /// The column, from 1.
    column: Option<usize>,
    /// The key as a path; empty when it is about the whole file.
    key: String,
    /// What is wrong.
    message: String,
    /// What to do about it.
    remedy: String,
}

/// A configuration to be checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "servers: {files: {comand: npx}}", "format": "yaml" }))]
struct Draft {
    /// It, at most 1 MiB.
    text: String,
    /// How it is written.
    #[schema(inline)]
    format: Written,
}

/// How a configuration is written.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Written {
    Yaml,
    Json,
    Toml,
    Json5,
}

/// What the check of a configuration found.
#[derive(Debug, Serialize, ToSchema)]
struct Verdict {
    /// Whether a gateway would start with it.
    valid: bool,
    /// All that is wrong with it.
    faults: Vec<ConfigFault>,
    /// What is not wrong but worth knowing.
    notes: Vec<ConfigFault>,
}

/// The configuration in effect, without its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/config",
    operation_id = "getConfig",
    tag = "config",
    responses((status = 200, description = "Every key with its value", body = Effective))
)]
async fn effective(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let config = &desk.running().ok_or(Refusal::Starting)?.config;
    let redaction = gateway::redaction(config);
    let mut shown = config.view();
    clean(&mut shown, &redaction);
    let path = config.path.as_ref().map(|path| path.display().to_string());
    let notes = config.notes.iter().map(|note| ConfigFault::of(note, &redaction)).collect();
    Ok(answer(StatusCode::OK, &Effective { path, config: shown, notes }))
}

/// The JSON Schema of configurations, for editors.
#[utoipa::path(
    get,
    path = "/api/v1/config/schema",
    operation_id = "getConfigSchema",
    tag = "config",
    responses((status = 200, description = "As JSON Schema 2020-12", body = Object))
)]
async fn schema() -> Response {
    answer(StatusCode::OK, &config::schema())
}

/// Checks a configuration as `mcpvisor check` does; nothing is changed and nothing starts.
#[utoipa::path(
    post,
    path = "/api/v1/config/validate",
    operation_id = "validateConfig",
    tag = "config",
    request_body = Draft,
    responses(
        (status = 200, description = "What the check found", body = Verdict),
        (status = 400, description = "The body is too large, or no draft", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn validate(State(desk): State<Desk>, request: Request) -> Result<Response, Refusal> {
    let running = desk.running().ok_or(Refusal::Starting)?;
    let Draft { text, format } = json(request, TEXT).await?;
    let format = match format {
        Written::Yaml => Format::Yaml,
        Written::Toml => Format::Toml,
        Written::Json | Written::Json5 => Format::Json,
    };
    let folder = running.config.path.as_deref().and_then(Path::parent).map(PathBuf::from);
    let check = move || {
        let folder = folder.unwrap_or_default();
        config::examine(&text, format, &Env::of_process(), &folder)
    };
    // files of variables may be read
    let found = spawn_blocking(check).await.map_err(|_ended| Refusal::Starting)?;
    let verdict = match found {
        Ok(config) => {
            let redaction = gateway::redaction(&config);
            let notes = config.notes.iter().map(|note| ConfigFault::of(note, &redaction));
            Verdict { valid: true, faults: Vec::new(), notes: notes.collect() }
        }
        Err(Faults(faults)) => {
            let plain = Redaction::default();
            let faults = faults.iter().map(|fault| ConfigFault::of(fault, &plain)).collect();
            Verdict { valid: false, faults, notes: Vec::new() }
        }
    };
    Ok(answer(StatusCode::OK, &verdict))
}

impl ConfigFault {
    fn of(fault: &Fault, redaction: &Redaction) -> Self {
        Self {
            line: fault.line,
            column: fault.column,
            key: fault.key.clone(),
            message: redaction.clean_text(&fault.message),
            remedy: redaction.clean_text(&fault.remedy),
        }
    }
}

/// Hides known secrets wherever else they were written.
fn clean(value: &mut Value, redaction: &Redaction) {
    match value {
        Value::String(text) => *text = redaction.clean_text(text),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, redaction)),
        Value::Object(keys) => keys.values_mut().for_each(|value| clean(value, redaction)),
        _ => {}
    }
}
