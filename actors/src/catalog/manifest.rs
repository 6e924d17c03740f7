//! What one server said about itself.

use super::{Capabilities, Item};
use crate::bridge::modern_client::CacheHints;
use crate::bridge::{Era, tasks};
use crate::wire::Raw;
use crate::wire::{Members, PerSubject, ProtocolVersion, Span, Subject};
use bytes::Bytes;

/// A server's own words: what it said of itself as it was spoken to first, and what it lists, byte for
/// byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The raw `initialize` result, or the raw discover result of a server of 2026-07-28.
    pub about: Bytes,
    /// The era it lives in.
    pub era: Era,
    /// It was spoken to in the initialize era and lives in 2026-07-28 as well.
    pub is_modern_too: bool,
    /// What it declared.
    pub capabilities: Capabilities,
    /// What it lists of each kind, in its own order.
    pub items: PerSubject<Vec<Item>>,
    /// How long each list may be kept, where the server said so.
    pub hints: PerSubject<Option<CacheHints>>,
}

impl Manifest {
    /// Reads an `initialize` result; what it lists comes later.
    pub fn of(initialize: &Bytes) -> Result<Self, String> {
        let members = Members::of(initialize).ok_or("the initialize result is not an object")?;
        let get = |key: &str| members.get(key).ok().flatten();
        let version: String = get("protocolVersion")
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .ok_or("the initialize result has no protocolVersion")?;
        let version = ProtocolVersion::parse(&version).ok_or_else(|| {
            format!("the server speaks revision {version:.40}, which opens without `initialize` or is unknown")
        })?;
        Ok(Self::about(initialize, get("capabilities"), Era::Legacy(version)))
    }

    /// Reads a discover result; what it lists comes later.
    ///
    /// Source: MCP 2026-07-28 schema, `DiscoverResult`.
    pub fn discovered(result: &Bytes) -> Result<Self, String> {
        let members = Members::of(result).ok_or("the discover result is not an object")?;
        Ok(Self::about(result, members.get("capabilities").ok().flatten(), Era::Modern))
    }

    fn about(about: &Bytes, capabilities: Option<Raw<'_>>, era: Era) -> Self {
        let capabilities = Capabilities::read(capabilities, era);
        let (items, hints) = (PerSubject::default(), PerSubject::default());
        Self { about: about.clone(), era, is_modern_too: false, capabilities, items, hints }
    }

    /// The extensions it declared: the JSON text of an object. Tasks are hidden across eras.
    pub fn extensions(&self) -> Option<Bytes> {
        let declared = member(&self.about, "capabilities")?;
        let declared = if self.era == Era::Modern { declared } else { tasks::hidden(&declared) };
        member(&declared, "extensions")
    }

    /// Whether it runs its tools as tasks, if it is one of the initialize era.
    pub fn runs_tasks(&self) -> bool {
        let declared = member(&self.about, "capabilities");
        declared.is_some_and(|declared| tasks::are_offered(&declared))
    }

