//! How large and how deep a message may be.

use super::WireError;

/// Caps on one message, checked before anything is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes.
    pub max_bytes: usize,
    /// Deepest nesting of arrays and objects.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 16 * 1024 * 1024, max_depth: 256 }
    }
}

impl Limits {
    /// Refuses what is too large or too deep. One pass, no allocation, no recursion.
    pub fn check(&self, bytes: &[u8]) -> Result<(), WireError> {
        self.check_size(bytes)?;
        self.check_depth(bytes)
    }

    /// Refuses what is too large.
    pub(super) fn check_size(&self, bytes: &[u8]) -> Result<(), WireError> {
        if bytes.len() > self.max_bytes {
            return Err(WireError::TooLarge { limit: self.max_bytes });
        }
        Ok(())
    }

    /// Refuses what is too deep.
    pub(super) fn check_depth(&self, bytes: &[u8]) -> Result<(), WireError> {
        if depth_exceeds(bytes, self.max_depth) {
            return Err(WireError::TooDeep { limit: self.max_depth });
        }
        Ok(())
    }
}

/// Whether brackets outside strings nest deeper than `limit`. Malformed JSON is left to the parser.
fn depth_exceeds(bytes: &[u8], limit: usize) -> bool {
    let mut depth = 0usize;
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        rest = &rest[1..];
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => rest = after_string(rest),
            _ => {}
        }
    }
    false
}

/// What follows the closing quote of a string whose opening quote was just read.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        if rest[at] == b'"' {
            return &rest[at + 1..];
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        let limits = Limits { max_bytes: 1 << 20, max_depth: 2 };
        for (text, fits) in [
            (r#"{"a":[1]}"#, true),
            (r#"{"a":[[1]]}"#, false),
            (r#"{"a":"[[[[[["}"#, true),
            (r#"{"a":"\"[[[[","b":[1]}"#, true),
            (r#"{"a":"\\","b":[[1]]}"#, false),
            ("[][][][]", true),
        ] {
            assert_eq!(limits.check(text.as_bytes()).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn a_hundred_thousand_levels_are_refused_without_recursion() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            Limits::default().check(deep.as_bytes()),
            Err(WireError::TooDeep { limit: 256 })
        );
    }
}
