//! Calls and their answers carried over when client and server live in different eras.

use super::{Action, Driver};
use crate::bridge::legacy_client::{self, Answer, Retry};
use crate::bridge::{Era, Fault, Translated, modern_client};
use crate::call::Call;
use crate::observation::{Trace, TraceContext};
use crate::server::RoutedCall;
use crate::session::identity;
use crate::wire::{Edits, Kind, Message, Method, Uris, string};
use bytes::Bytes;
use memchr::memmem;

impl Driver {
    /// A log level that a client set before its call reaches the server before it.
    pub(super) fn catch_up_with_levels(&mut self) {
        if !self.levels.has_changed().unwrap_or_default() {
            return;
        }
        let level = *self.levels.borrow_and_update();
        for action in self.control.level(level) {
            if let Action::Request(purpose, params) = action {
                self.request(purpose, &params);
            }
        }
    }

    /// What a call's parameters become on their way to this server.
    pub(super) fn carried_down(
        &self,
        call: &Call,
        retry: Option<&Retry>,
        trace: Option<&TraceContext>,
    ) -> Result<Edits, Fault> {
        match (call.client.era(), self.control.era()) {
            (Era::Legacy(_), Era::Modern) => {
                let Some(profile) = call.client.profile() else { return Ok(Edits::default()) };
                let meta = profile.meta.clone().at_level(call.client.level());
                meta.within(trace.cloned()).request(&call.message, retry)
            }
            (Era::Modern, Era::Legacy(_)) => modern_client::request(&call.message, trace),
            (Era::Modern, Era::Modern) | (Era::Legacy(_), Era::Legacy(_)) => {
                Ok(trace.map(|trace| trace.edits(&call.message)).unwrap_or_default())
            }
        }
    }

    /// The trace a call's server is told of: none unless somebody traces the call, and the server may be
    /// told.
    pub(super) fn told_down(&self, call: &Call) -> Option<TraceContext> {
        let watched = call.watched().filter(|_| self.context.spec.propagate)?;
        watched.observed().trace.as_ref().map(Trace::downward)
    }

    /// What every result of 2026-07-28 says, where its server forgot to say it.
    fn completed(&self, method: Method, response: &Message) -> Option<Edits> {
        let Kind::Response { ok: true, .. } = response.kind() else { return None };
        let result = response.outcome_raw()?;
        let typed = memmem::find(result, b"\"resultType\"").is_some();
        if typed && method != Method::ReadResource {
            return None;
        }
        identity::face(self.context.spec.cache).fill(method.as_str(), result, response.bytes())
    }

    /// What a server's answer becomes on its way to a call's client.
    pub(super) fn carried_up(&self, call: &Call, response: &Message) -> Answer {
        let method = match call.params.method {
            Method::OfExtension => &*call.params.name,
            method => method.as_str(),
        };
        match (call.client.era(), self.control.era()) {
            (Era::Legacy(_), Era::Modern) => legacy_client::answer(method, response),
            (Era::Modern, Era::Legacy(_)) => {
                let face = identity::face(self.context.spec.cache);
                let able = call.client.abilities();
                Answer::Final(modern_client::answer(method, response, &face, able))
            }
            (Era::Modern, Era::Modern) => {
                let edits = self.completed(call.params.method, response);
                Answer::Final(Translated::Edited(edits.unwrap_or_default()))
            }
            (Era::Legacy(_), Era::Legacy(_)) => Answer::Final(Translated::Edited(Edits::default())),
        }
    }
}

/// Answers a call with its server's response. A client that named a resource together with its server
/// finds it in the contents as it named it.
pub(super) fn answer(call: RoutedCall, response: &Message, translated: Translated) {
    let RoutedCall { ticket, route, .. } = call;
    let Some(call) = ticket.redeem() else { return };
    let mut edits = match translated {
        Translated::Edited(edits) => edits,
        other => return call.translate(response, &other),
    };
    if call.params.method == Method::ReadResource && *call.params.name != *route.own {
        let (asked, uris) = (Bytes::from(string(&call.params.name)), Uris::of_contents(response));
        for (_, span) in uris.iter().filter(|(uri, _)| **uri == *route.own) {
            edits.put(span, asked.clone());
        }
    }
    call.answer(response, &edits.as_slices());
}
