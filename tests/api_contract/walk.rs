//! Calls of every page with good and bad input, each answer checked against the description.

use crate::document::{Document, METHODS, Operation};
use crate::schema;
use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// More than any page reads.
const TOO_MUCH: usize = (5 << 20) + 1;
/// Answers that good and bad input must have shown, where they are described.
const SHOWN: [u16; 7] = [200, 201, 202, 204, 400, 404, 415];

/// What takes another gateway to be seen: one that keeps no log.
const RARE: [(&str, u16); 1] = [("listLogs", 404)];

/// A walk through the pages of one gateway.
pub(crate) struct Walk<'a> {
    client: Client,
    base: String,
    document: &'a Document,
    token: &'a str,
    session: String,
    seen: BTreeMap<String, BTreeSet<u16>>,
    faults: Vec<String>,
}

/// What is sent as a body.
enum Body {
    None,
    Json(String),
    Text,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(address: SocketAddr, document: &'a Document, token: &'a str) -> Self {
        mcpvisor::downstream::http::install_tls();
        let client = Client::builder().no_proxy().tls_certs_only([]);
        let client = client.timeout(Duration::from_secs(60)).build().unwrap();
        let (seen, faults) = (BTreeMap::new(), Vec::new());
        let (base, session) = (format!("http://{address}"), String::new());
        Self { client, base, document, token, session, seen, faults }
    }

