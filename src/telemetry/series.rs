//! The attributes of requests of a kind, made once for all of them.
//!
//! Thousands of requests a second differ in little but their times: everything else is looked up here.
//!
//! *Invariant:* bounded; what is looked up again costs no attribute.

use super::labels::{self, Admitted};
use super::meters::Bound;
use super::names::{
    ERROR, METHOD, OPERATION, OTHER, OUTCOME, PROMPT, REVISION, SERVER, STATUS, TOOL, TRANSPORT,
};
use super::otlp::Attributes;
use super::peers::{self, Peer};
use super::spans;
use mcpvisor_actors::observation::{Observed, Outcome};
use opentelemetry::KeyValue;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// Most kinds that are kept.
const MOST: usize = 8192;

/// Requests of one kind.
#[derive(Debug)]
pub(super) struct Series {
    /// Of the time at the gateway.
    pub(super) server: Vec<KeyValue>,
    /// Of the time at the server.
    pub(super) client: Vec<KeyValue>,
    /// Of the time in the queue.
    pub(super) queue: Vec<KeyValue>,
    /// Of the number of requests.
    pub(super) calls: Vec<KeyValue>,
    /// Of the number of those that failed.
    pub(super) errors: Option<Vec<KeyValue>>,
    /// The instruments, found once for all requests of this kind.
    pub(super) bound: OnceLock<Bound>,
    /// Of spans of the time at the gateway; names are whole.
    pub(super) server_span: Attributes,
    /// Of spans of the time at the server; names are whole, and its own.
    pub(super) client_span: Attributes,
}

/// All kinds seen so far.
#[derive(Debug)]
pub(super) struct Catalog {
    peers: Arc<HashMap<String, Peer>>,
    admitted: Admitted,
    series: HashMap<Box<str>, Arc<Series>>,
    /// The key being looked up; kept for its memory.
    key: String,
}

/// Why a request failed, if it did: for programs, and its JSON-RPC code.
pub(super) fn error(outcome: &Outcome) -> Option<(&'static str, Option<i32>)> {
    match outcome {
        Outcome::Ok => None,
        Outcome::ToolError => Some(("tool_error", None)),
        Outcome::Error { code } => Some(("", Some(*code))),
        Outcome::Failed { reason, .. } => Some((*reason, None)),
        Outcome::Cancelled => Some(("cancelled", None)),
        Outcome::Lost => Some(("lost", None)),
    }
}

/// What a request names, and under which attribute.
pub(super) fn target(request: &Observed) -> Option<(&'static str, &str)> {
    let name = request.name()?;
    match &*request.method {
        "tools/call" => Some((TOOL, name)),
        "prompts/get" => Some((PROMPT, name)),
        _ => None,
    }
}

impl Catalog {
    pub(super) fn new(peers: Arc<HashMap<String, Peer>>) -> Self {
        let (admitted, series) = (Admitted::default(), HashMap::new());
        Self { peers, admitted, series, key: String::new() }
    }

    /// The kind of a request that is over.
    pub(super) fn of(&mut self, request: &Observed, outcome: &Outcome) -> Arc<Series> {
        let destination = request.destination();
        let server = destination.as_ref().map(|it| it.server.as_str());
        // what no server has told is not to make a series of its own
        let own = destination.as_ref().and_then(|it| it.own.as_deref());
        let named = target(request).filter(|_| own.is_some());
        self.key.clear();
        let error = error(outcome);
        let (class, code) = error.unwrap_or_default();
        for part in [
            request.origin.face,
            request.origin.revision.unwrap_or_default(),
            &spans::method(request),
            server.unwrap_or_default(),
            named.map(|(_, name)| name).unwrap_or_default(),
            named.and(own).unwrap_or_default(),
            outcome.word(),
            class,
        ] {
            self.key.push_str(part);
            self.key.push('\n');
        }
        let code = code.map(labels::code);
        if let Some(code) = &code {
            let _infallible = self.key.write_str(code);
        }
        if let Some(series) = self.series.get(self.key.as_str()) {
            return Arc::clone(series);
        }
        if self.series.len() >= MOST {
            self.series.clear();
        }
        let made = self.make(request, outcome, server, named);
        let series = Arc::new(made);
        self.series.insert(self.key.as_str().into(), Arc::clone(&series));
        series
    }

