//! What a client has still to be told that belongs to no request: lists and resources that changed. A
//! value.
//!
//! What is told twice before the client hears it is told once: it reads again what it wants to know.

use super::{ClientStream, StreamFull};
use crate::wire::{Payload, notification};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most resources remembered for a client that listens to nothing.
const MOST: usize = 1_000;

/// News in waiting.
#[derive(Debug, Default)]
pub(super) struct News {
    /// By the notification that tells of it.
    lists: BTreeSet<&'static str>,
    /// By the URI the client knows.
    resources: BTreeMap<Arc<str>, Payload>,
}

impl News {
    /// A list is another one.
    pub(super) fn list_changed(&mut self, notification: &'static str) {
        self.lists.insert(notification);
    }

    /// A resource changed.
    pub(super) fn updated(&mut self, uri: Arc<str>, payload: Payload) {
        if self.resources.len() < MOST || self.resources.contains_key(&uri) {
            self.resources.insert(uri, payload);
        }
    }

    /// The client does not want to know of this resource any more.
    pub(super) fn forget(&mut self, uri: &str) {
        self.resources.remove(uri);
    }

    /// Takes out what is to be told first.
    pub(super) fn next(&mut self) -> Option<Payload> {
        let list = self.lists.pop_first().map(notification);
        list.or_else(|| self.resources.pop_first().map(|(_, payload)| payload))
    }

    /// Tells the client, as far as it keeps up.
    pub(super) fn tell(&mut self, stream: &ClientStream) {
        while let Some(method) = self.lists.pop_first() {
            if stream.notify(notification(method)).is_err() {
                self.lists.insert(method);
                return;
            }
        }
        while let Some((uri, payload)) = self.resources.pop_first() {
            if let Err(StreamFull(payload)) = stream.notify(payload) {
                self.resources.insert(uri, payload);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn news_wait_for_a_client_that_keeps_up_and_are_told_once() {
        let (stream, mut reader) = ClientStream::new();
        let full = Payload::from(Bytes::from(vec![b'x'; 2 << 20]));
        assert!(stream.notify(full).is_ok());
        let mut news = News::default();
        for round in 0..3_u8 {
            news.list_changed("notifications/tools/list_changed");
            news.updated("a:1".into(), Bytes::from(vec![round]).into());
            news.updated("a:2".into(), Bytes::from(vec![round]).into());
            news.forget("a:2");
            news.tell(&stream);
        }
        drop(reader.try_next().expect("what fills the stream"));
        assert!(reader.try_next().is_none());
        news.tell(&stream);
        news.tell(&stream);
        let told = std::iter::from_fn(|| reader.try_next());
        let told: Vec<Bytes> = told.map(|outgoing| outgoing.payload.to_bytes()).collect();
        let list = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
        assert_eq!(told, [Bytes::from(list), Bytes::from(vec![2])]);
    }
}
