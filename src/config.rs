//! Configuration: file → validated types, with every fault listed at once.
//!
//! One way for all formats: text → tree with places → variables expanded → other programs'
//! spellings → environment overrides → defaults of servers → shape → meaning. Nothing here starts,
//! listens or connects.
//!
//! *Invariant:* a [`Config`] exists only when there is no fault, and secrets in it are
//! `SecretString`s from the moment their place is known.

mod admin;
mod dependencies;
mod envfile;
mod environment;
mod faults;
mod file;
mod fingerprint;
mod groups;
mod health;
mod log;
mod patch;
mod policy;
mod quantity;
mod read;
mod report;
mod schema;
mod scope;
mod server;
mod settings;
mod shape;
mod spellings;
mod telemetry;
mod tree;
mod validate;
mod view;

pub use environment::Env;
pub use faults::{Fault, Faults};
pub use groups::Group;
pub use patch::PolicyPatch;
pub use read::Format;
pub use report::Report;
pub use schema::schema;
pub use settings::{
    Admin, Config, GlobalLimits, Http, Listing, Log, LogFormat, Naming, Server, ServerDefaults,
    Strategy, Target,
};

use crate::redaction::Redaction;
use environment::Used;
use faults::Ledger;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use tree::{Node, Origin, Value};
use view::View;

/// What to do about a file that has none.
const KEYS: &str = "write keys such as `servers:`; config.example.yaml shows all of them";

/// Where a configuration comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file; its extension tells the format.
    pub path: PathBuf,
    /// The environment for `${VAR}` and `MCPVISOR__…`.
    pub env: Env,
}

/// Reads and checks a file.
pub fn load(source: &Source) -> Result<Config, Faults> {
    let file = source.path.display().to_string();
    let Some(format) = Format::of(&source.path) else {
        let remedy = "name it .yaml, .yml, .toml, .json, .jsonc or .json5";
        return Err(Faults::whole(&file, "the format is unknown", remedy));
    };
    let bytes = std::fs::read(&source.path).map_err(|error| {
        let (message, remedy) = match error.kind() {
            std::io::ErrorKind::NotFound => ("does not exist".into(), "check the path"),
            std::io::ErrorKind::IsADirectory => ("is a folder".into(), "name a file in it"),
            _ => (format!("cannot be read: {error}"), "check the permissions"),
        };
        Faults::whole(&file, message, remedy)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        Faults::whole(&format!("{file}:{line}"), "is not UTF-8", "save it as UTF-8")
    })?;
    let folder = source.path.parent().unwrap_or_else(|| Path::new(""));
    let config = build(&text, format, &source.env, &file, folder)?;
    Ok(Config { path: Some(source.path.clone()), ..config })
}

/// Checks text; relative paths in it stay relative.
pub fn parse(text: &str, format: Format, env: &Env) -> Result<Config, Faults> {
    build(text, format, env, "config", Path::new(""))
}

/// Checks text as if it were a file in this folder, its exposure included: all that `mcpvisor check` does.
pub fn examine(text: &str, format: Format, env: &Env, folder: &Path) -> Result<Config, Faults> {
    let config = build(text, format, env, "config", folder)?;
    check_exposure(&config, false)?;
    Ok(config)
}

/// Whether other machines may reach the listener. Apart from [`load`], because the command line
/// may change `listen` and may allow it.
pub fn check_exposure(config: &Config, allow_remote: bool) -> Result<(), Faults> {
    if config.listen.ip().is_loopback() || config.http.allow_remote || allow_remote {
        return Ok(());
    }
    let at = &config.listen_origin;
    let mut ledger = Ledger::new(&at.file);
    let message = format!("{} can be reached by other machines", config.listen);
    let remedy = "listen on 127.0.0.1, pass --allow-remote or set http.allow_remote";
    ledger.fault(&at.origin, "listen".into(), message, remedy);
    ledger.close().map(drop)
}

