//! Known secrets, to be kept out of everything people see.
//!
//! Configured environment values and headers are wrapped in `SecretString` and never formatted; this
//! catches the other way out: a server that prints its own secret to stderr.

use memchr::memmem::Finder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// Shorter values are not looked for: `1` or `true` would blank every log line.
const SHORTEST: usize = 6;

/// Replaces known secrets by `***`.
#[derive(Clone, Default)]
pub struct Redaction(Arc<Vec<Finder<'static>>>);

impl Redaction {
    /// Looks for these secrets.
    pub fn of<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut values: Vec<String> = secrets
            .into_iter()
            .map(ExposeSecret::expose_secret)
            .flat_map(|value| {
                value.lines().chain([value, value.rsplit(' ').next().unwrap_or(value)])
            })
            .filter(|value| value.len() >= SHORTEST)
            .flat_map(spellings)
            .collect();
        // longest first, so that a secret inside another one leaves no rest
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        let finders = values.iter().map(|value| Finder::new(value).into_owned());
        Self(Arc::new(finders.collect()))
    }

    /// `text` without the secrets; untouched text is not copied.
    pub fn clean<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.iter() {
            if let Some(clean) = without(secret, &text) {
                text = Cow::Owned(clean);
            }
        }
        text
    }

    /// [`Self::clean`] for text.
    pub fn clean_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.clean(text.as_bytes())).into_owned()
    }

    /// [`Self::clean_text`] of a text that may have been cut: what may be the beginning of a secret at its
    /// end is blanked, too.
    pub fn clean_cut(&self, text: &str) -> String {
        let clean = self.clean(text.as_bytes());
        let held = self.0.iter().filter_map(|secret| begun(&clean, secret.needle())).max();
        let (sure, rest) = clean.split_at(clean.len() - held.unwrap_or_default());
        let blank = if rest.is_empty() { "" } else { "***" };
        String::from_utf8_lossy(sure).into_owned() + blank
    }

    /// [`Self::clean`] for every text of a JSON value; a number that is a secret becomes a text.
    pub fn clean_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.clean_text(&text).into(),
            Value::Array(items) => items.into_iter().map(|item| self.clean_value(item)).collect(),
            Value::Object(members) => {
                let clean =
                    |(key, value): (String, _)| (self.clean_text(&key), self.clean_value(value));
                Value::Object(members.into_iter().map(clean).collect())
            }
            Value::Number(number) => {
                let written = number.to_string();
                match self.clean(written.as_bytes()) {
                    Cow::Borrowed(_) => Value::Number(number),
                    Cow::Owned(clean) => String::from_utf8_lossy(&clean).into(),
                }
            }
            Value::Null | Value::Bool(_) => value,
        }
    }

    /// The beginning of `text` without the secrets, at most so many bytes. Where `text` itself was `cut`,
    /// what may be the beginning of a secret is left out.
    pub fn start_of(&self, text: &[u8], cut: bool, most: usize) -> String {
        let clean = self.clean(text);
        let sure = if cut { clean.len().saturating_sub(self.longest()) } else { clean.len() };
        let mut text = String::from_utf8_lossy(&clean[..sure.min(most)]).into_owned();
        if cut || clean.len() > most {
            text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            text.push('…');
        }
        text
    }

    /// The length of the longest secret, in bytes.
    pub fn longest(&self) -> usize {
        self.0.first().map_or(0, |secret| secret.needle().len())
    }
}

/// `text` with this secret blanked, in one pass; `None` when it is not in it.
fn without(secret: &Finder<'_>, text: &[u8]) -> Option<Vec<u8>> {
    let mut places = secret.find_iter(text).peekable();
    places.peek()?;
    let (mut clean, mut from) = (Vec::with_capacity(text.len()), 0);
    for at in places {
        clean.extend_from_slice(&text[from..at]);
        clean.extend_from_slice(b"***");
        from = at + secret.needle().len();
    }
    clean.extend_from_slice(&text[from..]);
    Some(clean)
}

/// How much of the beginning of a secret stands at the end of a text, in bytes.
fn begun(text: &[u8], secret: &[u8]) -> Option<usize> {
    let last = text.last()?;
    let most = secret.len().saturating_sub(1).min(text.len());
    (SHORTEST..=most).rev().find(|&end| secret[end - 1] == *last && text.ends_with(&secret[..end]))
}

/// A secret as it is, as the writers of JSON there are spell it within a string, and as `Debug` does.
fn spellings(value: &str) -> Vec<String> {
    let quoted = [serde_json::Value::from(value).to_string(), format!("{value:?}")];
    let [json, debug] = quoted.map(|quoted| quoted[1..quoted.len() - 1].to_owned());
    let beyond = |c: char| !c.is_ascii();
    let within_html = |c: char| matches!(c, '<' | '>' | '&');
    let mut all = vec![
        escaped(&json, within_html, false),
        escaped(&json, beyond, false),
        escaped(&json, beyond, true),
    ];
    all.push(json);
    let slashed: Vec<_> = all.iter().map(|text| text.replace('/', "\\/")).collect();
    all.extend(slashed);
    all.extend([value.to_owned(), debug]);
    all.sort();
    all.dedup();
    all
}

