//! A whole gateway inside the test, with scriptable servers behind it and sessions in front.
//!
//! [`Running`] is the gateway; each server writes its process id and the calls it executed into the
//! gateway's own folder, which also marks its processes. [`Running::stop`] is the leak check.

use mcpvisor::config::{self, Config, Env, Format};
use mcpvisor::gateway;
use mcpvisor::signals::Signals;
use mcpvisor_actors::fleet::Fleet;
use mcpvisor_actors::ingress::Face;
use mcpvisor_actors::session::{ClientStream, Clients, SessionHandle};
use mcpvisor_actors::tree::{Ended, Gateway};
use mcpvisor_actors::wire::{Limits, Message, Strictness, request_raw};
use ractor::ActorCell;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Nothing here takes this long, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server and its settings: name, flags of `mcpvisor simulate`, further keys of its configuration.
pub(crate) struct Faulty<'a>(pub(crate) &'a str, pub(crate) &'a str, pub(crate) Value);

/// A running gateway.
pub(crate) struct Running {
    gateway: Gateway,
    folder: TempDir,
    config: Config,
}

impl Running {
    /// Starts it with these servers; clients come in by [`Running::session`] only.
    pub(crate) async fn with(servers: &[Faulty<'_>]) -> Self {
        Self::facing(servers, Vec::new()).await
    }

    /// Starts it with these servers and faces.
    pub(crate) async fn facing(servers: &[Faulty<'_>], faces: Vec<Arc<dyn Face>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name).display().to_string();
        let mut table = serde_json::Map::new();
        for Faulty(name, flags, keys) in servers {
            let mut args = vec!["simulate".to_owned()];
            args.extend(flags.split_whitespace().map(str::to_owned));
            args.extend(["--log".to_owned(), place(&format!("{name}.log"))]);
            args.extend(["--pid-file".to_owned(), place(&format!("{name}.pid"))]);
            let mut server = json!({
                "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": args, "stop_grace": "300ms",
            });
            server.as_object_mut().unwrap().extend(keys.as_object().cloned().unwrap_or_default());
            table.insert((*name).to_owned(), server);
        }
        let text = json!({ "state_dir": place("state"), "servers": table }).to_string();
        let config = config::parse(&text, Format::Json, &Env::default()).expect("a sound config");
        let gateway = gateway::start(&config, faces).await.expect("it starts");
        Self { gateway, folder, config }
    }

    /// Opens and initializes a session.
    pub(crate) async fn session(&self) -> Session {
        Session::open(self.clients()).await
    }

    /// The way in.
    pub(crate) fn clients(&self) -> Clients {
        self.gateway.clients().clone()
    }

    /// What is known of its servers.
    pub(crate) fn fleet(&self) -> &Fleet {
        self.gateway.fleet()
    }

    /// What the timeline of a server has on disk.
    pub(crate) fn recorded(&self, server: &str) -> String {
        let file = self.folder.path().join("state/timeline").join(format!("{server}.jsonl"));
        std::fs::read_to_string(file).unwrap_or_default()
    }

    /// The actor at this path; waits for it to be there.
    pub(crate) async fn actor(&self, path: &str) -> ActorCell {
        until(path, || self.gateway.roster().find(path)).await
    }

    /// Whether an actor runs at this path.
    pub(crate) fn runs(&self, path: &str) -> bool {
        self.gateway.roster().find(path).is_some()
    }

    /// Kills the actor at this path and waits until another one has taken its place.
    pub(crate) async fn kill(&self, path: &str) {
        let victim = self.actor(path).await;
        victim.kill();
        let successor = || {
            let found = self.gateway.roster().find(path)?;
            (found.get_id() != victim.get_id()).then_some(())
        };
        until(&format!("{path} is back"), successor).await;
    }

    /// Kills the connection actors of this server.
    pub(crate) async fn kill_instance(&self, server: &str) {
        let server = self.actor(&format!("gateway/servers/{server}")).await;
        let instances =
            until("an instance", || Some(server.get_children()).filter(|c| !c.is_empty()));
        instances.await.iter().for_each(ActorCell::kill);
    }

    /// The process id of a server; waits for it to be written.
    pub(crate) async fn process(&self, server: &str) -> Pid {
        until("a process id", || self.written_id(server)).await
    }

    /// The process id of the server's next life; waits for it to be written.
    pub(crate) async fn process_after(&self, server: &str, former: Pid) -> Pid {
        let next = || self.written_id(server).filter(|id| *id != former);
        until("another process id", next).await
    }

    fn written_id(&self, server: &str) -> Option<Pid> {
        let file = self.folder.path().join(format!("{server}.pid"));
        Pid::from_raw(std::fs::read_to_string(file).ok()?.parse().ok()?)
    }

    /// Sends a signal to a server's process.
    pub(crate) async fn signal(&self, server: &str, signal: Signal) {
        kill_process(self.process(server).await, signal).expect("it runs");
    }

    /// The keys of the calls a server executed, over all its processes, in order.
    pub(crate) fn executed(&self, server: &str) -> Vec<String> {
        let log = self.folder.path().join(format!("{server}.log"));
        let text = std::fs::read_to_string(log).unwrap_or_default();
        text.lines().filter_map(|line| line.split(' ').nth(2)).map(str::to_owned).collect()
    }

    /// Waits until a server has executed so many calls.
    pub(crate) async fn executing(&self, server: &str, count: usize) {
        let enough = || (self.executed(server).len() >= count).then_some(());
        until(&format!("{count} calls executed"), enough).await;
    }

    /// How it ends by itself.
    pub(crate) async fn ended(&self) -> Ended {
        timeout(PATIENCE, self.gateway.ended()).await.expect("it does not end")
    }

    /// Runs it to its end as the program does.
    pub(crate) async fn run(self) -> mcpvisor::exit::Exit {
        let clients = self.clients();
        let mut signals = Signals::listen();
        let run = gateway::run(self.gateway, &self.config, &mut signals);
        let exit = timeout(PATIENCE, run).await.expect("it does not end");
        nothing_is_left(&clients, self.folder.path()).await;
        exit
    }

    /// Stops it and looks that nothing of it is left: no request, no actor, no process.
    pub(crate) async fn stop(self) {
        let (clients, roster) = (self.clients(), self.gateway.roster().clone());
        let stop = self.gateway.stop(Duration::from_secs(20));
        assert!(timeout(PATIENCE, stop).await.expect("it does not stop"), "stopped by force");
        assert!(roster.list().is_empty(), "left: {:?}", roster.list());
        nothing_is_left(&clients, self.folder.path()).await;
    }
}

async fn nothing_is_left(clients: &Clients, folder: &Path) {
    until("all requests over", || (clients.in_flight() == 0).then_some(())).await;
    until("all processes ended", || processes_of(folder).is_empty().then_some(())).await;
}

/// The processes that name this folder in their arguments; zombies have none.
fn processes_of(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let arguments = entries.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).into_owned())
    });
    arguments.filter(|line| line.contains(&folder)).collect()
}

