//! `subscriptions/listen`: which changes a client of 2026-07-28 hears of, and how they are marked.
//!
//! Towards legacy servers it is served here from their notifications; towards modern servers it is
//! asked once for all sessions and asked anew when [`Listen::covers`] says that is not enough.

use super::{Fault, key};
use crate::wire::{
    Edits, Kind, Members, Message, ObjectEdit, Payload, RawId, notification_raw, result_raw, string,
};
use bytes::Bytes;
use std::collections::BTreeSet;

/// A filter: what is listened for.
///
/// Source: MCP 2026-07-28 "Subscriptions", notification filter; what is not named is not wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listen {
    /// Changes of the list of tools.
    pub tools: bool,
    /// Changes of the list of prompts.
    pub prompts: bool,
    /// Changes of the list of resources.
    pub resources: bool,
    /// Updates of these resources.
    pub uris: BTreeSet<String>,
}

/// What can be heard of a server: its capabilities as far as they matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Supported {
    tools: bool,
    prompts: bool,
    resources: bool,
    subscribe: bool,
}

impl Supported {
    /// Reads a server's capabilities (they are spelled alike in both eras).
    pub fn of(capabilities: &[u8]) -> Self {
        let members = Members::of(capabilities);
        let is_true = |part: &str, key: &str| {
            let part = members.as_ref().and_then(|members| members.get(part).ok().flatten());
            let part = part.and_then(|part| Members::of(part.get().as_bytes()));
            let raw = part.as_ref().and_then(|part| part.get(key).ok().flatten());
            raw.is_some_and(|raw| raw.get() == "true")
        };
        Self {
            tools: is_true("tools", "listChanged"),
            prompts: is_true("prompts", "listChanged"),
            resources: is_true("resources", "listChanged"),
            subscribe: is_true("resources", "subscribe"),
        }
    }
}

impl Listen {
    /// Reads the filter of a `subscriptions/listen` request.
    pub fn of(message: &Message) -> Result<Self, Fault> {
        const BAD: Fault = Fault::BadParams(
            "`params.notifications` must be an object of booleans and of `resourceSubscriptions`, \
             an array of URIs",
        );
        let params = message.params().and_then(Members::of).ok_or(BAD)?;
        let filter = params.get("notifications").map_err(|_| BAD)?.ok_or(BAD)?;
        let filter = Members::of(filter.get().as_bytes()).ok_or(BAD)?;
        let wanted = |key| match filter.get(key).map_err(|_| BAD)? {
            None => Ok(false),
            Some(raw) => serde_json::from_str::<bool>(raw.get()).map_err(|_| BAD),
        };
        let uris = match filter.get("resourceSubscriptions").map_err(|_| BAD)? {
            None => BTreeSet::new(),
            Some(raw) => serde_json::from_str(raw.get()).map_err(|_| BAD)?,
        };
        Ok(Self {
            tools: wanted("toolsListChanged")?,
            prompts: wanted("promptsListChanged")?,
            resources: wanted("resourcesListChanged")?,
            uris,
        })
    }

    /// What sessions of the initialize era need: every change of a list, and the resources any of them
    /// subscribed to.
    pub fn for_sessions(uris: impl IntoIterator<Item = String>) -> Self {
        Self { tools: true, prompts: true, resources: true, uris: uris.into_iter().collect() }
    }

    /// The part that can be heard.
    #[must_use]
    pub fn honoured(mut self, by: Supported) -> Self {
        self.tools &= by.tools;
        self.prompts &= by.prompts;
        self.resources &= by.resources;
        if !by.subscribe {
            self.uris.clear();
        }
        self
    }

    /// Whether nothing is listened for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a listen with this filter hears everything `wanted` asks for.
    pub fn covers(&self, wanted: &Self) -> bool {
        (self.tools || !wanted.tools)
            && (self.prompts || !wanted.prompts)
            && (self.resources || !wanted.resources)
            && self.uris.is_superset(&wanted.uris)
    }

    /// Whether a notification is to be sent on.
    pub fn wants(&self, message: &Message) -> bool {
        let Kind::Notification { method } = message.kind() else { return false };
        match &**method {
            "notifications/resources/updated" => updated_uri(message)
                .is_some_and(|uri| self.uris.iter().any(|listened| covers_uri(listened, &uri))),
            changed => self.wants_changes(changed),
        }
    }

    /// Whether this notification that a list changed is to be sent on.
    pub fn wants_changes(&self, method: &str) -> bool {
        match method {
            "notifications/tools/list_changed" => self.tools,
            "notifications/prompts/list_changed" => self.prompts,
            "notifications/resources/list_changed" => self.resources,
            _ => false,
        }
    }

