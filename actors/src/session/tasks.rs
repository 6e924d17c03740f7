//! Tasks that servers run for clients: whose they are and where, by the ids the servers gave them.
//!
//! *Invariant:* a client finds its own tasks only, and what is remembered is bounded.

use super::Client;
use crate::catalog::Route;
use crate::mutex::lock;
use crate::server::{self, Generation, ServerName, Whose};
use crate::wire::Members;
use bytes::Bytes;
use ractor::{ActorRef, ActorStatus};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

/// Tasks remembered in the whole gateway; the oldest is forgotten first.
const MOST: usize = 10_000;

/// Who runs tasks.
type Runner = ActorRef<server::Message>;
/// What a server calls a task's progress: the number of the request that made it, at one connection.
pub(crate) type ProgressNumber = (Generation, u64);

/// All tasks; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    /// In the order of their making.
    tasks: BTreeMap<u64, Task>,
    /// Several connections may give the same id.
    by_id: HashMap<Box<str>, Vec<u64>>,
    by_progress: HashMap<ProgressNumber, u64>,
    last: u64,
}

#[derive(Debug)]
struct Task {
    id: Box<str>,
    /// Empty when a stateless client made it.
    session: Arc<str>,
    route: Arc<Route>,
    at: Runner,
    /// How its progress is numbered, and the client's own token as JSON text.
    progress: Option<(ProgressNumber, Bytes)>,
    /// What its server said of it last: the JSON text of an object.
    said: Bytes,
}

/// A task as it is made.
#[derive(Debug)]
pub(crate) struct NewTask<'a> {
    pub(crate) id: &'a str,
    /// What its server says of it: the JSON text of an object.
    pub(crate) said: Bytes,
    /// How its progress is numbered, and the client's own token as JSON text.
    pub(crate) progress: Option<(ProgressNumber, Bytes)>,
}

/// A connection that speaks of tasks.
#[derive(Debug)]
pub(crate) struct Speaker<'a> {
    /// The server's own name, also where the connection has another.
    pub(crate) server: ServerName,
    pub(crate) at: &'a Runner,
    /// Whose it is, if it is not shared.
    pub(crate) own: Option<&'a Whose>,
}

/// The client has a task of this id at another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

impl Tasks {
    /// A server actor's connection made a task for a client.
    pub(crate) fn made(
        &self,
        client: &Client,
        route: &Route,
        at: &Runner,
        new: NewTask<'_>,
    ) -> Result<(), Taken> {
        let NewTask { id, said, progress } = new;
        let mut table = self.lock();
        if let Some((number, task)) = table.of(&client.session, id) {
            if task.route.server != route.server {
                return Err(Taken);
            }
            table.forget(number);
        }
        table.last += 1;
        let (number, session) = (table.last, Arc::clone(&client.session));
        if let Some((progress, _)) = &progress {
            table.by_progress.insert(*progress, number);
        }
        table.by_id.entry(id.into()).or_default().push(number);
        let (route, at) = (Arc::new(Route { own: id.into(), ..route.clone() }), at.clone());
        table.tasks.insert(number, Task { id: id.into(), session, route, at, progress, said });
        if table.tasks.len() > MOST
            && let Some(oldest) = table.tasks.keys().next().copied()
        {
            table.forget(oldest);
        }
        Ok(())
    }

    /// Where a client's task is.
    pub(crate) fn route(&self, client: &Client, id: &str) -> Option<Arc<Route>> {
        let table = self.lock();
        let (_, task) = table.of(&client.session, id)?;
        client.view.has(&task.route.server).then(|| Arc::clone(&task.route))
    }

    /// The server actor that runs a client's task, unless it is gone.
    pub(crate) fn runner(&self, client: &Client, id: &str) -> Option<Runner> {
        let table = self.lock();
        let (_, task) = table.of(&client.session, id)?;
        task.is_at_home().then(|| task.at.clone())
    }

    /// Whether a server actor runs tasks that are not done.
    pub(crate) fn any_at(&self, at: &Runner) -> bool {
        let table = self.lock();
        table.tasks.values().any(|task| task.at.get_id() == at.get_id() && task.is_open())
    }

    /// The session of the task a connection speaks of.
    pub(crate) fn session(&self, speaker: &Speaker<'_>, id: &str) -> Option<Arc<str>> {
        let table = self.lock();
        let number = table.meant(speaker, id)?;
        table.tasks.get(&number).map(|task| Arc::clone(&task.session))
    }