    fn make(
        &mut self,
        request: &Observed,
        outcome: &Outcome,
        server: Option<&str>,
        named: Option<(&'static str, &str)>,
    ) -> Series {
        let text = |key: &'static str, value: &str| KeyValue::new(key, Arc::<str>::from(value));
        let method = KeyValue::new(METHOD, labels::method(&request.method));
        let mut shared = vec![method.clone()];
        let at = server.map(|server| text(SERVER, server));
        if let (Some((key, name)), Some(server)) = (named, server) {
            shared.push(text(key, &self.admitted.label(server, name)));
        }
        if &*request.method == "tools/call" {
            shared.push(KeyValue::new(OPERATION, "execute_tool"));
        }
        let mut errors = None;
        if let Some((class, code)) = error(outcome) {
            let code = code.map(|code| text(STATUS, &labels::code(code)));
            let class = match &code {
                Some(code) => KeyValue::new(ERROR, code.value.clone()),
                None => KeyValue::new(ERROR, class),
            };
            errors = Some([Some(method.clone()), at.clone(), Some(class.clone())]);
            shared.push(class);
            shared.extend(code);
        }
        shared.extend(at.clone());
        let peer = server.and_then(|server| self.peers.get(server));
        let mut client = shared.clone();
        client.extend(peer.map(|peer| KeyValue::new(TRANSPORT, peer.transport)));
        let (transport, _) = peers::face(request.origin.face);
        shared.push(KeyValue::new(TRANSPORT, transport));
        shared.extend(request.origin.revision.map(|it| KeyValue::new(REVISION, it)));
        let outcome = KeyValue::new(OUTCOME, outcome.word());
        let server_span = Attributes::new(spans::of_server(request, &shared, &outcome));
        let client_span = Attributes::new(spans::of_client(request, &client, peer));
        Series {
            server_span,
            client_span,
            server: shared,
            client,
            queue: at.clone().into_iter().collect(),
            calls: [Some(method), at, Some(outcome)].into_iter().flatten().collect(),
            errors: errors.map(|all| all.into_iter().flatten().collect()),
            bound: OnceLock::new(),
        }
    }
}

/// The attributes with the true name of what is asked for, where the label is a cap.
pub(super) fn truly_named(mut attributes: Vec<KeyValue>, name: Option<&str>) -> Vec<KeyValue> {
    let capped = attributes
        .iter_mut()
        .find(|it| matches!(it.key.as_str(), TOOL | PROMPT) && it.value.as_str() == OTHER);
    if let (Some(capped), Some(name)) = (capped, name) {
        capped.value = labels::clean(name).into_owned().into();
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::observation::{Observer, Origin, Unobserved, Watched};
    use mcpvisor_actors::wire::RawId;

    /// A request that is over.
    fn over(method: &str, name: &str, outcome: Outcome) -> Arc<Observed> {
        let observer: Arc<dyn Observer> = Arc::new(Unobserved);
        let origin = Origin {
            face: "stdio",
            session: Arc::from(""),
            revision: Some("2025-11-25"),
            client: None,
        };
        let watched = Watched::begin(&observer, origin, &RawId::from(1), method, 1, None);
        watched.names(name);
        let observed = Arc::clone(watched.observed());
        watched.over(outcome, 1);
        observed
    }

    fn value(attributes: &[KeyValue], key: &str) -> Option<String> {
        let found = attributes.iter().find(|it| it.key.as_str() == key);
        found.map(|it| it.value.as_str().into_owned())
    }

    #[test]
    fn requests_of_a_kind_share_their_attributes_and_others_do_not() {
        let mut catalog = Catalog::new(Arc::default());
        let mut of = |request: &Observed| catalog.of(request, request.outcome().unwrap());
        let one = of(&over("ping", "", Outcome::Ok));
        assert!(Arc::ptr_eq(&one, &of(&over("ping", "", Outcome::Ok))));
        assert!(!Arc::ptr_eq(&one, &of(&over("tools/list", "", Outcome::Ok))));
        assert_eq!(value(&one.server, TRANSPORT).as_deref(), Some("pipe"));
        assert_eq!(value(&one.server, REVISION).as_deref(), Some("2025-11-25"));
        assert!(one.errors.is_none());
        let failed = of(&over("ping", "", Outcome::Error { code: -32_601 }));
        assert_eq!(value(&failed.server, ERROR).as_deref(), Some("-32601"));
        assert_eq!(value(&failed.server, STATUS).as_deref(), Some("-32601"));
        assert_eq!(value(&failed.calls, OUTCOME).as_deref(), Some("error"));
        // without a route it is only what a client wrote
        let nowhere = of(&over("tools/call", "made.up", Outcome::ToolError));
        assert_eq!(value(&nowhere.server, TOOL), None);
        assert_eq!(value(nowhere.errors.as_ref().unwrap(), ERROR).as_deref(), Some("tool_error"));
    }

    #[test]
    fn a_name_that_is_capped_in_metrics_is_whole_on_spans() {
        let capped = vec![KeyValue::new(METHOD, "tools/call"), KeyValue::new(TOOL, OTHER)];
        let named = truly_named(capped.clone(), Some("files.read"));
        assert_eq!(value(&named, TOOL).as_deref(), Some("files.read"));
        assert_eq!(truly_named(capped.clone(), None), capped);
    }
}
