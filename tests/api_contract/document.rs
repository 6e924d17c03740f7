//! The served description, and whether it is sound.

use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An `OpenAPI` document.
pub(crate) struct Document(pub(crate) Value);

/// One method of one path.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) told: Value,
}

impl Operation {
    /// The parameters of this kind: `path` or `query`.
    pub(crate) fn parameters(&self, kind: &str) -> Vec<Value> {
        let all = self.told["parameters"].as_array().into_iter().flatten();
        all.filter(|it| it["in"] == kind).cloned().collect()
    }

    /// Whether it stands behind the guard.
    pub(crate) fn is_guarded(&self) -> bool {
        self.path.starts_with("/api/") || self.path == "/metrics"
    }
}

impl Document {
    pub(crate) fn paths(&self) -> Vec<String> {
        self.0["paths"].as_object().unwrap().keys().cloned().collect()
    }

    /// All operations: those that only read come first, those after which a server is not as it was last.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let mut found = Vec::new();
        for (path, item) in self.0["paths"].as_object().unwrap() {
            for method in METHODS.into_iter().filter(|method| item.get(method).is_some()) {
                let (path, told) = (path.clone(), item[method].clone());
                found.push(Operation { path, method: method.to_owned(), told });
            }
        }
        let disturbs =
            ["restart", "stop", "start"].map(|order| format!("/servers/{{name}}/{order}"));
        found.sort_by_key(|operation| {
            let order = METHODS.iter().position(|it| *it == operation.method);
            (order, disturbs.iter().any(|end| operation.path.ends_with(end)))
        });
        found
    }

    /// The methods described of a path.
    pub(crate) fn methods(&self, path: &str) -> BTreeSet<String> {
        let item = self.0["paths"][path].as_object().unwrap();
        item.keys().filter(|key| METHODS.contains(&key.as_str())).cloned().collect()
    }

    /// Is it `OpenAPI` 3.1, whole and without loose ends?
    pub(crate) fn check(&self) {
        let it = &self.0;
        assert!(it["openapi"].as_str().unwrap().starts_with("3.1."), "{}", it["openapi"]);
        assert!(it["info"]["title"].is_string() && it["info"]["version"].is_string());
        assert_eq!(it["components"]["securitySchemes"]["token"]["type"], "http");
        assert_eq!(it["components"]["securitySchemes"]["token"]["scheme"], "bearer");
        assert_eq!(it["security"][0]["token"], serde_json::json!([]), "{}", it["security"]);
        self.references(it);
        let tags: BTreeSet<&str> = it["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag["name"].as_str().unwrap())
            .collect();
        let mut ids = BTreeSet::new();
        for operation in self.operations() {
            let Operation { path, method, told } = &operation;
            let at = format!("{method} {path}");
            assert!(path.starts_with('/'), "{at}");
            let id = told["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no id"));
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            assert!(told["summary"].as_str().is_some_and(|it| it.len() > 2), "{at} has a summary");
            for tag in told["tags"].as_array().unwrap_or_else(|| panic!("{at} has no tag")) {
                assert!(tags.contains(tag.as_str().unwrap()), "{at}: the tag {tag} is described");
            }
            let braces = path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
            let named: BTreeSet<String> = braces.map(str::to_owned).collect();
            let described = operation.parameters("path");
            for parameter in &described {
                assert_eq!(parameter["required"], true, "{at}: {parameter}");
            }
            let described: BTreeSet<String> =
                described.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(named, described, "{at}: what stands in braces is described");
            Self::responses(&operation, &at);
        }
        assert!(ids.len() > 10, "{ids:?}");
    }

    fn responses(operation: &Operation, at: &str) {
        let responses = operation.told["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at} may succeed");
        for (status, response) in responses {
            let code: u16 = status.parse().unwrap_or_else(|_| panic!("{at}: {status}"));
            assert!(response["description"].is_string(), "{at} {status}");
            if code >= 400 && operation.is_guarded() {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Error", "{at} {status}: errors are alike");
            }
        }
        if operation.is_guarded() {
            for status in ["401", "403", "429", "503"] {
                assert!(responses.contains_key(status), "{at}: {status} is described");
            }
            assert!(operation.told.get("security").is_none(), "{at}: asks for what all ask for");
        }
    }

    /// Every reference leads somewhere.
    fn references(&self, value: &Value) {
        match value {
            Value::Object(keys) => {
                if let Some(to) = keys.get("$ref").and_then(Value::as_str) {
                    let there = self.0.pointer(to.strip_prefix('#').expect("a local reference"));
                    assert!(there.is_some(), "{to} leads nowhere");
                }
                keys.values().for_each(|value| self.references(value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.references(item)),
            _ => {}
        }
    }
}
