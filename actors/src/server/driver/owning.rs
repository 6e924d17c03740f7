//! Whose a request of the server's is.
//!
//! Over HTTP such a request comes on the stream of its call. Elsewhere it names none: it belongs to the
//! client that has calls in flight if that is one, else to the only session that can be asked such a
//! thing. A call that waits for an answer already asks nothing else meanwhile; one that a session gave up
//! still counts until its server shows that it has heard of that. When it is not clear whose the request
//! is, it is refused.

use super::Driver;
use crate::bridge::Need;
use crate::server::sharing::Whose;
use crate::session::{Able, Client};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

/// Most calls remembered that were given up.
const MOST: usize = 256;

/// Whom a request of the server's concerns.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The client of these calls, oldest first; there is one at least.
    Calls(Vec<u64>),
    /// This session, outside any call.
    Session(Arc<str>),
}

/// Why it cannot be said whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unowned {
    Nobody,
    /// An operator's request may have made the server ask.
    Operator,
    Ambiguous,
}

impl Unowned {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Nobody => "no client is there that could be asked this",
            Self::Operator => {
                "an operator's request runs on this connection, or did until now, and the request \
                 does not say whom it concerns; it was not passed on"
            }
            Self::Ambiguous => {
                "several clients use this connection and the request does not say whom it concerns; \
                 it was not passed on"
            }
        }
    }
}

/// Calls that their sessions gave up, or operators their requests, and whose server may not have heard of that: it answered neither
/// them nor anything that was asked after it was told.
#[derive(Debug, Default)]
pub(super) struct GivenUp(BTreeMap<u64, Past>);

#[derive(Debug)]
struct Past {
    /// Whose it was; nobody's is an operator's.
    client: Option<Arc<Client>>,
    /// The last request before the server was told.
    last: u64,
    until: Instant,
}

impl GivenUp {
    /// A session gave a call up; from `until` on it does not count any more.
    pub(super) fn enter(&mut self, id: u64, client: &Arc<Client>, last: u64, until: Instant) {
        if client.session.is_empty() {
            return; // nothing tells stateless clients apart from each other
        }
        self.put(id, Past { client: Some(Arc::clone(client)), last, until });
    }

    /// The same of an operator's request.
    pub(super) fn enter_raw(&mut self, id: u64, last: u64, until: Instant) {
        self.put(id, Past { client: None, last, until });
    }

    fn put(&mut self, id: u64, past: Past) {
        while self.0.len() >= MOST {
            self.0.pop_first();
        }
        self.0.insert(id, past);
    }

    /// The server answered a request, maybe one of these; so it has read what was said before it.
    pub(super) fn answered(&mut self, id: u64) {
        self.0.retain(|given_up, past| *given_up != id && past.last >= id);
    }

    fn clients(&self, now: Instant) -> impl Iterator<Item = (u64, &Arc<Client>, bool)> {
        let counting = self.0.iter().filter(move |(_, past)| past.until > now);
        counting.filter_map(|(id, past)| Some((*id, past.client.as_ref()?, false)))
    }

    fn of_operator(&self, now: Instant) -> bool {
        self.0.values().any(|past| past.until > now && past.client.is_none())
    }
}

impl Driver {
    /// Whose a request is that came on the stream of the call `related`, or on none.
    pub(super) fn owner(&self, related: Option<u64>, need: Need) -> Result<Owner, Unowned> {
        if let Some(call) = related {
            let lives = self.pending.caller(call).is_some();
            return if lives { Ok(Owner::Calls(vec![call])) } else { Err(Unowned::Nobody) };
        }
        if self.pending.raws() > 0 || self.given_up.of_operator(Instant::now()) {
            return Err(Unowned::Operator);
        }
        let given_up = || self.given_up.clients(Instant::now());
        let at_work = self.pending.callers().filter(|(_, _, waits)| !waits).chain(given_up());
        let of_calls =
            only_client(at_work).or_else(|| only_client(self.pending.callers().chain(given_up())));
        if let Some(owner) = of_calls {
            let mut calls = owner?;
            calls.retain(|id| self.pending.caller(*id).is_some());
            if !calls.is_empty() {
                return Ok(Owner::Calls(calls));
            }
            return Err(Unowned::Nobody); // it is a call's that was given up
        }
        match &self.context.own {
            Some(Whose::Session(session)) => Ok(Owner::Session(Arc::clone(session))),
            Some(Whose::Stateless(_)) => Err(Unowned::Nobody),
            None => match self.context.sessions.able(&self.context.spec.name, need) {
                Able::None => Err(Unowned::Nobody),
                Able::One(session) => Ok(Owner::Session(session)),
                Able::Several => Err(Unowned::Ambiguous),
            },
        }
    }
}

/// The calls of the only client that has some, oldest first; `None` when there are none.
fn only_client<'a>(
    mut callers: impl Iterator<Item = (u64, &'a Arc<Client>, bool)>,
) -> Option<Result<Vec<u64>, Unowned>> {
    let (first, client, _) = callers.next()?;
    let mut calls = vec![first];
    for (id, other, _) in callers {
        let same = Arc::ptr_eq(client, other)
            || (!client.session.is_empty() && client.session == other.session);
        if !same {
            return Some(Err(Unowned::Ambiguous));
        }
        calls.push(id);
    }
    calls.sort_unstable();
    Some(Ok(calls))
}
