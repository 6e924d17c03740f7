//! Requests of 2026-07-28, each served by itself: no session, no actor.
//!
//! What is the gateway's own (discovery, lists, `subscriptions/listen`) is answered here, in the task of
//! whoever asks; the rest becomes a [`Call`] to the proxy, as in a session.
//!
//! Source: MCP 2026-07-28 "Base protocol", "Discovery", "Caching".
//!
//! *Invariant:* a request never waits here, and leaves nothing behind once it is over.

use super::list::{self, Listing};
use super::underway::GivenUp;
use super::{Client, ClientStream, Clients, Underway, actor, identity, listening};
use crate::bridge::modern_client::Route;
use crate::bridge::{
    Fault, MODERN_VERSIONS, ParamHeaders, RequestMeta, check_headers, named, tasks,
};
use crate::call::{
    Admission, Again, Call, CallTicket, Control, LastWord, Request, method_not_allowed,
};
use crate::catalog::{Capability, STATUS_TOOL, Snapshot, SnapshotCell};
use crate::mutex::lock;
use crate::observation::{Origin, TraceContext};
use crate::otp::{Address, Ticket};
use crate::proxy;
use crate::wire::{CallParams, Kind, Message, Method, ObjectEdit, RawId, Subject, code};
use bytes::Bytes;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Where calls without a session go that were certainly not sent. Those that wait for their second try
/// belong to the function.
pub(super) fn again(proxy: &Address<proxy::Message>) -> Again {
    let (proxy, waiting) = (proxy.clone(), Mutex::new(JoinSet::new()));
    Arc::new(move |ticket: CallTicket| {
        // without a runtime there is nobody left to try it; its ticket says so
        let Ok(runtime) = Handle::try_current() else { return };
        let proxy = proxy.clone();
        let try_again = async move {
            sleep(actor::AGAIN_AFTER).await;
            proxy.tell(proxy::Message::Route(ticket));
        };
        let mut waiting = lock(&waiting);
        while waiting.try_join_next().is_some() {}
        waiting.spawn_on(try_again, &runtime);
    })
}

/// Who sent a request, from what it says itself. Its parts do not keep the request.
fn origin(meta: &RequestMeta, face: &'static str) -> Origin {
    let client = meta.client_info.as_ref().map(|info| Bytes::copy_from_slice(info));
    Origin { face, session: Arc::from(""), revision: Some(meta.version), client }
}

impl Clients {
    /// What stateless clients see.
    pub(super) fn shown(&self) -> &SnapshotCell {
        self.view().snapshot()
    }

    /// Checks the headers of a POST against its message, by the annotations of the tool it calls.
    pub fn check_headers(&self, headers: &[(&str, &[u8])], message: &Message) -> Result<(), Fault> {
        let snapshot = self.shown().load();
        let tool = named(headers).and_then(|tool| snapshot.route(Subject::Tool, &tool));
        let params: Option<&ParamHeaders> = tool.as_ref().map(|tool| &tool.headers);
        Ok(check_headers(headers, message, params)?)
    }

    /// Serves one request. Its answer, progress and log messages go to `stream`, which is dropped once
    /// nothing more will come.
    pub fn serve(
        &self,
        meta: &RequestMeta,
        message: Message,
        admission: Admission,
        stream: ClientStream,
    ) -> Underway {
        self.serve_within(meta, message, admission, stream, None)
    }

    /// Does so for a request beside which this came of its trace.
    pub fn serve_within(
        &self,
        meta: &RequestMeta,
        message: Message,
        admission: Admission,
        stream: ClientStream,
        ambient: Option<TraceContext>,
    ) -> Underway {
        let Kind::Request { id, method } = message.kind().clone() else { return Underway::over() };
        let watched = self.lookout.begin(&message, ambient, |face| origin(meta, face));
        let number = watched.as_ref().map(|watched| watched.observed().number);
        let request = Request { message, stream, admission: Some(admission), watched };
        self.take(meta, request, id, &method).numbered(number)
    }

    fn take(&self, meta: &RequestMeta, request: Request, id: RawId, method: &str) -> Underway {
        let reply = match Route::of(method) {
            Route::Discover => LastWord::result(&id, self.discovered()),
            Route::Listen => return listening::listen(self, request, &id),
            Route::Refuse(fault) => LastWord::fault(&id, &fault),
            Route::Forward => match (Subject::listed_by(method), Method::parse(method)) {
                (Some(subject), _) => return self.list(request, id, subject),
                (_, Some(named))
                    if named.is_of_task() && !tasks::are_understood(&meta.capabilities) =>
                {
                    LastWord::fault(&id, &Fault::MissingExtension(tasks::EXTENSION))
                }
                (_, Some(named)) if self.offers(Capability::of_method(named)) => {
                    return self.call(meta, request, id, named);
                }
                (None, None) if self.may_be_of_extension(method) => {
                    return self.call(meta, request, id, Method::OfExtension);
                }
                _ => method_not_allowed(&id, method),
            },
        };
        request.reply(reply);
        Underway::over()
    }