/// Waits until it is there.
pub(crate) async fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// A client.
#[derive(Clone)]
pub(crate) struct Session {
    handle: SessionHandle,
    clients: Clients,
}

impl Session {
    /// Opens and initializes one; waits while the gateway cannot.
    pub(crate) async fn open(clients: Clients) -> Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "never: a session");
            if let Some(handle) = clients.open().await {
                let session = Self { handle, clients: clients.clone() };
                let params = r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#;
                if matches!(session.request("initialize", params).await, Answer::Reply(_)) {
                    return session;
                }
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Its path in the tree.
    pub(crate) fn path(&self) -> String {
        format!("gateway/sessions/{}", self.handle.id())
    }

    /// Whether it has ended, as far as the gateway knows.
    pub(crate) fn has_ended(&self) -> bool {
        self.clients.find(self.handle.id()).is_none()
    }

    /// Calls a tool with a key the server writes down.
    pub(crate) async fn call(&self, tool: &str, key: &str) -> Answer {
        let params = json!({ "name": tool, "arguments": { "key": key, "text": key } });
        self.request("tools/call", &params.to_string()).await
    }

    /// The tools listed now, sorted.
    pub(crate) async fn tools(&self) -> Vec<String> {
        let Answer::Reply(reply) = self.request("tools/list", "{}").await else {
            return Vec::new();
        };
        let tools = reply["result"]["tools"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<_> =
            tools.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect();
        names.sort();
        names
    }

    /// Waits until this tool is listed.
    pub(crate) async fn lists(&self, tool: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.tools().await.iter().any(|name| name == tool) {
            assert!(Instant::now() < deadline, "never listed: {tool}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn request(&self, method: &str, params: &str) -> Answer {
        static IDS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let id = IDS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let bytes = request_raw(id, method, params).to_bytes();
        let message = Message::parse(bytes, Limits::default(), Strictness::Strict).unwrap();
        let admission = self.clients.admit().expect("a free slot");
        let (stream, mut reader) = ClientStream::new();
        if self.handle.deliver(message, Some(admission), stream).is_err() {
            return Answer::SessionGone;
        }
        let mut answers = Vec::new();
        let heard = timeout(PATIENCE, async {
            while let Some(outgoing) = reader.next().await {
                if outgoing.answer {
                    answers.push(outgoing.payload.to_bytes());
                }
            }
        });
        if heard.await.is_err() {
            return Answer::Hung;
        }
        assert!(answers.len() <= 1, "{} answers to one request", answers.len());
        let Some(answer) = answers.first() else { return Answer::Dropped };
        let reply: Value = serde_json::from_slice(answer).expect("JSON");
        assert_eq!(reply["id"], id, "{reply}");
        Answer::Reply(reply)
    }
}

/// What became of a request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The JSON-RPC answer.
    Reply(Value),
    /// It was not taken: the session had ended.
    SessionGone,
    /// Its stream ended without an answer.
    Dropped,
    /// Neither answer nor end.
    Hung,
}

impl Answer {
    /// In a word: `ok`, the gateway's reason, an error code, or what else happened.
    pub(crate) fn word(&self) -> String {
        let reply = match self {
            Self::Reply(reply) => reply,
            other => return format!("{other:?}"),
        };
        match (self.details()["reason"].as_str(), reply["error"]["code"].as_i64()) {
            (Some(reason), _) => reason.to_owned(),
            (None, Some(code)) => format!("error {code}"),
            (None, None) => "ok".to_owned(),
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.word() == "ok"
    }

    /// What the gateway says about a failure of its own.
    pub(crate) fn details(&self) -> Value {
        match self {
            Self::Reply(reply) => reply["result"]["_meta"]["mcpvisor/error"].clone(),
            _ => Value::Null,
        }
    }

    /// The text of the result.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Reply(reply) => {
                reply["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned()
            }
            other => format!("{other:?}"),
        }
    }
}
