//! An observer that writes down what it is told.

use crate::server::Server;
use mcpvisor_actors::observation::{
    Observed, Observer, Outcome, Phase, SessionOver, Trace, TraceContext,
};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::LogLevel;
use mcpvisor_actors::timeline::Event;
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SOON: Duration = Duration::from_secs(20);

/// The spans every request gets, when it is traced.
pub(crate) fn spans() -> Trace {
    Trace {
        id: [0xab; 16],
        parent: None,
        ambient: None,
        server_span: [1; 8],
        client_span: [2; 8],
        sampled: true,
        state: Some("v=1".into()),
    }
}

/// A log message: its server, level, parameters, and the request it belongs to.
type Said = (String, LogLevel, String, Option<u64>);

/// What it was told, in the order of the telling.
#[derive(Default)]
pub(crate) struct Witness {
    /// Every request is traced.
    pub(crate) traces: bool,
    pub(crate) began: Mutex<Vec<Arc<Observed>>>,
    pub(crate) over: Mutex<Vec<Arc<Observed>>>,
    pub(crate) contexts: Mutex<Vec<[Option<TraceContext>; 2]>>,
    pub(crate) said: Mutex<Vec<Said>>,
    pub(crate) noted: Mutex<Vec<(String, Event)>>,
    pub(crate) sessions: Mutex<Vec<SessionOver>>,
}

impl Observer for Witness {
    fn trace(&self, told: Option<TraceContext>, ambient: Option<TraceContext>) -> Option<Trace> {
        self.contexts.lock().unwrap().push([told, ambient]);
        self.traces.then(spans)
    }
    fn began(&self, request: &Arc<Observed>) {
        self.began.lock().unwrap().push(Arc::clone(request));
    }
    fn over(&self, request: Arc<Observed>) {
        self.over.lock().unwrap().push(request);
    }
    fn said(&self, server: &ServerName, level: LogLevel, params: &[u8], request: Option<u64>) {
        let text = String::from_utf8(params.to_vec()).unwrap();
        self.said.lock().unwrap().push((server.to_string(), level, text, request));
    }
    fn noted(&self, server: &ServerName, event: &Event) {
        self.noted.lock().unwrap().push((server.to_string(), event.clone()));
    }
    fn session_over(&self, session: &SessionOver) {
        self.sessions.lock().unwrap().push(session.clone());
    }
}

/// Waits until it is so.
pub(crate) async fn until<T>(what: &str, mut so: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + SOON;
    loop {
        if let Some(it) = so() {
            return it;
        }
        assert!(Instant::now() < end, "never: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

impl Witness {
    /// A gateway it looks at, with one server.
    pub(crate) async fn gateway(
        self,
        change: impl FnOnce(&mut GatewaySpec),
    ) -> (Gateway, Server, Arc<Self>) {
        let (witness, (server, spec)) = (Arc::new(self), Server::new());
        let observer = Arc::clone(&witness) as Arc<dyn Observer>;
        let mut spec = GatewaySpec { servers: vec![spec], observer, ..GatewaySpec::default() };
        change(&mut spec);
        (Gateway::start(spec).await.expect("a tree"), server, witness)
    }

    /// The request with this id (as a string), as soon as it came.
    pub(crate) async fn request(&self, id: &str) -> Arc<Observed> {
        until(id, || find(&self.began.lock().unwrap(), id)).await
    }

    /// The request with this id, as soon as it is in this phase.
    pub(crate) async fn in_phase(&self, id: &str, phase: Phase) -> Arc<Observed> {
        let request = self.request(id).await;
        until(id, || (request.phase() == phase).then_some(())).await;
        request
    }

    /// How the request with this id ended.
    pub(crate) async fn outcome(&self, id: &str) -> Outcome {
        let request = until(id, || find(&self.over.lock().unwrap(), id)).await;
        assert_eq!(request.phase(), Phase::Over);
        request.outcome().expect("it is over").clone()
    }

    /// Every request that began is over, once.
    pub(crate) fn saw_each_end_once(&self) {
        let numbers = |requests: &Mutex<Vec<Arc<Observed>>>| {
            let requests = requests.lock().unwrap();
            let mut numbers: Vec<_> = requests.iter().map(|request| request.number).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(numbers(&self.began), numbers(&self.over));
    }
}

fn find(requests: &[Arc<Observed>], id: &str) -> Option<Arc<Observed>> {
    let id = format!("\"{id}\"");
    requests.iter().find(|request| request.id.as_bytes() == id.as_bytes()).cloned()
}