    /// Whether a server has an extension with this method, or may once it is known.
    fn may_be_of_extension(&self, method: &str) -> bool {
        let snapshot = self.shown().load();
        snapshot.unknown > 0 || snapshot.extension(method).is_some()
    }

    /// Whether something behind this gateway can do this, or may once it is known. Tools it has itself.
    fn offers(&self, capability: Capability) -> bool {
        capability == Capability::Tools || self.shown().load().offers(capability)
    }

    /// What this gateway is; as fast as can be, because clients open with this question and wait.
    fn discovered(&self) -> Bytes {
        let capabilities = Bytes::from(identity::capabilities().to_string());
        let capabilities = match self.shown().load().extensions() {
            None => capabilities,
            Some(extensions) => {
                ObjectEdit::of(&capabilities).map_or_else(Bytes::new, |mut edit| {
                    edit.set("extensions", extensions.clone());
                    edit.to_bytes()
                })
            }
        };
        let (versions, instructions) =
            (json!(MODERN_VERSIONS), json!(identity::instructions(self.view())));
        let members = identity::face(self.spec.listing.cache).members("server/discover");
        let capabilities = String::from_utf8_lossy(&capabilities);
        Bytes::from(format!(
            "{{\"supportedVersions\":{versions},\"capabilities\":{capabilities},\
             \"instructions\":{instructions},{members}}}"
        ))
    }

    /// Lists at once when everything is known, else as soon as it is, but after `boot_wait` at the
    /// latest.
    fn list(&self, request: Request, id: RawId, subject: Subject) -> Underway {
        if self.shown().load().unknown == 0 {
            let reply = self.listed(&request.message, &id, subject);
            request.reply(reply);
            return Underway::over();
        }
        let (clients, mut request) = (self.clone(), request);
        let given_up = GivenUp(request.watched.take());
        Underway::list(async move {
            let given_up = given_up;
            let complete = clients.shown().complete();
            let _late = timeout(clients.spec.listing.boot_wait, complete).await;
            let reply = clients.listed(&request.message, &id, subject);
            request.watched = given_up.take();
            request.reply(reply);
        })
    }

    fn listed(&self, message: &Message, id: &RawId, subject: Subject) -> LastWord {
        let snapshot = self.shown().load();
        let Listing { page_size, cache, .. } = self.spec.listing;
        let face = identity::face(snapshot.hints(subject, cache));
        let page = list::cursor(message.params()).and_then(|cursor| {
            let own = self.builtin().filter(|_| subject == Subject::Tool);
            let own = own.filter(|_| cursor.is_none()).map(|tool| tool.listed());
            let cursor = cursor.as_deref();
            list::page(&snapshot, subject, own.as_ref(), cursor, page_size, Some(&face))
        });
        match page {
            Ok(result) => LastWord::result(id, result),
            Err(fault) => LastWord::error(id, code::INVALID_PARAMS, &fault.to_string()),
        }
    }

    /// The one place where a request becomes a call.
    fn call(&self, meta: &RequestMeta, request: Request, id: RawId, method: Method) -> Underway {
        let params = match CallParams::of(method, &request.message) {
            Ok(params) => params,
            Err(fault) => {
                let text = fault.to_string();
                request.reply(LastWord::error(&id, code::INVALID_PARAMS, &text));
                return Underway::over();
            }
        };
        request.names(&params);
        if let Some(reply) = self.own_tool(&params, &id) {
            request.reply(reply);
            return Underway::over();
        }
        if let Some(level) = meta.log_level {
            self.spec.table.wants_level(level);
        }
        let control = Arc::new(Control::default());
        let (client, again) =
            (Arc::new(Client::stateless(meta, self.view().clone())), Arc::clone(&self.again));
        let call = Call::new(request, id, params, client, Arc::clone(&control), again);
        self.spec.proxy.tell(proxy::Message::Route(Ticket::new(Box::new(call))));
        Underway::call(control)
    }

    /// The answer of the gateway's own tool, if that is called.
    fn own_tool(&self, params: &CallParams, id: &RawId) -> Option<LastWord> {
        let called = params.subject == Subject::Tool && params.name == STATUS_TOOL;
        let tool = self.builtin().filter(|_| called)?;
        let snapshot: Arc<Snapshot> = self.shown().load();
        let result = tool.call(&snapshot);
        let face = identity::face(self.spec.listing.cache);
        let edits = face.complete(params.method.as_str(), &result, &result).unwrap_or_default();
        Some(LastWord::result(id, edits.splice(&result).to_bytes()))
    }
}
