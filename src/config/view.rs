//! A configuration as people may see it: every key with the value in effect, every secret as `***`.
//!
//! Hidden by type: values of `env` and `headers`, the token. Hidden by place: user and query of URLs, and
//! arguments that look like a secret or follow an option that does. Hidden by origin: what came out of the environment
//! into a command, an argument or a URL.
//!
//! *Invariant:* pure; a [`View`] is made of no secret it could tell.

use super::settings::Config;
use super::tree::{Node, Origin, Value};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json, json};
use std::fmt;
use std::sync::Arc;

/// What stands for a secret.
const MASK: &str = "***";

/// Parts of names whose values are secrets, most likely.
const SECRETIVE: [&str; 8] =
    ["auth", "bearer", "credential", "key", "passwd", "password", "secret", "token"];

/// A configuration without its secrets.
#[derive(Clone, Default)]
pub(super) struct View(Arc<Json>);

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

impl View {
    /// Of the values that fit the schema, and the tree they came from. `secrets` are the values of
    /// variables used where servers are reached.
    pub(super) fn of(values: Json, schema: &Json, root: &Node, secrets: &[SecretString]) -> Self {
        let mut shown = filled(schema, values);
        let headers = shown.pointer_mut("/telemetry/headers").and_then(Json::as_object_mut);
        for (_, value) in headers.into_iter().flatten() {
            *value = MASK.into();
        }
        for (name, server) in shown["servers"].as_object_mut().into_iter().flatten() {
            let node = root.nearest(&["servers", name]);
            hide(server, node, secrets);
        }
        Self(Arc::new(shown))
    }
}

impl Config {
    /// Every key with the value in effect, those of the command line included; secrets are `***`.
    pub fn view(&self) -> Json {
        let mut shown = Json::clone(&self.view.0);
        shown["listen"] = json!(self.listen);
        shown["state_dir"] = json!(self.state_dir);
        shown["http"]["allow_remote"] = json!(self.http.allow_remote);
        shown["log"]["level"] = json!(self.log.level);
        shown["log"]["format"] = json!(self.log.format);
        shown
    }
}

/// The values, with the default of each key that is not given and has one, and none that is a secret by its
/// type.
fn filled(schema: &Json, values: Json) -> Json {
    let schema = super::shape::of_some(schema);
    if schema.get("writeOnly") == Some(&Json::Bool(true)) {
        return MASK.into();
    }
    let Json::Object(mut values) = values else { return values };
    if let Some(Json::Object(known)) = schema.get("properties") {
        for (key, of) in known {
            let given = values.remove(key).or_else(|| of.get("default").cloned());
            let is_block = of.get("properties").is_some();
            let given = given.or_else(|| is_block.then(|| Json::Object(Map::new())));
            if let Some(value) = given.filter(|value| !value.is_null()) {
                values.insert(key.clone(), filled(of, value));
            }
        }
    } else if let Some(of @ Json::Object(_)) = schema.get("additionalProperties") {
        for value in values.values_mut() {
            *value = filled(of, value.take());
        }
    }
    Json::Object(values)
}

/// Hides what a server's entry must not tell.
fn hide(server: &mut Json, node: &Node, secrets: &[SecretString]) {
    let part = |key: &str| node.get(key).unwrap_or(node);
    for key in ["command", "url"] {
        if let Some(Json::String(text)) = server.get_mut(key) {
            *text = sober(text, part(key), secrets);
        }
    }
    if let Some(Json::String(url)) = server.get_mut("url") {
        *url = address(url);
    }
    let Some(Json::Array(args)) = server.get_mut("args") else { return };
    let written = part("args");
    let mut follows = false;
    for (at, arg) in args.iter_mut().enumerate() {
        let Json::String(text) = arg else { continue };
        let origin = match &written.value {
            Value::List(_) => written.nearest(&[&at.to_string()]),
            _ => written,
        };
        let (shown, next) = argument(&sober(text, origin, secrets), follows);
        (*text, follows) = (shown, next);
    }
}

/// Text without what the environment put into it.
fn sober(text: &str, node: &Node, secrets: &[SecretString]) -> String {
    if !node.loose {
        return text.to_owned();
    }
    if matches!(node.origin, Origin::Variable(_)) {
        return MASK.into();
    }
    let hidden = |text: String, secret: &SecretString| match secret.expose_secret() {
        "" => text,
        secret => text.replace(secret, MASK),
    };
    secrets.iter().fold(text.to_owned(), hidden)
}

/// One argument, and whether the next one is the value of a secretive option.
fn argument(text: &str, follows: bool) -> (String, bool) {
    if follows && !text.starts_with('-') {
        return (MASK.into(), false);
    }
    let pair = text.split_once('=').filter(|(name, _)| !name.contains("://"));
    match pair {
        Some((name, value)) if is_secretive(name) && !value.is_empty() => {
            (format!("{name}={MASK}"), false)
        }
        Some((name, value)) => (format!("{name}={}", address(value)), false),
        None => match text.split_once(": ") {
            // a header, as bridges take it
            Some((name, _)) if is_secretive(name) => (format!("{name}: {MASK}"), false),
            _ => (address(text), text.starts_with('-') && is_secretive(text)),
        },
    }
}

fn is_secretive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.contains(char::is_whitespace) && SECRETIVE.iter().any(|part| name.contains(part))
}

/// A URL without user, password and values of its query; other text is left as it is.
fn address(text: &str) -> String {
    let Some(mut url) = text.contains("://").then(|| reqwest::Url::parse(text).ok()).flatten()
    else {
        return text.to_owned();
    };
    let has_user = !url.username().is_empty() || url.password().is_some();
    if !has_user && url.query().is_none() && url.fragment().is_none() {
        return text.to_owned();
    }
    if has_user {
        // both fail only for URLs without a host, which have no user
        let _ = url.set_username(MASK);
        let _ = url.set_password(None);
    }
    url.set_fragment(None);
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    url.set_query(None);
    let query: Vec<String> = names.iter().map(|name| format!("{name}={MASK}")).collect();
    let end = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{url}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_that_look_like_secrets_are_hidden() {
        let mut follows = false;
        let shown =
            ["-y", "--api-key", "abc", "--token=abc", "--key", "--dir", "/data"].map(|text| {
                let (shown, next) = argument(text, follows);
                follows = next;
                shown
            });
        assert_eq!(shown, ["-y", "--api-key", "***", "--token=***", "--key", "--dir", "/data"]);
        assert_eq!(argument("Authorization: Bearer abc", false).0, "Authorization: ***");
        assert_eq!(argument("GITHUB_TOKEN=abc", false).0, "GITHUB_TOKEN=***");
        assert_eq!(argument("postgres://me:abc@h/db", false).0, "postgres://***@h/db");
        assert_eq!(argument("--db=postgres://me:abc@h/db", false).0, "--db=postgres://***@h/db");
        assert_eq!(argument("http://me:password@h/?q=abc", false).0, "http://***@h/?q=***");
    }

    #[test]
    fn of_an_address_only_the_place_is_told() {
        for (url, shown) in [
            ("https://h.example/mcp", "https://h.example/mcp"),
            ("https://me@h.example/mcp", "https://***@h.example/mcp"),
            ("https://me:abc@h.example/mcp?a=1&b=2#c", "https://***@h.example/mcp?a=***&b=***"),
            ("no address", "no address"),
        ] {
            assert_eq!(address(url), shown);
        }
    }
}
