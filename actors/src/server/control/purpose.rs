//! What we ask a server on our own account.

use crate::wire::Subject;

/// What a request of ours was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Purpose {
    Initialize,
    Discover,
    List(Subject),
    SetLevel,
}

impl Purpose {
    pub(in crate::server) fn method(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::Discover => "server/discover",
            Self::List(subject) => subject.list(),
            Self::SetLevel => "logging/setLevel",
        }
    }

    /// Whether it is one of the two that find out the era.
    pub(in crate::server) fn opens(self) -> bool {
        matches!(self, Self::Initialize | Self::Discover)
    }
}
