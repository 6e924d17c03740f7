//! What a server said it can do.

use crate::bridge::{Era, tasks};
use crate::wire::Raw;
use crate::wire::{Members, Method, ProtocolVersion, Subject};

/// Something a server may declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// It has tools.
    Tools,
    /// It sends log messages and takes `logging/setLevel`.
    Logging,
    /// It has prompts.
    Prompts,
    /// It has resources or templates of them.
    Resources,
    /// It tells when a resource it was asked to watch changes.
    Subscribe,
    /// It completes arguments.
    Completions,
    /// It runs tasks: those of 2025-11-25, or those of the extension.
    Tasks,
    /// It has extensions of 2026-07-28.
    Extensions,
}

impl Capability {
    /// What a method needs.
    pub const fn of_method(method: Method) -> Self {
        match method {
            Method::CallTool => Self::Tools,
            Method::GetPrompt => Self::Prompts,
            Method::ReadResource => Self::Resources,
            Method::Subscribe | Method::Unsubscribe => Self::Subscribe,
            Method::Complete => Self::Completions,
            Method::GetTask | Method::TaskResult | Method::CancelTask | Method::UpdateTask => {
                Self::Tasks
            }
            Method::OfExtension => Self::Extensions,
        }
    }

    /// What listing needs.
    pub const fn of_subject(subject: Subject) -> Self {
        match subject {
            Subject::Tool => Self::Tools,
            Subject::Prompt => Self::Prompts,
            Subject::Resource | Subject::Template => Self::Resources,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The capabilities a server declared at `initialize` or in its discover result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(u8);

impl Capabilities {
    /// Those of the `capabilities` member of an `initialize` or discover result.
    ///
    /// Source: MCP "Lifecycle", capability negotiation. Completion had no capability of its own in
    /// 2024-11-05: there it comes with what can be completed.
    pub fn read(raw: Option<Raw<'_>>, era: Era) -> Self {
        let Some(members) = raw.and_then(|raw| Members::of(raw.get().as_bytes())) else {
            return Self::default();
        };
        let declared = |key: &str| members.get(key).ok().flatten().filter(|raw| is_object(*raw));
        let mut all = Self::default();
        for (key, capability) in [
            ("tools", Capability::Tools),
            ("logging", Capability::Logging),
            ("prompts", Capability::Prompts),
            ("resources", Capability::Resources),
            ("completions", Capability::Completions),
            ("tasks", Capability::Tasks),
            ("extensions", Capability::Extensions),
        ] {
            if declared(key).is_some() {
                all = all.and(capability);
            }
        }
        let resources = declared("resources").and_then(|raw| Members::of(raw.get().as_bytes()));
        let subscribe = resources.and_then(|members| members.get("subscribe").ok().flatten());
        if subscribe.is_some_and(|raw| raw.get() == "true") {
            all = all.and(Capability::Subscribe);
        }
        let extensions = declared("extensions").and_then(|raw| Members::of(raw.get().as_bytes()));
        let tasks = extensions.and_then(|all| all.get(tasks::EXTENSION).ok().flatten());
        if tasks.is_some_and(is_object) {
            all = all.and(Capability::Tasks);
        }
        let completable = all.has(Capability::Prompts) || all.has(Capability::Resources);
        if era == Era::Legacy(ProtocolVersion::V2024_11_05) && completable {
            all = all.and(Capability::Completions);
        }
        all
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, capability: Capability) -> Self {
        Self(self.0 | capability.bit())
    }

    /// Whether it was declared.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }
}

fn is_object(raw: Raw<'_>) -> bool {
    raw.get().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::Capability::{Completions, Logging, Prompts, Resources, Subscribe, Tools};
    use super::*;

    #[test]
    fn what_is_declared_is_an_object_and_subscribing_is_declared_with_the_resources() {
        let legacy = Era::Legacy;
        let new = legacy(ProtocolVersion::V2025_06_18);
        let old = legacy(ProtocolVersion::V2024_11_05);
        for (text, era, expected) in [
            ("{}", new, &[][..]),
            ("[]", new, &[]),
            (r#"{"tools":{"listChanged":true},"logging":null}"#, new, &[Tools]),
            (
                r#"{"logging":{},"prompts":{},"completions":{}}"#,
                new,
                &[Logging, Prompts, Completions],
            ),
            (r#"{"resources":{"subscribe":false}}"#, new, &[Resources]),
            (r#"{"resources":{"subscribe":true}}"#, new, &[Resources, Subscribe]),
            (r#"{"resources":{"subscribe":true}}"#, Era::Modern, &[Resources, Subscribe]),
            (r#"{"resources":true}"#, new, &[]),
            (r#"{"tools":{}}"#, old, &[Tools]),
            (r#"{"prompts":{}}"#, old, &[Prompts, Completions]),
        ] {
            let raw: Raw<'_> = serde_json::from_str(text).expect("JSON");
            let expected = expected.iter().fold(Capabilities::default(), |all, one| all.and(*one));
            assert_eq!(Capabilities::read(Some(raw), era), expected, "{text}");
        }
        assert_eq!(Capabilities::read(None, new), Capabilities::default());
    }
}
