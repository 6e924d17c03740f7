//! The one `subscriptions/listen` of a connection to a server of 2026-07-28: when it is opened, replaced
//! by a wider one, and opened again. A value: wishes and answers in, what is to be done out.
//!
//! A wider one is open before the one it replaces is given up, so that nothing is missed in between.
//!
//! *Invariant:* at most one listen is open and one is being opened; after a failure the next one is
//! opened no sooner than a pause that doubles, unless a client waits for it.

use crate::bridge::Listen;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// The pause after a listen that failed or ended; doubled each time, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A listen that was open for so long did well: the pause begins anew.
const STABLE: Duration = Duration::from_secs(60);

/// The listen of a connection.
#[derive(Debug, Default)]
pub(super) struct Listening {
    open: Option<Open>,
    asked: Option<Asked>,
    /// No new one is opened before.
    not_before: Option<Instant>,
    pause: Duration,
    /// It was open once and is not any more: what happened meanwhile was not heard.
    missed: bool,
}

/// One that was acknowledged.
#[derive(Debug)]
struct Open {
    id: u64,
    /// What was asked for, and what of it can be heard.
    wanted: Listen,
    honoured: Listen,
    since: Instant,
}

/// One that was not acknowledged yet.
#[derive(Debug)]
struct Asked {
    id: u64,
    wanted: Listen,
    deadline: Instant,
}

/// What can be heard of a resource from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Nothing: the server leaves it out.
    Nothing,
    /// Every change, as before.
    Still,
    /// Every change; nothing was heard of it on this connection just before.
    Anew,
}

/// A listen was acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    /// The one it replaces, to be given up now.
    pub(super) replaces: Option<u64>,
    /// The resources asked for.
    pub(super) uris: Vec<(String, Hearing)>,
    /// Before it nothing was heard for a while.
    pub(super) missed: bool,
}

impl Listening {
    /// Whether a new listen is to be opened now. Clients wait for the resources in `awaited`.
    pub(super) fn opens(&self, wanted: &Listen, awaited: &BTreeSet<String>, now: Instant) -> bool {
        if self.asked.is_some() || wanted.is_empty() {
            return false;
        }
        let wide =
            |open: &Open| open.wanted.covers(wanted) && awaited.is_subset(&open.honoured.uris);
        let rests = awaited.is_empty() && self.not_before.is_some_and(|at| now < at);
        !rests && !self.open.as_ref().is_some_and(wide)
    }

    /// The resources of these that are listened for already.
    pub(super) fn heard_of(&self, awaited: &BTreeSet<String>) -> Vec<String> {
        let heard = self.open.as_ref().map(|open| &open.honoured.uris);
        heard.map(|heard| awaited.intersection(heard).cloned().collect()).unwrap_or_default()
    }

    /// The listen `id` was sent; it is to be acknowledged by then.
    pub(super) fn asked(&mut self, id: u64, wanted: Listen, deadline: Instant) {
        self.not_before = None;
        self.asked = Some(Asked { id, wanted, deadline });
    }

    /// The listen being opened, or that with this id; an acknowledgement names it, or not.
    pub(super) fn acknowledged(
        &mut self,
        id: Option<u64>,
        honoured: Option<Listen>,
        now: Instant,
    ) -> Option<Acknowledged> {
        let Asked { id, wanted, .. } =
            self.asked.take_if(|asked| id.is_none_or(|id| id == asked.id))?;
        let honoured = honoured.unwrap_or_else(|| wanted.clone());
        let hearing = |uri: &String| match &self.open {
            _ if !honoured.uris.contains(uri) => Hearing::Nothing,
            Some(open) if open.honoured.uris.contains(uri) => Hearing::Still,
            _ => Hearing::Anew,
        };
        let uris = wanted.uris.iter().map(|uri| (uri.clone(), hearing(uri))).collect();
        let before = self.open.replace(Open { id, wanted, honoured, since: now });
        let missed = std::mem::take(&mut self.missed);
        Some(Acknowledged { replaces: before.map(|before| before.id), uris, missed })
    }

    /// A listen is over, in whatever way: the resources it was to listen for and was not yet
    /// acknowledged for; `None` when `id` is no listen.
    pub(super) fn ended(&mut self, id: u64, now: Instant) -> Option<BTreeSet<String>> {
        if let Some(asked) = self.asked.take_if(|asked| asked.id == id) {
            self.rest(now);
            return Some(asked.wanted.uris);
        }
        let open = self.open.take_if(|open| open.id == id)?;
        self.missed = true;
        if now.duration_since(open.since) >= STABLE {
            self.pause = Duration::ZERO;
        }
        self.rest(now);
        Some(BTreeSet::new())
    }

    /// What was refused may be asked for again.
    pub(super) fn forgive(&mut self) {
        if let Some(open) = &mut self.open {
            open.wanted = open.honoured.clone();
        }
    }