    /// The filter's JSON text; only what is wanted is named.
    pub fn filter(&self) -> String {
        let mut members = Vec::with_capacity(4);
        for (wanted, name) in [
            (self.tools, "toolsListChanged"),
            (self.prompts, "promptsListChanged"),
            (self.resources, "resourcesListChanged"),
        ] {
            if wanted {
                members.push(format!("\"{name}\":true"));
            }
        }
        if !self.uris.is_empty() {
            let uris: Vec<_> = self.uris.iter().map(|uri| string(uri)).collect();
            members.push(format!("\"resourceSubscriptions\":[{}]", uris.join(",")));
        }
        format!("{{{}}}", members.join(","))
    }

    /// As a member of the parameters of a listen of ours, for
    /// [`ModernMeta::params`](super::legacy_client::ModernMeta::params).
    pub fn member(&self) -> String {
        format!("\"notifications\":{}", self.filter())
    }

    /// The first message on a stream: `id` is the listen's, `self` what is honoured of it.
    pub fn acknowledged(&self, id: &RawId) -> Payload {
        let params = format!("{{\"_meta\":{},\"notifications\":{}}}", tag(id), self.filter());
        notification_raw("notifications/subscriptions/acknowledged", &params)
    }

    /// A notification as it goes to the listen `id`.
    pub fn tagged(message: &Message, id: &RawId) -> Payload {
        let whole = message.bytes();
        let Some(mut params) = message.params().and_then(ObjectEdit::of) else {
            let Some(mut envelope) = ObjectEdit::of(whole) else { return message.notified(&[]) };
            envelope.set("params", format!("{{\"_meta\":{}}}", tag(id)));
            envelope.set("jsonrpc", "\"2.0\"");
            return envelope.finish(whole).splice(whole);
        };
        let mut edits = Edits::default();
        let meta = params.get("_meta").map(|raw| ObjectEdit::of(raw.get().as_bytes()));
        if let Some(Some(mut meta)) = meta {
            meta.set(key::SUBSCRIPTION_ID, Bytes::copy_from_slice(id.as_bytes()));
            edits.extend(meta.finish(whole));
        } else {
            params.set("_meta", tag(id));
        }
        edits.extend(params.finish(whole));
        message.notified(&edits.as_slices())
    }

    /// The answer that ends the listen `id` in good order.
    ///
    /// Source: MCP 2026-07-28 schema, `SubscriptionsListenResult`.
    pub fn ended(id: &RawId) -> Payload {
        let result = format!("{{\"resultType\":\"complete\",\"_meta\":{}}}", tag(id));
        result_raw(id, result.into())
    }
}

/// A server may name a resource inside the one subscribed to.
///
/// Source: MCP "Resources", subscriptions: "this could be a sub-resource of the one subscribed to".
fn covers_uri(listened: &str, updated: &str) -> bool {
    updated.strip_prefix(listened).is_some_and(|rest| {
        rest.is_empty() || listened.ends_with('/') || rest.starts_with(['/', '#', '?'])
    })
}

fn updated_uri(message: &Message) -> Option<String> {
    let members = Members::of(message.params()?)?;
    serde_json::from_str(members.get("uri").ok()??.get()).ok()
}

fn tag(id: &RawId) -> String {
    format!("{{{}:{id}}}", string(key::SUBSCRIPTION_ID))
}

/// The listen a modern server's notification belongs to, as spelled.
pub fn subscription_of(message: &Message) -> Option<RawId> {
    let members = super::request_meta::meta_of(message).ok()??;
    let raw = members.get(key::SUBSCRIPTION_ID).ok()??;
    RawId::new(Bytes::copy_from_slice(raw.get().as_bytes()))
}

/// The edits that make a modern server's notification one for a session of the initialize era.
pub fn untagged(message: &Message) -> Edits {
    let whole = message.bytes();
    let mut edits = Edits::default();
    let Some(mut params) = message.params().and_then(ObjectEdit::of) else { return edits };
    let meta = params.get("_meta").and_then(|raw| ObjectEdit::of(raw.get().as_bytes()));
    let Some(mut meta) = meta.filter(|meta| meta.get(key::SUBSCRIPTION_ID).is_some()) else {
        return edits;
    };
    meta.remove(key::SUBSCRIPTION_ID);
    if meta.would_be_empty() {
        params.remove("_meta");
    } else {
        edits.extend(meta.finish(whole));
    }
    edits.extend(params.finish(whole));
    edits
}
