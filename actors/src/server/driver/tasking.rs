//! What is to be known of tasks a server runs: who asked for them, how they stand.
//!
//! Source: MCP 2025-11-25 "Tasks"; extension `io.modelcontextprotocol/tasks` of 2026-07-28.

use super::Driver;
use crate::bridge::{Era, Fault};
use crate::call::Call;
use crate::catalog::Route;
use crate::session::{Fact, NewTask, Speaker};
use crate::wire::Raw;
use crate::wire::{Kind, Members, Message, Method, ProgressParams, Span};
use bytes::Bytes;
use std::sync::Arc;

impl Driver {
    /// Notes the task the answer to request `id` makes or describes, if it does.
    pub(super) fn note_task(
        &self,
        id: u64,
        call: &Call,
        route: &Route,
        answer: &Message,
    ) -> Result<(), Fault> {
        let Kind::Response { ok: true, .. } = answer.kind() else { return Ok(()) };
        let tasks = self.context.sessions.tasks();
        let made = |said: Bytes| {
            let own_token = call.params.progress_token.as_ref().map(|(token, _)| token.clone());
            let progress = own_token.map(|token| ((self.context.generation, id), token));
            let new = NewTask { id: &id_of(&said), said, progress };
            let made = tasks.made(&call.client, route, &self.context.server, new);
            made.map_err(|_| Fault::BadAnswer("it names a task that another server runs already"))
        };
        match (call.params.method, call.client.era(), self.control.era()) {
            (Method::CallTool, Era::Legacy(_), Era::Legacy(_)) if call.params.as_task => {
                let Some(task) = member_of(answer.outcome(), "task") else { return Ok(()) };
                made(task)
            }
            (Method::CallTool, Era::Modern, Era::Modern) if call.client.knows_tasks() => {
                let Some(result) = answer.outcome() else { return Ok(()) };
                let kind = member_of(Some(result.clone()), "resultType");
                if kind.as_deref() != Some(b"\"task\"") {
                    return Ok(());
                }
                made(result)
            }
            (Method::GetTask, _, _) | (Method::CancelTask, Era::Legacy(_), _) => {
                if let Some(task) = answer.outcome() {
                    tasks.answered(&call.client, &call.params.name, task);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The server says how a task of its stands: whose it is hears so.
    pub(super) fn task_status(&self, message: &Message) {
        let Some(params) = message.params().map(Bytes::copy_from_slice) else { return };
        let id = id_of(&params);
        if let Some(session) = self.context.sessions.tasks().told(&self.speaker(), &id, params) {
            let fact = Fact::Told(message.notified(&[]));
            self.context.sessions.tell(&session, &fact);
        }
    }

    /// Passes progress of a task on to its session, under the token of the call that made it.
    pub(super) fn task_progress(&self, message: &Message, progress: &ProgressParams) {
        let number = (self.context.generation, progress.token);
        if let Some((session, token)) = self.context.sessions.tasks().progress(number) {
            let fact = Fact::Told(message.notified(&[(progress.token_span, &token)]));
            self.context.sessions.tell(&session, &fact);
        }
    }

    /// The session of the task a request of the server's belongs to, if it names one of ours.
    pub(super) fn session_of_task(&self, message: &Message) -> Option<Arc<str>> {
        let params = Members::of(message.params()?)?;
        let meta = Members::of(params.get("_meta").ok()??.get().as_bytes())?;
        let task = meta.get("io.modelcontextprotocol/related-task").ok()??;
        let id = id_of(&Bytes::copy_from_slice(task.get().as_bytes()));
        self.context.sessions.tasks().session(&self.speaker(), &id)
    }

    fn speaker(&self) -> Speaker<'_> {
        let (at, own) = (&self.context.server, self.context.own.as_ref());
        Speaker { server: self.context.shared_name(), at, own }
    }
}

fn member_of(object: Option<Bytes>, key: &str) -> Option<Bytes> {
    let object = object?;
    let members = Members::of(&object)?;
    let raw: Raw<'_> = members.get(key).ok()??;
    Some(Span::of(raw.get().as_bytes(), &object).share(&object))
}

fn id_of(task: &Bytes) -> String {
    let id = member_of(Some(task.clone()), "taskId");
    id.and_then(|id| serde_json::from_slice(&id).ok()).unwrap_or_default()
}
