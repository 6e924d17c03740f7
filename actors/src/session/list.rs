//! The answer to `tools/list` and the other lists.

use crate::bridge::modern_client::{CacheHints, Face};
use crate::catalog::{Page, Seen, Snapshot};
use crate::wire::{Members, Subject, string};
use bytes::{Bytes, BytesMut};
use std::time::Duration;

/// How lists are answered.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// Entries on one page.
    pub page_size: usize,
    /// How long a list waits for servers of which nothing is known yet.
    pub boot_wait: Duration,
    /// How long clients of 2026-07-28 may keep a list of servers that do not say.
    pub cache: CacheHints,
}

/// Why a list is refused with -32602.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadList {
    /// The parameters are no object.
    #[error("`params` must be an object")]
    NotAnObject,
    /// The cursor is not one of ours, or what it stands for is gone.
    #[error("`params.cursor` is not valid (any more); list again without a cursor")]
    Cursor,
}

/// The cursor of a list's parameters. A cursor is the name of the last entry shown, so it stays valid
/// when others come and go.
pub(super) fn cursor(params: Option<&[u8]>) -> Result<Option<String>, BadList> {
    let Some(params) = params else { return Ok(None) };
    let members = Members::of(params).ok_or(BadList::NotAnObject)?;
    match members.get("cursor").map_err(|_| BadList::Cursor)? {
        None => Ok(None),
        Some(raw) if raw.get() == "null" => Ok(None),
        Some(raw) => serde_json::from_str(raw.get()).map(Some).map_err(|_| BadList::Cursor),
    }
}

/// One page as the JSON text of a result; `own` is put in front of it, above its size. With a `face` it
/// is one for a client of 2026-07-28.
pub(super) fn page(
    snapshot: &Snapshot,
    subject: Subject,
    own: Option<&Bytes>,
    cursor: Option<&str>,
    size: usize,
    face: Option<&Face>,
) -> Result<Bytes, BadList> {
    let seen = if face.is_some() { Seen::Modern } else { Seen::Legacy };
    let page = snapshot.section(subject).page(seen, cursor, size);
    let Page { texts, next } = page.ok_or(BadList::Cursor)?;
    let texts: Vec<&Bytes> = own.into_iter().chain(&texts).collect();
    let size: usize = texts.iter().map(|text| text.len() + 1).sum();
    let mut result = BytesMut::with_capacity(size + 192);
    result.extend_from_slice(b"{\"");
    result.extend_from_slice(subject.member().as_bytes());
    result.extend_from_slice(b"\":[");
    for (at, text) in texts.into_iter().enumerate() {
        result.extend_from_slice(if at == 0 { b"" } else { b"," });
        result.extend_from_slice(text);
    }
    result.extend_from_slice(b"]");
    if let Some(next) = next {
        result.extend_from_slice(b",\"nextCursor\":");
        result.extend_from_slice(string(&next).as_bytes());
    }
    if let Some(face) = face {
        result.extend_from_slice(b",");
        result.extend_from_slice(face.members(subject.list()).as_bytes());
    }
    result.extend_from_slice(b"}");
    Ok(result.freeze())
}
