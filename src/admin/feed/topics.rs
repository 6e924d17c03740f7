//! What can be listened to.

/// A set of topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) struct Topics(u8);

impl Topics {
    pub(in crate::admin) const NONE: Self = Self(0);
    pub(in crate::admin) const SERVERS: Self = Self(1);
    pub(in crate::admin) const CALLS: Self = Self(2);
    pub(in crate::admin) const FACTS: Self = Self(4);
    pub(in crate::admin) const TOOLS: Self = Self(8);
    pub(in crate::admin) const SESSIONS: Self = Self(16);
    pub(in crate::admin) const LOGS: Self = Self(32);
    /// Those nobody has to ask for: all but logs.
    pub(in crate::admin) const USUAL: Self = Self(31);

    /// Reads names with commas between them; `None` when one is unknown.
    pub(in crate::admin) fn parse(names: &str) -> Option<Self> {
        names.split(',').try_fold(Self::NONE, |all, name| {
            let one = match name.trim() {
                "servers" => Self::SERVERS,
                "calls" => Self::CALLS,
                "facts" => Self::FACTS,
                "tools" => Self::TOOLS,
                "sessions" => Self::SESSIONS,
                "logs" => Self::LOGS,
                _ => return None,
            };
            Some(all.and(one))
        })
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(in crate::admin) const fn has(self, topic: Self) -> bool {
        self.0 & topic.0 != 0
    }
}

impl From<u8> for Topics {
    fn from(bits: u8) -> Self {
        Self(bits)
    }
}

impl From<Topics> for u8 {
    fn from(topics: Topics) -> Self {
        topics.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_named_one_by_one() {
        for (names, expected) in [
            ("servers", Some(Topics::SERVERS)),
            ("servers, calls,facts,tools,sessions", Some(Topics::USUAL)),
            ("logs,logs", Some(Topics::LOGS)),
            ("servers,nonsense", None),
            ("", None),
        ] {
            assert_eq!(Topics::parse(names), expected, "{names}");
        }
        assert!(!Topics::USUAL.has(Topics::LOGS) && Topics::USUAL.has(Topics::CALLS));
    }
}
