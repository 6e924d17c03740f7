//! Known secrets, to be kept out of everything people see.
//!
//! Configured environment values and headers are wrapped in `SecretString` and never formatted; this
//! catches the other way out: a server that prints its own secret to stderr.

use memchr::memmem::Finder;
use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Shorter values are not looked for: `1` or `true` would blank every log line.
const SHORTEST: usize = 6;

/// Replaces known secrets by `***`.
#[derive(Clone, Default)]
pub struct Redaction(Arc<Vec<Finder<'static>>>);

impl Redaction {
    /// Looks for these secrets.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut values: Vec<&str> = secrets
            .into_iter()
            .map(ExposeSecret::expose_secret)
            .flat_map(|value| [value, value.rsplit(' ').next().unwrap_or(value)])
            .filter(|value| value.len() >= SHORTEST)
            .collect();
        // longest first, so that a secret inside another one leaves no rest
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        let finders = values.into_iter().map(|value| Finder::new(value).into_owned());
        Self(Arc::new(finders.collect()))
    }

    /// `text` without the secrets; untouched text is not copied.
    pub fn clean<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.iter() {
            while let Some(at) = secret.find(&text) {
                let end = at + secret.needle().len();
                text = Cow::Owned([&text[..at], b"***", &text[end..]].concat());
            }
        }
        text
    }

    /// [`Self::clean`] for a line of text.
    pub fn clean_line(&self, line: &str) -> String {
        String::from_utf8_lossy(&self.clean(line.as_bytes())).into_owned()
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction({} secrets)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_bearer_tokens_are_blanked_and_short_values_are_not() {
        let secrets = ["Bearer tok-12345", "hunter2-long", "1"].map(SecretString::from);
        let redaction = Redaction::of(&secrets);
        let line = "a hunter2-long b tok-12345 c Bearer tok-12345 d 1";
        assert_eq!(redaction.clean_line(line), "a *** b *** c *** d 1");
    }
}
