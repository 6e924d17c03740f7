//! What a client can be asked for, and what a question asks of it.

use crate::wire::Members;
use serde_json::{Value, json};

/// What a client declared, as far as it decides which requests may be sent to it.
///
/// Source: MCP "Client capabilities" (2025-11-25, 2026-07-28): `elicitation: {}` alone means forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Abilities {
    form: bool,
    url: bool,
    sampling: bool,
    sampling_tools: bool,
    roots: bool,
}

impl Abilities {
    /// Reads a client's capabilities; `None` when they are no object.
    pub fn of(capabilities: &[u8]) -> Option<Self> {
        let members = Members::of(capabilities)?;
        let part = |key| {
            let raw = members.get(key).ok().flatten()?;
            Members::of(raw.get().as_bytes())
        };
        let has = |part: &Option<Members<'_>>, key| {
            let raw = part.as_ref().and_then(|part| part.get(key).ok().flatten());
            raw.is_some_and(|raw| raw.get().starts_with('{'))
        };
        let (elicitation, sampling) = (part("elicitation"), part("sampling"));
        let url = has(&elicitation, "url");
        Some(Self {
            form: elicitation.is_some() && (!url || has(&elicitation, "form")),
            url,
            sampling: sampling.is_some(),
            sampling_tools: has(&sampling, "tools"),
            roots: part("roots").is_some(),
        })
    }

    /// Whether the client may be asked for this.
    pub fn allow(self, need: Need) -> bool {
        match need {
            Need::Form => self.form,
            Need::Url => self.url,
            Need::Sampling { tools } => self.sampling && (self.sampling_tools || !tools),
            Need::Roots => self.roots,
        }
    }
}

/// What a server's request asks of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Fill in a form.
    Form,
    /// Open a URL.
    Url,
    /// Ask the model, with tools or without.
    Sampling {
        /// The request names tools or a choice of them.
        tools: bool,
    },
    /// Name the roots.
    Roots,
}

impl Need {
    /// What a request needs; `None` when it is none that a server may send to a client.
    pub fn of(method: &str, params: Option<&[u8]>) -> Option<Self> {
        let member = |key| Members::of(params?)?.get(key).ok().flatten();
        match method {
            "elicitation/create" if member("mode").is_some_and(|mode| mode.get() == "\"url\"") => {
                Some(Self::Url)
            }
            "elicitation/create" => Some(Self::Form),
            "sampling/createMessage" => {
                let tools = member("tools").is_some() || member("toolChoice").is_some();
                Some(Self::Sampling { tools })
            }
            "roots/list" => Some(Self::Roots),
            _ => None,
        }
    }

    /// As `data.requiredCapabilities` of error -32021.
    pub fn capabilities(self) -> Value {
        match self {
            Self::Form => json!({ "elicitation": {} }),
            Self::Url => json!({ "elicitation": { "url": {} } }),
            Self::Sampling { tools: false } => json!({ "sampling": {} }),
            Self::Sampling { tools: true } => json!({ "sampling": { "tools": {} } }),
            Self::Roots => json!({ "roots": {} }),
        }
    }

    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "elicitation",
            Self::Url => "elicitation.url",
            Self::Sampling { tools: false } => "sampling",
            Self::Sampling { tools: true } => "sampling.tools",
            Self::Roots => "roots",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_asked_only_for_what_it_declared() {
        let tools = Need::Sampling { tools: true };
        let plain = Need::Sampling { tools: false };
        for (declared, allowed) in [
            (r"{}", &[][..]),
            (r#"{"elicitation":{}}"#, &[Need::Form]),
            (r#"{"elicitation":null,"roots":[]}"#, &[]),
            (r#"{"elicitation":{"url":{}}}"#, &[Need::Url]),
            (r#"{"elicitation":{"form":{},"url":{}}}"#, &[Need::Form, Need::Url]),
            (r#"{"sampling":{"context":{}}}"#, &[plain]),
            (
                r#"{"sampling":{"tools":{}},"roots":{"listChanged":true}}"#,
                &[plain, tools, Need::Roots],
            ),
        ] {
            let abilities = Abilities::of(declared.as_bytes()).expect("an object");
            for need in [Need::Form, Need::Url, plain, tools, Need::Roots] {
                assert_eq!(abilities.allow(need), allowed.contains(&need), "{declared} {need:?}");
            }
        }
        assert!(Abilities::of(b"[]").is_none());
    }

    #[test]
    fn a_request_is_known_by_what_it_asks() {
        for (method, params, expected) in [
            ("elicitation/create", r#"{"mode":"url"}"#, Some(Need::Url)),
            ("elicitation/create", r#"{"mode":"form"}"#, Some(Need::Form)),
            ("elicitation/create", "{}", Some(Need::Form)),
            ("sampling/createMessage", r#"{"tools":[]}"#, Some(Need::Sampling { tools: true })),
            ("sampling/createMessage", "{}", Some(Need::Sampling { tools: false })),
            ("roots/list", "{}", Some(Need::Roots)),
            ("ping", "{}", None),
            ("tasks/get", "{}", None),
        ] {
            assert_eq!(Need::of(method, Some(params.as_bytes())), expected, "{method} {params}");
        }
    }
}
