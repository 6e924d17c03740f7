//! What is wrong with a configuration: every fault, each with its place and its remedy.
//!
//! A fault never quotes a value that came out of the environment, nor one of `env` or `headers`.
//!
//! *Invariant:* the same text gives the same faults in the same order.

use super::tree::Origin;
use crate::redaction::Redaction;
use std::fmt;

/// One thing that is wrong, or (among [`super::Config::notes`]) worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, or the environment variable when `line` is absent.
    pub file: String,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column, from 1.
    pub column: Option<usize>,
    /// The key as a path; empty when the fault is about the whole file.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.message, self.remedy)
    }
}

/// All faults of a configuration, those of the file first, by line. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl Faults {
    /// One fault about a file as a whole.
    pub(super) fn whole(file: &str, message: impl Into<String>, remedy: &str) -> Self {
        Self(vec![Fault {
            file: file.to_owned(),
            line: None,
            column: None,
            key: String::new(),
            message: message.into(),
            remedy: remedy.to_owned(),
        }])
    }
}

/// Collects what is found on the way.
pub(super) struct Ledger {
    file: String,
    faults: Vec<Fault>,
    notes: Vec<Fault>,
}

impl Ledger {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), faults: Vec::new(), notes: Vec::new() }
    }

    /// Something is wrong.
    pub(super) fn fault(
        &mut self,
        origin: &Origin,
        key: String,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let entry = self.entry(origin, key, message.into(), remedy.into());
        self.faults.push(entry);
    }

    /// Something is worth knowing.
    pub(super) fn note(
        &mut self,
        origin: &Origin,
        key: String,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let entry = self.entry(origin, key, message.into(), remedy.into());
        self.notes.push(entry);
    }

    /// Hides these secrets in all that was found so far.
    pub(super) fn clean(&mut self, redaction: &Redaction) {
        for entry in self.faults.iter_mut().chain(&mut self.notes) {
            entry.message = redaction.clean_text(&entry.message);
            entry.remedy = redaction.clean_text(&entry.remedy);
        }
    }

    /// How many faults there are so far.
    pub(super) fn count(&self) -> usize {
        self.faults.len()
    }

    /// The notes, or the faults when there are any.
    pub(super) fn close(self) -> Result<Vec<Fault>, Faults> {
        if self.faults.is_empty() { Ok(sorted(self.notes)) } else { Err(self.faults()) }
    }

    /// The faults.
    pub(super) fn faults(self) -> Faults {
        Faults(sorted(self.faults))
    }

    fn entry(&self, origin: &Origin, key: String, message: String, remedy: String) -> Fault {
        let (file, line, column) = match origin {
            Origin::Place { line, column } => (self.file.clone(), Some(*line), Some(*column)),
            Origin::Variable(name) => (name.to_string(), None, None),
        };
        Fault { file, line, column, key, message, remedy }
    }
}

fn sorted(mut list: Vec<Fault>) -> Vec<Fault> {
    list.sort_by(|a, b| {
        let place = |f: &Fault| (f.line.is_none(), f.line, f.column);
        place(a)
            .cmp(&place(b))
            .then_with(|| (&a.file, &a.key, &a.message).cmp(&(&b.file, &b.key, &b.message)))
    });
    list.dedup();
    list
}
