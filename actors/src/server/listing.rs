//! The list of one kind of thing, as a server gives it page by page, and when it is asked for again.
//! A value.

use crate::bridge::modern_client::CacheHints;
use crate::catalog::Item;
use crate::wire::Raw;
use crate::wire::{Members, Span, Subject};
use bytes::Bytes;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;

/// Listings begin at least this far apart, however often the server says its list changed.
pub(super) const SPACING: Duration = Duration::from_millis(250);

/// The same after a listing that failed; doubled with each one more, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// Most pages of one listing, and most things; a server that never ends is not believed.
const MAX_PAGES: usize = 1_000;
const MAX_ITEMS: usize = 10_000;
/// Most bytes of one listing.
const MAX_BYTES: usize = 64 << 20;

/// What an answer to a listing comes to.
#[derive(Debug)]
pub(super) enum Heard {
    /// Nobody asked any more.
    Nothing,
    /// There is another page; the member of the parameters that asks for it.
    More(String),
    /// That was the last page: everything there is, and how long it may be kept, if all pages said so.
    All(Vec<Item>, Option<CacheHints>),
    /// It failed.
    Failed(String),
}

/// The listing of one kind.
#[derive(Debug)]
pub(super) struct Listing {
    subject: Subject,
    /// What came so far, while it goes on.
    pages: Option<Pages>,
    last_started: Option<Instant>,
    /// How long after that the next one may begin.
    spacing: Duration,
    /// The list changed since the last listing began, or that one failed.
    stale: bool,
    succeeded: bool,
    failed: bool,
}

#[derive(Debug, Default)]
struct Pages {
    items: Vec<Item>,
    /// The cursors followed: one a page but the first.
    cursors: HashSet<String>,
    bytes: usize,
    /// What all pages so far said of being kept.
    hints: Option<CacheHints>,
}

impl Listing {
    /// One that has not begun.
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            pages: None,
            last_started: None,
            spacing: SPACING,
            stale: false,
            succeeded: false,
            failed: false,
        }
    }

    /// Whether the first listing goes on.
    pub(super) fn is_first(&self) -> bool {
        self.pages.is_some() && !self.succeeded && !self.failed
    }

    /// Whether there is a last good list.
    pub(super) fn succeeded(&self) -> bool {
        self.succeeded
    }

    /// The server says that the list changed.
    pub(super) fn grow_stale(&mut self) {
        self.stale = true;
    }

    /// When it is to begin anew.
    pub(super) fn due(&self) -> Option<Instant> {
        let waits = self.stale && self.pages.is_none();
        waits.then_some(self.last_started).flatten().map(|last| last + self.spacing)
    }

    /// Whether it is to begin anew now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let waits = self.stale && self.pages.is_none();
        waits && self.last_started.is_none_or(|last| now >= last + self.spacing)
    }

    /// Begins.
    pub(super) fn start(&mut self, now: Instant) {
        self.stale = false;
        self.last_started = Some(now);
        self.pages = Some(Pages::default());
    }

    /// Begins anew after a pause, because it failed.
    pub(super) fn repeat_later(&mut self) {
        self.failed = true;
        self.stale = true;
        self.spacing = (self.spacing * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
    }

    /// A page was asked for, and this came: `Ok` with the result, `Err` with the error object.
    pub(super) fn heard(&mut self, outcome: Result<Bytes, Bytes>) -> Heard {
        let Some(mut pages) = self.pages.take() else { return Heard::Nothing };
        let list = self.subject.list();
        let result = match outcome {
            Ok(result) => result,
            Err(error) if self.subject == Subject::Template && is_unknown_method(&error) => {
                return self.all(Vec::new(), None); // resources without templates: there are none
            }
            Err(error) => return Heard::Failed(super::control::answered_with(list, &error)),
        };
        let Some((items, next)) = page(self.subject, &result) else {
            let member = self.subject.member();
            return Heard::Failed(format!("`{list}` was answered without a `{member}` array"));
        };
        pages.items.extend(items);
        pages.bytes += result.len();
        let hints = CacheHints::of(&result);
        let is_first = pages.cursors.is_empty();
        let both = || pages.hints.zip(hints).map(|(before, this)| before.and(this));
        pages.hints = if is_first { hints } else { both() };
        if pages.items.len() > MAX_ITEMS
            || pages.cursors.len() >= MAX_PAGES
            || pages.bytes > MAX_BYTES
        {
            return Heard::Failed(format!(
                "`{list}` gives more than {MAX_ITEMS} entries, {MAX_PAGES} pages or {} MiB",
                MAX_BYTES >> 20
            ));
        }
        let Some(cursor) = next else { return self.all(pages.items, pages.hints) };
        let member = format!("\"cursor\":{cursor}");
        if !pages.cursors.insert(cursor) {
            return Heard::Failed(format!("`{list}` gave the same cursor twice"));
        }
        self.pages = Some(pages);
        Heard::More(member)
    }

    fn all(&mut self, items: Vec<Item>, hints: Option<CacheHints>) -> Heard {
        self.succeeded = true;
        self.spacing = SPACING;
        Heard::All(items, hints)
    }
}

fn is_unknown_method(error: &Bytes) -> bool {
    let code = Members::of(error).and_then(|members| members.get("code").ok().flatten());
    code.is_some_and(|raw| raw.get() == "-32601")
}

/// The things of one page and the raw cursor of the next.
fn page(subject: Subject, result: &Bytes) -> Option<(Vec<Item>, Option<String>)> {
    let members = Members::of(result)?;
    let array = members.get(subject.member()).ok()??;
    let items = Item::list(subject, &Span::of(array.get().as_bytes(), result).share(result))?;
    let cursor = members.get("nextCursor").ok()?.map(Raw::get).map(str::to_owned);
    // an empty one means there is none: some servers write it so
    Some((items, cursor.filter(|cursor| cursor.starts_with('"') && cursor.len() > 2)))
}