impl Config {
    /// What `mcpvisor check` says.
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

fn build(
    text: &str,
    format: Format,
    env: &Env,
    name: &str,
    folder: &Path,
) -> Result<Config, Faults> {
    let mut ledger = Ledger::new(name);
    let Some(mut root) = root(text, format, &mut ledger) else {
        // Of a file that cannot be read, nothing more can be said.
        return Err(ledger.faults());
    };
    let mut used = Used::default();
    environment::expand(&mut root, env, &mut Vec::new(), &mut used, &mut ledger);
    spellings::normalise(&mut root, &mut ledger);
    environment::overlay(&mut root, env, &mut ledger);
    scope::check(&mut root, &mut ledger);

    let schema = schema::own();
    let before = ledger.count();
    if let Some(defaults) = root.get("defaults") {
        // Faulty defaults are reported once, at their own place.
        let alone =
            Node::new(Origin::START, Value::Table(vec![("defaults".into(), defaults.clone())]));
        judged(&alone, &schema, env, name, folder, &mut ledger);
    }
    let sound = ledger.count() == before;
    if sound {
        inherit(&mut root);
    } else {
        root.take("defaults");
    }
    if root.get("servers").is_none() {
        let remedy = "add one under `servers:`";
        ledger.note(&Origin::START, "servers".into(), "no server is configured", remedy);
    }
    let config = judged(&root, &schema, env, name, folder, &mut ledger);
    // each message leaves them out by itself; this is for the one that forgets to
    ledger.clean(&Redaction::of(&used.anywhere));
    let notes = ledger.close()?;
    match config {
        Some((config, values)) => {
            let view = View::of(values, &schema, &root, &used.secrets);
            Ok(Config { notes, secrets: used.secrets, view, ..config })
        }
        None => Err(Faults::whole(name, "a fault in the gateway's own schema", "please report it")),
    }
}

/// The tree of the text, or a fault in the ledger.
fn root(text: &str, format: Format, ledger: &mut Ledger) -> Option<Node> {
    let (origin, message, remedy) = match read::read(text, format) {
        Ok(root) => match root.value {
            Value::Table(_) => return Some(root),
            Value::Null => (Origin::START, "the file is empty".into(), KEYS),
            _ => (Origin::START, "the file is no table of keys".into(), KEYS),
        },
        Err(unreadable) => (unreadable.origin, unreadable.detail, "correct the syntax"),
    };
    ledger.fault(&origin, String::new(), message, remedy);
    None
}

fn judged(
    root: &Node,
    schema: &Json,
    env: &Env,
    name: &str,
    folder: &Path,
    ledger: &mut Ledger,
) -> Option<(Config, Json)> {
    let values = shape::Shape { schema, ledger }.check(root);
    let file: file::File = match serde_json::from_value(values.clone()) {
        Ok(file) => file,
        Err(error) => {
            let remedy = "please report this";
            ledger.fault(&Origin::START, String::new(), error.to_string(), remedy);
            return None;
        }
    };
    let mut judge = validate::Judge { tree: root, ledger, folder, env };
    Some((validate::judge(file, name, &mut judge), values))
}

/// Gives each server what `defaults` says and the server itself does not; of `breaker`, each key.
fn inherit(root: &mut Node) {
    let Some(defaults) = root.get("defaults").cloned() else { return };
    let Value::Table(defaults) = defaults.value else { return };
    let Some(servers) = root.get_mut("servers").and_then(Node::entries) else { return };
    for (_, server) in servers {
        for (key, node) in &defaults {
            match (server.get_mut(key), &node.value) {
                (None, _) => server.put(key, node.clone()),
                (Some(own), Value::Table(keys)) if key == "breaker" => {
                    for (key, node) in keys {
                        if own.get(key).is_none() {
                            own.put(key, node.clone());
                        }
                    }
                }
                _ => {}
            }
        }
    }
}