    /// The manifest as one JSON text, to be remembered.
    pub fn to_json(&self) -> Bytes {
        let opened_by = match self.era {
            Era::Legacy(_) => "initialize",
            Era::Modern => "discover",
        };
        let mut text = format!("{{\"{opened_by}\":").into_bytes();
        text.extend_from_slice(&self.about);
        if self.is_modern_too {
            text.extend_from_slice(b",\"modernToo\":true");
        }
        for subject in Subject::ALL {
            text.extend_from_slice(format!(",\"{}\":[", subject.member()).as_bytes());
            for (index, item) in self.items[subject].iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                text.extend_from_slice(item.raw());
            }
            text.push(b']');
        }
        let hints = Subject::ALL.into_iter().filter_map(|subject| {
            let hints = self.hints[subject]?;
            Some(format!("\"{}\":{{{}}}", subject.member(), hints.members()))
        });
        let hints: Vec<_> = hints.collect();
        if !hints.is_empty() {
            text.extend_from_slice(format!(",\"hints\":{{{}}}", hints.join(",")).as_bytes());
        }
        text.push(b'}');
        text.into()
    }

    /// Reads what [`Self::to_json`] wrote, also before there was more than tools or than one era;
    /// `None` when it is anything else.
    pub fn from_json(text: &Bytes) -> Option<Self> {
        let members = Members::of(text)?;
        let share = |raw: Raw<'_>| Span::of(raw.get().as_bytes(), text).share(text);
        let mut manifest = match members.get("discover").ok()? {
            Some(discovered) => Self::discovered(&share(discovered)).ok()?,
            None => Self::of(&share(members.get("initialize").ok()??)).ok()?,
        };
        manifest.is_modern_too =
            members.get("modernToo").ok()?.is_some_and(|it| it.get() == "true");
        let hints = members.get("hints").ok()?.and_then(|raw| Members::of(raw.get().as_bytes()));
        for subject in Subject::ALL {
            match members.get(subject.member()).ok()? {
                Some(array) => manifest.items[subject] = Item::list(subject, &share(array))?,
                None if subject == Subject::Tool => return None,
                None => {}
            }
            let said = hints.as_ref().and_then(|hints| hints.get(subject.member()).ok().flatten());
            manifest.hints[subject] = said.and_then(|raw| CacheHints::of(raw.get().as_bytes()));
        }
        Some(manifest)
    }
}

/// A member of an object, sharing its memory.
fn member(json: &Bytes, key: &str) -> Option<Bytes> {
    let raw = Members::of(json)?.get(key).ok()??;
    Some(Span::of(raw.get().as_bytes(), json).share(json))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Capability;

    const INITIALIZE: &str = r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"logging":null},"serverInfo":{"name":"x"}}"#;

    #[test]
    fn a_manifest_survives_being_remembered() {
        let mut manifest = Manifest::of(&INITIALIZE.into()).expect("good");
        for subject in Subject::ALL {
            let key = subject.key();
            let array = format!(r#"[{{"{key}":"a:1"}},{{"x":1.0,"{key}":"a:2"}}]"#);
            manifest.items[subject] = Item::list(subject, &array.into()).expect("array");
        }
        manifest.is_modern_too = true;
        assert_eq!(manifest.capabilities, Capabilities::default().and(Capability::Tools));
        assert_eq!(Manifest::from_json(&manifest.to_json()).expect("readable"), manifest);
    }

    #[test]
    fn a_modern_server_is_remembered_as_one_with_the_hints_of_its_lists() {
        let result = Bytes::from_static(
            br#"{"supportedVersions":["2026-07-28"],"capabilities":{"prompts":{}},"ttlMs":1,"_meta":{}}"#,
        );
        let mut manifest = Manifest::discovered(&result).expect("good");
        assert_eq!(manifest.era, Era::Modern);
        assert_eq!(manifest.capabilities, Capabilities::default().and(Capability::Prompts));
        let hints = CacheHints::of(br#"{"ttlMs":5000,"cacheScope":"public"}"#);
        manifest.hints[Subject::Prompt] = hints;
        manifest.items[Subject::Prompt] =
            Item::list(Subject::Prompt, &Bytes::from_static(br#"[{"name":"p"}]"#)).expect("array");
        assert!(hints.is_some());
        assert_eq!(Manifest::from_json(&manifest.to_json()).expect("readable"), manifest);
    }

    #[test]
    fn what_was_remembered_when_there_were_only_tools_is_still_read() {
        let text = format!(r#"{{"initialize":{INITIALIZE},"tools":[{{"name":"a"}}]}}"#);
        let manifest = Manifest::from_json(&text.into()).expect("readable");
        assert_eq!(manifest.items[Subject::Tool].len(), 1);
        assert!(manifest.items[Subject::Prompt].is_empty());
        let text = format!(r#"{{"initialize":{INITIALIZE}}}"#);
        assert_eq!(Manifest::from_json(&text.into()), None);
    }

    #[test]
    fn a_stateless_revision_is_not_taken_for_a_handshake() {
        let initialize = Bytes::from_static(br#"{"protocolVersion":"2026-07-28"}"#);
        assert!(Manifest::of(&initialize).expect_err("no").contains("2026-07-28"));
    }
}
