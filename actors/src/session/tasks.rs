//! Tasks that servers run for clients: whose they are and where, by the ids the servers gave them.
//!
//! *Invariant:* a session finds its own tasks only, and what is remembered is bounded.

use super::Client;
use crate::catalog::Route;
use crate::server::ServerName;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tasks remembered in the whole gateway; the oldest is forgotten first.
const MOST: usize = 10_000;

/// All tasks; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<Box<str>, Task>,
    /// In the order of their making.
    order: BTreeMap<u64, Box<str>>,
    last: u64,
}

#[derive(Debug)]
struct Task {
    made: u64,
    /// Empty when a stateless client made it.
    session: Arc<str>,
    route: Arc<Route>,
    /// What its server said of it last: the JSON text of an object.
    said: Bytes,
}

/// Another server has a task of this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

impl Tasks {
    /// A server made a task for a client.
    pub(crate) fn made(
        &self,
        client: &Client,
        route: &Route,
        id: &str,
        said: Bytes,
    ) -> Result<(), Taken> {
        let mut table = self.lock();
        if table.by_id.get(id).is_some_and(|task| task.route.server != route.server) {
            return Err(Taken);
        }
        table.forget(id);
        table.last += 1;
        let route = Arc::new(Route { own: id.into(), ..route.clone() });
        let (made, session) = (table.last, Arc::clone(&client.session));
        table.order.insert(made, id.into());
        table.by_id.insert(id.into(), Task { made, session, route, said });
        while table.order.len() > MOST
            && let Some((_, oldest)) = table.order.pop_first()
        {
            table.by_id.remove(&oldest);
        }
        Ok(())
    }

    /// Where a client's task is.
    pub(crate) fn route(&self, client: &Client, id: &str) -> Option<Arc<Route>> {
        let table = self.lock();
        let task = table.by_id.get(id).filter(|task| task.session == client.session)?;
        Some(Arc::clone(&task.route))
    }

    /// The session a server's task is of.
    pub(crate) fn session(&self, server: &ServerName, id: &str) -> Option<Arc<str>> {
        let table = self.lock();
        let task = table.by_id.get(id).filter(|task| task.route.server == *server)?;
        Some(Arc::clone(&task.session)).filter(|session| !session.is_empty())
    }

    /// A server said how a task of its stands.
    pub(crate) fn told(&self, server: &ServerName, id: &str, said: Bytes) {
        if let Some(task) = self.lock().by_id.get_mut(id)
            && task.route.server == *server
        {
            task.said = said;
        }
    }

    /// A session's tasks, oldest first, as their servers described them last.
    pub(super) fn list(&self, session: &str) -> Vec<Bytes> {
        let table = self.lock();
        let all = table.order.values().filter_map(|id| table.by_id.get(id));
        all.filter(|task| &*task.session == session).map(|task| task.said.clone()).collect()
    }

    /// A session ended.
    pub(super) fn leave(&self, session: &str) {
        let mut table = self.lock();
        if table.by_id.is_empty() {
            return;
        }
        let Table { by_id, order, .. } = &mut *table;
        by_id.retain(|_, task| &*task.session != session);
        order.retain(|_, id| by_id.contains_key(id));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn forget(&mut self, id: &str) {
        if let Some(task) = self.by_id.remove(id) {
            self.order.remove(&task.made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::ParamHeaders;
    use crate::catalog::{Capabilities, Groups, Naming, Views};
    use crate::otp::Address;

    fn client(session: &str) -> Client {
        let views = Views::new(Naming::default(), Arc::default(), Groups::default());
        Client::new(session.into(), views.whole().clone())
    }

    fn route(server: &str) -> Route {
        Route {
            server: ServerName::new(server),
            address: Address::new(),
            capabilities: Capabilities::default(),
            own: "tool".into(),
            headers: ParamHeaders::default(),
        }
    }

    #[test]
    fn a_session_finds_its_own_tasks_until_it_ends() {
        let (tasks, one, two) = (Tasks::default(), client("1"), client("2"));
        for (client, id) in [(&one, "b"), (&two, "x"), (&one, "a")] {
            assert_eq!(tasks.made(client, &route("s"), id, Bytes::from_static(b"{}")), Ok(()));
        }
        assert_eq!(tasks.made(&two, &route("t"), "a", Bytes::new()), Err(Taken));
        assert_eq!(&*tasks.route(&one, "a").expect("its own").own, "a");
        assert!(tasks.route(&two, "a").is_none() && tasks.route(&one, "c").is_none());
        tasks.told(&ServerName::new("s"), "b", Bytes::from_static(b"{1}"));
        tasks.told(&ServerName::new("t"), "a", Bytes::from_static(b"{2}"));
        assert_eq!(tasks.list("1"), ["{1}", "{}"]);
        assert_eq!(tasks.session(&ServerName::new("s"), "x").as_deref(), Some("2"));
        tasks.leave("1");
        assert!(tasks.list("1").is_empty() && tasks.route(&two, "x").is_some());
    }

    #[test]
    fn the_oldest_tasks_are_forgotten_first() {
        let (tasks, client) = (Tasks::default(), client("1"));
        for number in 0..=MOST {
            assert!(tasks.made(&client, &route("s"), &number.to_string(), Bytes::new()).is_ok());
        }
        assert!(tasks.route(&client, "0").is_none() && tasks.route(&client, "1").is_some());
    }
}
