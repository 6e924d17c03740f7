//! What one connection asked its server to watch. A value: wishes and answers in, requests out.
//!
//! *Invariant:* for one resource at most one request is under way, so that a server that works on
//! several at once cannot take them in another order.

use super::RoutedCall;
use std::collections::{BTreeMap, BTreeSet};

/// So many requests nobody waits for are sent at a time, however much is wanted: the next ones when those
/// are answered.
const AT_ONCE: usize = 32;

/// A request to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Subscribe(String),
    Unsubscribe(String),
}

/// Where a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The server was asked to watch it.
    Asking,
    /// The server watches it.
    Watched,
    /// The server would not; it is not asked again until a client asks or its lists change.
    Refused,
    /// The server was told that nobody watches any more.
    Leaving,
}

/// A client's request that there was nothing to wait for, or nothing.
#[derive(Debug)]
pub(super) enum Joined {
    /// The server watches it already.
    Already(RoutedCall),
    /// It waits for the server's answer; the request to be sent, if it is the first.
    Waits(Option<Step>),
}

/// The resources of one connection, by the server's own URIs.
#[derive(Debug, Default)]
pub(super) struct Subscribing(BTreeMap<String, (Stage, Vec<RoutedCall>)>);

impl Subscribing {
    /// Whether the server watches it already.
    pub(super) fn watches(&self, uri: &str) -> bool {
        self.0.get(uri).is_some_and(|(stage, _)| *stage == Stage::Watched)
    }

    /// A client asks.
    pub(super) fn join(&mut self, call: RoutedCall) -> Joined {
        let uri = call.route.own.to_string();
        let (stage, waiting) =
            self.0.entry(uri.clone()).or_insert_with(|| (Stage::Refused, Vec::new()));
        match stage {
            Stage::Watched => return Joined::Already(call),
            Stage::Asking | Stage::Leaving => {}
            Stage::Refused => {
                *stage = Stage::Asking;
                waiting.push(call);
                return Joined::Waits(Some(Step::Subscribe(uri)));
            }
        }
        waiting.push(call);
        Joined::Waits(None)
    }

    /// The server answered a request to watch this; who waited for that.
    pub(super) fn subscribed(&mut self, uri: &str, ok: bool) -> Vec<RoutedCall> {
        let Some((stage, waiting)) = self.0.get_mut(uri) else { return Vec::new() };
        *stage = if ok { Stage::Watched } else { Stage::Refused };
        std::mem::take(waiting)
    }

    /// The server answered, however, that nobody watches any more; what is to be sent now.
    pub(super) fn unsubscribed(&mut self, uri: &str) -> Option<Step> {
        let (stage, waiting) = self.0.get_mut(uri)?;
        if waiting.is_empty() {
            self.0.remove(uri);
            return None;
        }
        *stage = Stage::Asking;
        Some(Step::Subscribe(uri.to_owned()))
    }

    /// What is to be sent next so that the server watches what is wanted and nothing else; asked again
    /// after each answer.
    pub(super) fn reconcile(&mut self, wanted: &BTreeSet<String>) -> Vec<Step> {
        let mut steps = Vec::new();
        let under_way = |(stage, _): &&(Stage, _)| matches!(stage, Stage::Asking | Stage::Leaving);
        let room = AT_ONCE.saturating_sub(self.0.values().filter(under_way).count());
        self.0.retain(|uri, (stage, _)| wanted.contains(uri) || *stage != Stage::Refused);
        for (uri, (stage, _)) in &mut self.0 {
            if steps.len() < room && *stage == Stage::Watched && !wanted.contains(uri) {
                *stage = Stage::Leaving;
                steps.push(Step::Unsubscribe(uri.clone()));
            }
        }
        for uri in wanted {
            if steps.len() < room && !self.0.contains_key(uri) {
                self.0.insert(uri.clone(), (Stage::Asking, Vec::new()));
                steps.push(Step::Subscribe(uri.clone()));
            }
        }
        steps
    }

    /// What the server would not watch may be asked for again.
    pub(super) fn forgive(&mut self) {
        self.0.retain(|_, (stage, _)| *stage != Stage::Refused);
    }

    /// The resources clients wait for, where one request is not sent for each.
    pub(super) fn awaited(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    /// It is known, in a server's one answer for all, what became of this; who waited for that.
    pub(super) fn settled(&mut self, uri: &str) -> Vec<RoutedCall> {
        self.0.remove(uri).map(|(_, waiting)| waiting).unwrap_or_default()
    }

    /// The connection is over: who still waits.
    pub(super) fn drain(&mut self) -> Vec<RoutedCall> {
        std::mem::take(&mut self.0).into_values().flat_map(|(_, waiting)| waiting).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(uris: &[&str]) -> BTreeSet<String> {
        uris.iter().map(|&uri| uri.to_owned()).collect()
    }

    #[test]
    fn a_new_connection_asks_once_for_what_is_wanted_and_leaves_what_is_not() {
        let mut all = Subscribing::default();
        let ask = |uri: &str| Step::Subscribe(uri.to_owned());
        let leave = |uri: &str| Step::Unsubscribe(uri.to_owned());
        assert_eq!(all.reconcile(&set(&["a", "b"])), [ask("a"), ask("b")]);
        assert_eq!(all.reconcile(&set(&["a", "b"])), []);
        // a request under way is waited for
        assert_eq!(all.reconcile(&set(&["b"])), []);
        assert!(all.subscribed("a", true).is_empty() && all.subscribed("b", true).is_empty());
        assert_eq!(all.reconcile(&set(&["b"])), [leave("a")]);
        // wanted again before the server has answered that
        assert_eq!(all.reconcile(&set(&["a", "b"])), []);
        assert_eq!(all.unsubscribed("a"), None);
        assert_eq!(all.reconcile(&set(&["a", "b"])), [ask("a")]);
    }

    #[test]
    fn a_server_is_asked_for_much_in_portions() {
        let mut all = Subscribing::default();
        let wanted: BTreeSet<_> = (100..200).map(|number| number.to_string()).collect();
        let first = all.reconcile(&wanted);
        assert_eq!((first.len(), all.reconcile(&wanted).len()), (AT_ONCE, 0));
        let mut under_way = first;
        let mut asked = 0;
        while let Some(step) = under_way.pop() {
            let Step::Subscribe(uri) = step else { panic!("nothing is to be left") };
            assert!(all.subscribed(&uri, true).is_empty());
            under_way.extend(all.reconcile(&wanted));
            asked += 1;
        }
        assert_eq!(asked, wanted.len());
        assert_eq!(all.reconcile(&BTreeSet::new()).len(), AT_ONCE);
    }

    #[test]
    fn what_a_server_refuses_is_not_asked_for_again_until_it_may_have_it() {
        let mut all = Subscribing::default();
        assert_eq!(all.reconcile(&set(&["a"])).len(), 1);
        assert!(all.subscribed("a", false).is_empty());
        assert_eq!(all.reconcile(&set(&["a"])), []);
        all.forgive();
        assert_eq!(all.reconcile(&set(&["a"])).len(), 1);
        assert!(all.subscribed("a", false).is_empty());
        assert_eq!(all.reconcile(&set(&[])), [], "there is nothing to leave");
        assert_eq!(all.reconcile(&set(&["a"])).len(), 1);
    }
}