    /// Makes there be something to be found.
    pub(crate) async fn prepare(&mut self) {
        let server = json!({ "server": "files" });
        for (page, body, status) in [
            ("recordings", &server, 201),
            ("recordings", &server, 201),
            ("tools/files.echo/call", &json!({ "arguments": { "text": "hi" } }), 200),
            ("recordings/1/stop", &json!({}), 200),
        ] {
            let url = format!("{}/api/v1/{page}", self.base);
            let request = self.client.post(url).bearer_auth(self.token).body(body.to_string());
            let request = request.header(header::CONTENT_TYPE, "application/json");
            assert_eq!(request.send().await.unwrap().status(), status, "{page}");
        }
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "a-client", "version": "1" },
        } });
        let request = self.client.post(format!("{}/mcp", self.base)).body(hello.to_string());
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.header(header::ACCEPT, "application/json, text/event-stream");
        request.send().await.unwrap().text().await.unwrap();
        let request = self.client.get(format!("{}/api/v1/sessions", self.base));
        let told = request.bearer_auth(self.token).send().await.unwrap().text().await.unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        told["sessions"][0]["id"].as_str().unwrap().clone_into(&mut self.session);
    }

    /// Everything that may be sent to one operation.
    pub(crate) async fn with_everything(&mut self, operation: &Operation) {
        for path in self.filled(operation) {
            for query in self.queries(operation) {
                self.call(operation, &format!("{path}{query}"), Body::None).await;
            }
            if operation.method == "get" {
                continue;
            }
            for body in self.bodies(operation) {
                self.call(operation, &path, body).await;
            }
        }
    }

    /// Without the token nothing is told.
    pub(crate) async fn without_token(&mut self, operation: &Operation) {
        if !operation.is_guarded() {
            return;
        }
        let url = format!("{}{}", self.base, operation.path.replace(['{', '}'], ""));
        let request = self.client.request(method(&operation.method), url);
        self.answer(operation, request, "without a token", Some(401)).await;
    }

    /// Methods that are not described are not there.
    pub(crate) async fn other_methods(&mut self, path: &str) {
        let known = self.document.methods(path);
        let url = format!("{}{}", self.base, path.replace(['{', '}'], ""));
        for other in METHODS.into_iter().filter(|it| !known.contains(*it)) {
            let request = self.client.request(method(other), &url).bearer_auth(self.token);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 405, "{other} {path}");
            let allowed = answer.headers().get(header::ALLOW).unwrap().to_str().unwrap();
            let allowed: BTreeSet<String> =
                allowed.split(',').map(str::to_ascii_lowercase).filter(|it| it != "head").collect();
            assert_eq!(allowed, known, "{other} {path}");
        }
    }

    /// What was found.
    pub(crate) fn report(&self) {
        let mut missing = Vec::new();
        for operation in self.document.operations() {
            let id = operation.told["operationId"].as_str().unwrap();
            let seen = self.seen.get(id).cloned().unwrap_or_default();
            for status in operation.told["responses"].as_object().unwrap().keys() {
                let status: u16 = status.parse().unwrap();
                let rare = RARE.contains(&(id, status));
                if SHOWN.contains(&status) && !seen.contains(&status) && !rare {
                    missing.push(format!("{id} never answered {status}, only {seen:?}"));
                }
            }
        }
        let faults = [&self.faults[..], &missing[..]].concat();
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    /// The path with its braces filled, in every way.
    fn filled(&self, operation: &Operation) -> Vec<String> {
        let names: &[&str] = match operation.path.split('/').nth(3) {
            Some("servers") => &["files", "down", "nobody"],
            Some("tools") => &["files.echo", "down.tool", "nobody"],
            Some("sessions") => &[&self.session, "nobody"],
            _ => &["1", "2", "nobody"],
        };
        if !operation.path.contains('{') {
            return vec![operation.path.clone()];
        }
        let fill = |name: &&str| {
            let steps = operation.path.split('/');
            let steps = steps.map(|step| if step.starts_with('{') { name } else { step });
            steps.collect::<Vec<_>>().join("/")
        };
        names.iter().map(fill).collect()
    }

    fn bodies(&self, operation: &Operation) -> Vec<Body> {
        let content = &operation.told["requestBody"]["content"]["application/json"];
        let named = content["schema"]["$ref"].as_str().and_then(|it| it.strip_prefix('#'));
        let schema =
            named.and_then(|to| self.document.0.pointer(to)).unwrap_or_else(|| &content["schema"]);
        let examples = [&content["example"], &schema["example"], &schema["examples"][0]];
        let example = examples.into_iter().find(|it| !it.is_null()).cloned();
        let example = example.unwrap_or_else(|| json!({})).to_string();
        vec![
            Body::Json(example.replace("\"files", "\"nobody")),
            Body::Json(example),
            Body::Json(json!({ "nonsense": true }).to_string()),
            Body::Json("{".into()),
            Body::Json(format!("{{\"a\":\"{}\"}}", "x".repeat(TOO_MUCH))),
            Body::Text,
        ]
    }

    /// No query, a good value of each key, and a bad one.
    fn queries(&self, operation: &Operation) -> Vec<String> {
        let mut found = vec![String::new()];
        for parameter in operation.parameters("query") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let told = [&parameter["example"], &schema["example"]];
            let good = told.into_iter().find(|it| !it.is_null()).map(|it| match it {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            let good = good.or_else(|| self.choice(schema));
            let good = good.unwrap_or_else(|| if is_number(schema) { "3" } else { "x" }.into());
            found.extend([format!("?{name}={good}"), format!("?{name}=nonsense")]);
        }
        found
    }

    /// The first word a parameter may have, when only some are good.
    fn choice(&self, schema: &Value) -> Option<String> {
        let named = schema["$ref"].as_str().and_then(|it| self.document.0.pointer(&it[1..]));
        let schema = named.unwrap_or(schema);
        let own = schema["enum"][0].as_str().map(str::to_owned);
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        own.or_else(|| choices.into_iter().find_map(|choice| self.choice(choice)))
    }

    async fn call(&mut self, operation: &Operation, path: &str, body: Body) {
        let url = format!("{}{path}", self.base);
        let request = self.client.request(method(&operation.method), url).bearer_auth(self.token);
        let (request, what) = match body {
            Body::None => (request, path.to_owned()),
            Body::Json(text) => {
                let what = format!("{path} {}", text.chars().take(100).collect::<String>());
                (request.header(header::CONTENT_TYPE, "application/json").body(text), what)
            }
            Body::Text => {
                let request = request.header(header::CONTENT_TYPE, "text/plain").body("{}");
                (request, format!("{path} as text"))
            }
        };
        self.answer(operation, request, &what, None).await;
    }

    async fn answer(
        &mut self,
        operation: &Operation,
        request: RequestBuilder,
        what: &str,
        wanted: Option<u16>,
    ) {
        let id = operation.told["operationId"].as_str().unwrap();
        let at = format!("{id}: {} {what}", operation.method);
        // a body that is too long may be refused before it is sent
        let Ok(answer) = request.send().await else { return };
        let status = answer.status().as_u16();
        self.seen.entry(id.to_owned()).or_default().insert(status);
        if wanted.is_some_and(|wanted| wanted != status) {
            self.faults.push(format!("{at}: {status}"));
        }
        let told = &operation.told["responses"][status.to_string()];
        if told.is_null() {
            let body = answer.text().await.unwrap_or_default();
            return self.faults.push(format!("{at}: {status} is not described: {body}"));
        }
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next()).unwrap_or_default();
        let kind = kind.to_owned();
        let Some(content) = told["content"].as_object().filter(|content| !content.is_empty())
        else {
            let body = answer.text().await.unwrap_or_default();
            if !body.is_empty() {
                self.faults.push(format!("{at}: {status} should be empty: {body}"));
            }
            return;
        };
        let Some(described) = content.get(&kind) else {
            return self.faults.push(format!("{at}: {status} is `{kind}`"));
        };
        if kind != "application/json" {
            // an event stream has no end
            return;
        }
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        for fault in schema::faults(&self.document.0, &described["schema"], &body) {
            self.faults.push(format!("{at}: {status}{fault}"));
        }
    }
}

fn is_number(schema: &Value) -> bool {
    schema["type"] == "integer" || schema["type"].as_array().is_some_and(|it| it[0] == "integer")
}

fn method(name: &str) -> Method {
    Method::from_bytes(name.to_ascii_uppercase().as_bytes()).unwrap()
}
