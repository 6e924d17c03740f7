//! What a client asks for, and who answers it.

use super::State;
use crate::bridge::legacy_client::ModernMeta;
use crate::call::{Call, Control, LastWord, Request, method_not_allowed};
use crate::catalog::{Capability, STATUS_TOOL, SnapshotCell};
use crate::otp::Ticket;
use crate::session::list::{self, BadList, Listing};
use crate::session::{LogLevel, identity, initialize};
use crate::wire::{CallParams, Method, RawId, Subject, code};
use bytes::Bytes;
use std::sync::Arc;
use tokio::time::timeout;

impl State {
    /// Every method of the protocol this gateway serves, in one table.
    pub(super) fn request(&mut self, request: Request, id: RawId, method: &str) {
        let params = request.message.params();
        let reply = match method {
            "initialize" => self.initialize(&id, params),
            "ping" => LastWord::result(&id, Bytes::from_static(b"{}")),
            _ if !self.initialized => {
                let text = "this session is not initialized; send `initialize` first";
                LastWord::error(&id, code::NOT_READY, text)
            }
            "logging/setLevel" => self.set_level(&id, params),
            "tasks/list" if self.offers(Capability::Tasks) => self.tasks(&id),
            _ => match (Subject::listed_by(method), Method::parse(method)) {
                (Some(subject), _) => return self.list(request, id, subject),
                (_, Some(named)) if self.offers(Capability::of_method(named)) => {
                    return self.call(request, id, named);
                }
                _ => method_not_allowed(&id, method),
            },
        };
        request.reply(reply);
    }

    /// Whether something behind this gateway can do this, or may once it is known. Tools it has itself.
    fn offers(&self, capability: Capability) -> bool {
        capability == Capability::Tools || self.arguments.snapshot.load().offers(capability)
    }

    fn initialize(&mut self, id: &RawId, params: Option<&[u8]>) -> LastWord {
        if self.initialized {
            let text = "this session is initialized already; open another one";
            return LastWord::error(id, code::INVALID_REQUEST, text);
        }
        let instructions = identity::instructions(&self.arguments.client.view);
        match initialize::answer(params, &instructions) {
            Ok((version, result)) => {
                self.initialized = true;
                if let Some(meta) = params.and_then(ModernMeta::of_initialize) {
                    self.arguments.client.initialized(version, meta);
                    self.arguments.table.roots_changed();
                }
                tracing::info!(session = %self.arguments.client.session, %version, "session opened");
                LastWord::result(id, result)
            }
            Err(fault) => LastWord::error(id, code::INVALID_PARAMS, &fault.to_string()),
        }
    }

    /// The tasks of this session, as their servers described them last.
    fn tasks(&self, id: &RawId) -> LastWord {
        let tasks = self.arguments.table.tasks().list(&self.arguments.client.session);
        LastWord::result(id, [b"{\"tasks\":[", &*tasks.join(&b","[..]), b"]}"].concat().into())
    }

    fn set_level(&self, id: &RawId, params: Option<&[u8]>) -> LastWord {
        if let Some(level) = params.and_then(LogLevel::of_params) {
            self.arguments.table.set_level(&self.arguments.client, level);
            LastWord::result(id, Bytes::from_static(b"{}"))
        } else {
            let levels = LogLevel::ALL.map(LogLevel::as_str).join(", ");
            let text = format!("`params.level` must be one of {levels}");
            LastWord::error(id, code::INVALID_PARAMS, &text)
        }
    }

    /// Lists at once when everything is known, else as soon as it is, but after `boot_wait` at the
    /// latest.
    fn list(&mut self, request: Request, id: RawId, subject: Subject) {
        while self.lists.try_join_next().is_some() {}
        let Listing { page_size, boot_wait, .. } = self.arguments.listing;
        let own = self.arguments.builtin.clone().filter(|_| subject == Subject::Tool);
        let capability = Capability::of_subject(subject);
        // while it waits, the ticket answers for it
        let ticket = Ticket::new(request);
        let answer = move |snapshot: &SnapshotCell| {
            let Some(request) = ticket.redeem() else { return };
            let snapshot = snapshot.load();
            if subject != Subject::Tool && !snapshot.offers(capability) {
                return request.reply(method_not_allowed(&id, subject.list()));
            }
            let page = list::cursor(request.message.params()).and_then(|cursor| {
                let own = own.as_ref().map(|tool| tool.listed()).filter(|_| cursor.is_none());
                list::page(&snapshot, subject, own.as_ref(), cursor.as_deref(), page_size, None)
            });
            let reply = match page {
                Ok(result) => LastWord::result(&id, result),
                Err(fault @ (BadList::NotAnObject | BadList::Cursor)) => {
                    LastWord::error(&id, code::INVALID_PARAMS, &fault.to_string())
                }
            };
            request.reply(reply);
        };
        if self.arguments.snapshot.load().unknown == 0 {
            answer(&self.arguments.snapshot);
        } else {
            let snapshot = self.arguments.snapshot.clone();
            self.lists.spawn(async move {
                let _late = timeout(boot_wait, snapshot.complete()).await;
                answer(&snapshot);
            });
        }
    }

    fn call(&mut self, request: Request, id: RawId, method: Method) {
        let params = match CallParams::of(method, &request.message) {
            Ok(params) => params,
            Err(fault) => {
                let reply = LastWord::error(&id, code::INVALID_PARAMS, &fault.to_string());
                request.reply(reply);
                return;
            }
        };
        request.names(&params);
        if method == Method::Unsubscribe {
            self.unsubscribe(&params.name);
            return request.reply(LastWord::result(&id, Bytes::from_static(b"{}")));
        }
        if params.subject == Subject::Tool
            && params.name == STATUS_TOOL
            && let Some(tool) = &self.arguments.builtin
        {
            let result = tool.call(&self.arguments.snapshot.load());
            return request.reply(LastWord::result(&id, result));
        }
        let control = Arc::new(match method {
            Method::Subscribe => Control::of_subscription(&params.name),
            _ => Control::default(),
        });
        if !self.register(&id, &control) {
            let text = "a request with this id is still in flight";
            request.reply(LastWord::error(&id, code::INVALID_REQUEST, text));
            return;
        }
        let client = Arc::clone(&self.arguments.client);
        let call = Call::new(request, id, params, client, control, Arc::clone(&self.again));
        self.route(Ticket::new(Box::new(call)));
    }

    /// First marks subscriptions under way, then ends those there are; whoever makes one looks after that
    /// whether it was marked.
    fn unsubscribe(&mut self, uri: &str) {
        for control in self.in_flight.values() {
            control.withdraw(uri);
        }
        self.arguments.table.unsubscribe(&self.arguments.client, uri);
        self.news.forget(uri);
    }

    /// Notes a call in flight; `false` when its id is taken.
    fn register(&mut self, id: &RawId, control: &Arc<Control>) -> bool {
        if self.in_flight.len() >= 64 && self.in_flight.len().is_power_of_two() {
            self.in_flight.retain(|_, control| !control.is_over());
        }
        if self.in_flight.get(id).is_some_and(|earlier| !earlier.is_over()) {
            return false;
        }
        self.in_flight.insert(id.detached(), Arc::clone(control));
        true
    }
}