    /// A connection says how a task stands; whose session's it is.
    pub(crate) fn told(&self, speaker: &Speaker<'_>, id: &str, said: Bytes) -> Option<Arc<str>> {
        let mut table = self.lock();
        let number = table.meant(speaker, id)?;
        let task = table.tasks.get_mut(&number)?;
        task.said = said;
        Some(Arc::clone(&task.session))
    }

    /// A client was told how its task stands.
    pub(crate) fn answered(&self, client: &Client, id: &str, said: Bytes) {
        let mut table = self.lock();
        let number = table.of(&client.session, id).map(|(number, _)| number);
        if let Some(task) = number.and_then(|number| table.tasks.get_mut(&number)) {
            task.said = said;
        }
    }

    /// The session of the task whose progress this number is, and its client's own token.
    ///
    /// Source: MCP 2025-11-25 "Tasks": the token stays valid until the task is done.
    pub(crate) fn progress(&self, number: ProgressNumber) -> Option<(Arc<str>, Bytes)> {
        let table = self.lock();
        let task = table.tasks.get(table.by_progress.get(&number)?)?;
        let (_, token) = task.progress.as_ref()?;
        (task.is_open() && !task.session.is_empty())
            .then(|| (Arc::clone(&task.session), token.clone()))
    }

    /// A session's tasks, oldest first, as their servers described them last.
    pub(super) fn list(&self, session: &str) -> Vec<Bytes> {
        let table = self.lock();
        let own = table.tasks.values().filter(|task| &*task.session == session);
        own.map(|task| task.said.clone()).collect()
    }

    /// A session ended.
    pub(super) fn leave(&self, session: &str) {
        let mut table = self.lock();
        let of_session =
            |(number, task): (&u64, &Task)| (&*task.session == session).then_some(*number);
        let own: Vec<_> = table.tasks.iter().filter_map(of_session).collect();
        for number in own {
            table.forget(number);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.0)
    }
}

impl Table {
    /// All tasks of this id, the oldest first.
    fn called<'a>(&'a self, id: &str) -> impl DoubleEndedIterator<Item = (u64, &'a Task)> {
        let numbers = self.by_id.get(id).into_iter().flatten();
        numbers.filter_map(|number| Some((*number, self.tasks.get(number)?)))
    }

    /// A session's task, or a stateless client's.
    fn of(&self, session: &str, id: &str) -> Option<(u64, &Task)> {
        self.called(id).find(|(_, task)| &*task.session == session)
    }

    /// The task of a session a connection speaks of: its own session's, else the newest made there, else
    /// the newest whose connection is gone.
    fn meant(&self, speaker: &Speaker<'_>, id: &str) -> Option<u64> {
        let could_be = |task: &Task| {
            task.route.server == speaker.server
                && match speaker.own {
                    None => !task.session.is_empty(),
                    Some(Whose::Session(session)) => task.session == *session,
                    Some(Whose::Stateless(_)) => false,
                }
        };
        let candidates = || self.called(id).rev().filter(|(_, task)| could_be(task));
        let here = candidates().find(|(_, task)| task.at.get_id() == speaker.at.get_id());
        let found = here.or_else(|| candidates().find(|(_, task)| !task.is_at_home()));
        found.map(|(number, _)| number)
    }

    fn forget(&mut self, number: u64) {
        let Some(task) = self.tasks.remove(&number) else { return };
        if let Some((progress, _)) = &task.progress {
            self.by_progress.remove(progress);
        }
        if let Some(numbers) = self.by_id.get_mut(&task.id) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_id.remove(&task.id);
            }
        }
    }
}

impl Task {
    /// Whether the server actor that made it lives.
    fn is_at_home(&self) -> bool {
        !matches!(self.at.get_status(), ActorStatus::Stopping | ActorStatus::Stopped)
    }

    /// Whether it is not done, for all its server said.
    fn is_open(&self) -> bool {
        let status = Members::of(&self.said).and_then(|said| {
            let status = said.get("status").ok()??;
            serde_json::from_str::<String>(status.get()).ok()
        });
        !matches!(status.as_deref(), Some("completed" | "failed" | "cancelled"))
    }
}

#[cfg(test)]
#[path = "tasks/tests.rs"]
mod tests;