/// The inside of a JSON string with these characters written as `\u` and four digits.
fn escaped(json: &str, which: impl Fn(char) -> bool, upper: bool) -> String {
    let mut text = String::new();
    for c in json.chars() {
        if which(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _infallible = if upper {
                    write!(text, "\\u{unit:04X}")
                } else {
                    write!(text, "\\u{unit:04x}")
                };
            }
        } else {
            text.push(c);
        }
    }
    text
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redaction({} secrets)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_and_bearer_tokens_are_blanked_and_short_values_are_not() {
        let secrets = ["Bearer tok-12345", "hunter2-long", "1"].map(SecretString::from);
        let redaction = Redaction::of(&secrets);
        let line = "a hunter2-long b tok-12345 c Bearer tok-12345 d 1";
        assert_eq!(redaction.clean_text(line), "a *** b *** c *** d 1");
    }

    #[test]
    fn a_large_text_full_of_a_secret_is_cleaned_in_one_pass() {
        let redaction = Redaction::of(&["production"].map(SecretString::from));
        let text = "production ".repeat(300_000);
        let begun = std::time::Instant::now();
        assert_eq!(redaction.clean_text(&text), "*** ".repeat(300_000));
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "it copies for each hit");
    }

    #[test]
    fn a_secret_is_found_escaped_and_each_of_its_lines_alone() {
        let secret = SecretString::from("first-\"line\nsecond-\u{7}-line");
        let redaction = Redaction::of([&secret]);
        let quoted = serde_json::Value::from(secret.expose_secret()).to_string();
        let debug = format!("{:?}", secret.expose_secret());
        for (text, clean) in [
            (quoted.as_str(), "\"***\""),
            (&debug, "\"***\""),
            ("a first-\"line b", "a *** b"),
            ("second-\u{7}-line", "***"),
        ] {
            assert_eq!(redaction.clean_text(text), clean);
        }
    }

    #[test]
    fn a_secret_is_found_as_other_writers_of_json_spell_it() {
        let secret = SecretString::from("pä/ss<wörd>&\u{1f511}");
        let redaction = Redaction::of([&secret]);
        for text in [
            r#""pä/ss<wörd>&🔑""#,
            r#""pä\/ss<wörd>&🔑""#,
            r#""p\u00e4/ss<w\u00f6rd>&\ud83d\udd11""#,
            r#""p\u00E4/ss<w\u00F6rd>&\uD83D\uDD11""#,
            r#""p\u00e4\/ss<w\u00f6rd>&\ud83d\udd11""#,
            r#""pä/ss\u003cwörd\u003e\u0026🔑""#,
        ] {
            let value: String = serde_json::from_str(text).unwrap();
            assert_eq!(value, secret.expose_secret(), "{text}");
            assert_eq!(redaction.clean_text(text), "\"***\"");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_at_the_end_of_a_cut_text_is_blanked() {
        let long = "abcdefgh".repeat(500);
        let secrets = [SecretString::from(long.clone()), SecretString::from("hunter2-long")];
        let redaction = Redaction::of(&secrets);
        for (text, clean) in [
            (format!("a {}", &long[..900]), "a ***"),
            (format!("a {}", &long[..6]), "a ***"),
            ("a hunter2-long hunter2-lon".to_owned(), "a *** ***"),
            ("a hunte".to_owned(), "a hunte"), // too short to tell
            (String::new(), ""),
        ] {
            assert_eq!(redaction.clean_cut(&text), clean);
        }
    }

    #[test]
    fn values_stay_values_and_a_number_that_is_a_secret_becomes_text() {
        let secrets = ["123456", "pass\"word"].map(SecretString::from);
        let value = json!({ "a": [123_456, 12, "x 123456"], "pass\"word": { "b": "pass\"word" } });
        let clean = json!({ "a": ["***", 12, "x ***"], "***": { "b": "***" } });
        assert_eq!(Redaction::of(&secrets).clean_value(value), clean);
    }

    #[test]
    fn a_cut_text_shows_no_part_of_a_secret() {
        let secret = SecretString::from("0123456789");
        let redaction = Redaction::of([&secret]);
        for end in 8..30 {
            let raw = &b"before 0123456789 0123456789 after"[..end];
            let shown = redaction.start_of(raw, true, 100);
            assert!(!shown.contains('0'), "{shown}");
        }
        assert_eq!(redaction.start_of("aé".as_bytes(), false, 2), "a…");
        assert_eq!(redaction.start_of(b"a 0123456789", false, 20), "a ***");
    }
}
