//! One connection to a server in memory.

use super::{Fate, Inner, Script, Shaking, What, Wire, lock};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Activity, Inbound, Outbound, OutboundKind, Transport};
use mcpvisor_actors::wire::{Kind, Limits, Message, RawId, Strictness};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// The place of an answer: its time, then the order of asking.
type Due = (Instant, u64);

/// One connection.
pub(super) struct Line {
    server: Arc<Inner>,
    wire: Arc<Mutex<Wire>>,
    /// In the order of their times.
    answers: VecDeque<(Due, Inbound)>,
    last: u64,
    alarm: Option<Pin<Box<Sleep>>>,
    /// Until the answer to the first listing is heard.
    shaking: Option<(Shaking, Option<Due>)>,
    since: Instant,
}

impl Line {
    pub(super) fn new(server: Arc<Inner>, wire: Arc<Mutex<Wire>>, shaking: Shaking) -> Self {
        let (answers, since) = (VecDeque::new(), Instant::now());
        Self { server, wire, answers, last: 0, alarm: None, shaking: Some((shaking, None)), since }
    }

    /// Hears a request.
    fn request(&mut self, id: u64, method: &str, params: &Value) {
        let script = self.server.script();
        let key = || params["arguments"]["key"].as_str().unwrap_or_default().to_owned();
        let (what, fate, takes) = match method {
            // at no cost: some tests count how long handshakes take
            "server/discover" => (What::Discover, script.discovers.clone(), Duration::ZERO),
            "initialize" => (What::Initialize, script.initializes.clone(), script.latency),
            "subscriptions/listen" => {
                self.server.note(What::Listen(params["notifications"].to_string()));
                let tag = json!({ "io.modelcontextprotocol/subscriptionId": id });
                let params = json!({ "_meta": tag, "notifications": params["notifications"] });
                let method = "notifications/subscriptions/acknowledged";
                let said = json!({ "jsonrpc": "2.0", "method": method, "params": params });
                return self.answer(inbound(&said), script.latency);
            }
            "tools/list" => (What::List, Fate::Answered, script.latency),
            "tools/call" => {
                (What::Call(key()), script.calls.clone(), script.latency + script.call_takes)
            }
            "ping" => (What::Ping, script.pings.clone(), script.latency),
            _ => return,
        };
        self.server.note(what.clone());
        if script.mute || lock(&self.wire).frozen {
            return;
        }
        let answer = match fate {
            Fate::Answered => {
                let result = result(&what, params, &script);
                inbound(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))
            }
            Fate::Unknown => {
                let error = json!({ "code": -32601, "message": "Method not found" });
                inbound(&json!({ "jsonrpc": "2.0", "id": id, "error": error }))
            }
            Fate::Deadly(loss) => Inbound::Lost(loss),
            Fate::Failed(loss) => Inbound::Failed { id, sent: true, loss },
            Fate::Ignored => return,
        };
        self.answer(answer, takes);
        if what == What::List
            && let Some((_, ends)) = &mut self.shaking
        {
            *ends = self.answers.iter().map(|(due, _)| *due).max_by_key(|due| due.1);
        }
    }

    /// Says this after a while, and not before it has started.
    fn answer(&mut self, answer: Inbound, takes: Duration) {
        self.last += 1;
        let started = self.since + self.server.script().starts_in;
        let due = ((Instant::now() + takes).max(started), self.last);
        let place = self.answers.partition_point(|(other, _)| *other < due);
        self.answers.insert(place, (due, answer));
    }

    /// The next answer whose time has come; else its alarm is set.
    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        loop {
            let Some((due, _)) = self.answers.front() else { return Poll::Pending };
            let due = *due;
            if due.0 <= Instant::now()
                && let Some((_, answer)) = self.answers.pop_front()
            {
                self.answers.shrink_to_fit(); // a thousand idle ones are measured
                if self.shaking.as_ref().is_some_and(|(_, ends)| *ends == Some(due)) {
                    self.shaking = None;
                }
                self.alarm = None;
                return Poll::Ready(answer);
            }
            if self.alarm.as_ref().is_none_or(|alarm| alarm.deadline() != due.0) {
                self.alarm = Some(Box::pin(sleep_until(due.0)));
            }
            if let Some(alarm) = &mut self.alarm
                && alarm.as_mut().poll(context).is_pending()
            {
                return Poll::Pending;
            }
        }
    }
}

impl Transport for Line {
    fn send(&mut self, frame: Outbound) {
        match frame.kind {
            OutboundKind::Request { id, .. } => {
                let frame: Value = serde_json::from_slice(&frame.payload.to_bytes()).unwrap();
                self.request(id, frame["method"].as_str().unwrap_or_default(), &frame["params"]);
            }
            OutboundKind::Cancel { .. } => self.server.note(What::Cancel),
            OutboundKind::Notification | OutboundKind::Response => {}
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        let said = {
            let mut wire = lock(&self.wire);
            wire.waker = Some(context.waker().clone());
            wire.said.pop_front()
        };
        match said {
            Some(said) => Poll::Ready(said),
            None => self.poll_answer(context),
        }
    }

    fn is_unsent(&self, _: u64) -> bool {
        false
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        self.shaking = None;
        Box::pin(async move {
            let takes = self.server.script().close_takes;
            if !takes.is_zero() {
                sleep(takes).await;
            }
        })
    }

    fn activity(&self) -> Activity {
        let computes = lock(&self.server.script).computes;
        let processor_time = computes.then(|| self.since.elapsed());
        Activity { processor_time, ..Activity::default() }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.server.note(What::End);
    }
}

fn result(what: &What, params: &Value, script: &Script) -> Value {
    match what {
        What::Discover => json!({
            "supportedVersions": ["2026-07-28"],
            "capabilities": { "tools": { "listChanged": true } },
            "resultType": "complete", "ttlMs": 0, "cacheScope": "private",
        }),
        What::Initialize => json!({
            "protocolVersion": "2025-11-25",
            "capabilities": { "tools": { "listChanged": true } },
            "serverInfo": { "name": "memory", "version": "1" },
        }),
        What::List => {
            let schema = json!({ "type": "object" });
            let tool = |name: &str| json!({ "name": name, "inputSchema": schema });
            let tools: Vec<_> = match script.tools.as_slice() {
                [] => vec![tool("echo")],
                tools => tools.iter().map(|name| tool(name)).collect(),
            };
            json!({ "tools": tools })
        }
        What::Call(key) => {
            json!({ "content": [{ "type": "text", "text": key }], "name": params["name"] })
        }
        What::Connect | What::Ping | What::Listen(_) | What::Cancel | What::End => json!({}),
    }
}

pub(super) fn inbound(message: &Value) -> Inbound {
    let bytes = Bytes::from(message.to_string());
    let message = Message::parse(bytes, Limits::default(), Strictness::Liberal).unwrap();
    let related = match message.kind() {
        Kind::Response { id, .. } => id.as_ref().and_then(RawId::as_number),
        _ => None,
    };
    Inbound::Message { message, related }
}