    /// When [`Self::late`] is worth calling, or a new listen is to be opened.
    pub(super) fn due(&self) -> Option<Instant> {
        self.asked.as_ref().map(|asked| asked.deadline).or(self.not_before)
    }

    /// The listen that was not acknowledged in time.
    pub(super) fn late(&self, now: Instant) -> Option<u64> {
        self.asked.as_ref().filter(|asked| asked.deadline <= now).map(|asked| asked.id)
    }

    /// Whether the pause is over.
    pub(super) fn is_rested(&mut self, now: Instant) -> bool {
        self.not_before.take_if(|at| *at <= now).is_some()
    }

    fn rest(&mut self, now: Instant) {
        self.pause = (self.pause * 2).clamp(FIRST, LONGEST);
        self.not_before = Some(now + self.pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanting(uris: &[&str]) -> Listen {
        Listen::for_sessions(uris.iter().map(|&uri| uri.to_owned()))
    }

    fn set(uris: &[&str]) -> BTreeSet<String> {
        uris.iter().map(|&uri| uri.to_owned()).collect()
    }

    #[test]
    fn one_listen_is_opened_and_a_wider_one_replaces_it_without_a_gap() {
        let (mut all, now) = (Listening::default(), Instant::now());
        let nobody = set(&[]);
        assert!(!all.opens(&Listen::default(), &nobody, now), "nothing is wanted");
        assert!(all.opens(&wanting(&[]), &nobody, now));
        all.asked(1, wanting(&[]), now + FIRST);
        assert!(!all.opens(&wanting(&["a"]), &set(&["a"]), now), "one at a time");
        let first = all.acknowledged(Some(1), Some(wanting(&[])), now).expect("ours");
        assert_eq!(first, Acknowledged { replaces: None, uris: vec![], missed: false });
        assert!(!all.opens(&wanting(&[]), &nobody, now));

        assert!(all.opens(&wanting(&["a", "b"]), &set(&["a"]), now));
        all.asked(2, wanting(&["a", "b"]), now + FIRST);
        assert!(all.acknowledged(Some(1), None, now).is_none(), "not what is waited for");
        let wider = all.acknowledged(None, Some(wanting(&["a"])), now).expect("ours");
        assert_eq!(wider.replaces, Some(1));
        let uris = [("a".to_owned(), Hearing::Anew), ("b".to_owned(), Hearing::Nothing)];
        assert_eq!(wider.uris, uris);
        assert_eq!(all.ended(1, now), None, "that one was given up");

        // less is covered by more; what was refused is not asked for again by itself
        assert!(!all.opens(&wanting(&["b"]), &nobody, now));
        assert!(all.opens(&wanting(&["b"]), &set(&["b"]), now), "somebody asks");
        assert_eq!(all.heard_of(&set(&["a", "b"])), ["a"]);
        all.forgive();
        assert!(all.opens(&wanting(&["b"]), &nobody, now), "its lists have changed");
        all.asked(3, wanting(&["a"]), now + FIRST);
        let again = all.acknowledged(Some(3), None, now).expect("ours");
        assert_eq!(again.uris, [("a".to_owned(), Hearing::Still)]);
    }

    #[test]
    fn a_listen_that_ends_is_opened_again_ever_more_slowly_until_it_holds() {
        let (mut all, mut now) = (Listening::default(), Instant::now());
        let (wanted, nobody) = (wanting(&["a"]), set(&[]));
        let mut pauses = Vec::new();
        for id in 0..8 {
            assert!(all.opens(&wanted, &nobody, now));
            all.asked(id, wanted.clone(), now + FIRST);
            assert_eq!(all.ended(id, now), Some(set(&["a"])));
            assert!(!all.opens(&wanted, &nobody, now));
            assert!(all.opens(&wanted, &set(&["a"]), now), "who waits is not let wait");
            let due = all.due().expect("it is opened again");
            pauses.push(due.duration_since(now).as_secs());
            now = due;
            assert!(all.is_rested(now));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        all.asked(9, wanted.clone(), now + FIRST);
        assert!(!all.acknowledged(Some(9), None, now).expect("ours").missed);
        now += STABLE;
        assert_eq!(all.ended(9, now), Some(set(&[])), "nobody waited any more");
        assert_eq!(all.due(), Some(now + FIRST));
        all.asked(10, wanted, now + FIRST);
        assert!(all.acknowledged(Some(10), None, now).expect("ours").missed);
    }

    #[test]
    fn a_listen_that_is_not_acknowledged_in_time_is_given_up() {
        let (mut all, now) = (Listening::default(), Instant::now());
        all.asked(1, wanting(&["a"]), now + FIRST);
        assert_eq!((all.due(), all.late(now)), (Some(now + FIRST), None));
        assert_eq!(all.late(now + FIRST), Some(1));
        assert_eq!(all.ended(1, now + FIRST), Some(set(&["a"])));
        assert_eq!(all.due(), Some(now + FIRST * 2));
    }
}
