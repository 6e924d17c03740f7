//! What servers offer, and the methods that name one piece of it.

use std::ops::{Index, IndexMut};

/// Longest name that is shown to people, in characters.
pub(super) const SHOWN: usize = 200;

/// A kind of thing servers list and clients name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A tool, by its name.
    Tool,
    /// A prompt, by its name.
    Prompt,
    /// A resource, by its URI.
    Resource,
    /// A resource template, by its URI template.
    Template,
}

impl Subject {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Tool, Self::Prompt, Self::Resource, Self::Template];

    /// One of them, for people.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "resource template",
        }
    }

    /// The name of one of them, for logs and records: at most 200 characters, a URI without its query and
    /// fragment, which may hold secrets.
    pub fn label(self, name: &str) -> String {
        let name = match self {
            Self::Tool | Self::Prompt => name,
            Self::Resource | Self::Template => name.split(['?', '#']).next().unwrap_or_default(),
        };
        if name.len() <= SHOWN { name.to_owned() } else { name.chars().take(SHOWN).collect() }
    }

    /// The method that lists them.
    pub const fn list(self) -> &'static str {
        match self {
            Self::Tool => "tools/list",
            Self::Prompt => "prompts/list",
            Self::Resource => "resources/list",
            Self::Template => "resources/templates/list",
        }
    }

    /// The kind a method lists.
    pub fn listed_by(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.list() == method)
    }

    /// The member of a list's result that holds them.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
            Self::Template => "resourceTemplates",
        }
    }

    /// The member of one of them that names it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::Template => "uriTemplate",
        }
    }

    /// The notification that their list is another one. Templates have none of their own.
    pub const fn changed(self) -> &'static str {
        match self {
            Self::Tool => "notifications/tools/list_changed",
            Self::Prompt => "notifications/prompts/list_changed",
            Self::Resource | Self::Template => "notifications/resources/list_changed",
        }
    }
}

/// One value for each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerSubject<T>([T; Subject::ALL.len()]);

impl<T> PerSubject<T> {
    /// Makes each value.
    pub fn of(make: impl FnMut(Subject) -> T) -> Self {
        Self(Subject::ALL.map(make))
    }
}

impl<T> Index<Subject> for PerSubject<T> {
    type Output = T;
    fn index(&self, subject: Subject) -> &T {
        &self.0[subject as usize]
    }
}

impl<T> IndexMut<Subject> for PerSubject<T> {
    fn index_mut(&mut self, subject: Subject) -> &mut T {
        &mut self.0[subject as usize]
    }
}

/// A method whose parameters name something of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `tools/call`
    CallTool,
    /// `prompts/get`
    GetPrompt,
    /// `resources/read`
    ReadResource,
    /// `resources/subscribe`
    Subscribe,
    /// `resources/unsubscribe`
    Unsubscribe,
    /// `completion/complete`
    Complete,
    /// `tasks/get`
    GetTask,
    /// `tasks/result`; up to 2025-11-25
    TaskResult,
    /// `tasks/cancel`
    CancelTask,
    /// `tasks/update`; of the extension of 2026-07-28
    UpdateTask,
    /// A method of an extension of 2026-07-28, which names nothing we know of.
    OfExtension,
}

impl Method {
    /// Every one with a name of its own.
    pub const ALL: [Self; 10] = [
        Self::CallTool,
        Self::GetPrompt,
        Self::ReadResource,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Complete,
        Self::GetTask,
        Self::TaskResult,
        Self::CancelTask,
        Self::UpdateTask,
    ];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallTool => "tools/call",
            Self::GetPrompt => "prompts/get",
            Self::ReadResource => "resources/read",
            Self::Subscribe => "resources/subscribe",
            Self::Unsubscribe => "resources/unsubscribe",
            Self::Complete => "completion/complete",
            Self::GetTask => "tasks/get",
            Self::TaskResult => "tasks/result",
            Self::CancelTask => "tasks/cancel",
            Self::UpdateTask => "tasks/update",
            Self::OfExtension => "a method of an extension",
        }
    }

    /// Whether it names a task a server runs.
    pub const fn is_of_task(self) -> bool {
        matches!(self, Self::GetTask | Self::TaskResult | Self::CancelTask | Self::UpdateTask)
    }

    /// The method of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_method_is_found_by_its_name_and_has_a_place_of_its_own() {
        let mut per = PerSubject::of(Subject::noun);
        for subject in Subject::ALL {
            assert_eq!(Subject::listed_by(subject.list()), Some(subject));
            assert_eq!(per[subject], subject.noun());
            per[subject] = "";
        }
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), Some(method));
        }
        assert_eq!(Method::parse("tools/list"), None);
        assert_eq!(Subject::listed_by("tools/call"), None);
    }
}
