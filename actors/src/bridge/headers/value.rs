//! How a value travels in a header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";
/// How much of a value an error shows.
const SHOWN: usize = 120;

/// A value as it can be sent: as it is, or in Base64 when it would not survive.
///
/// Source: MCP 2026-07-28 "Streamable HTTP", value encoding.
pub(super) fn encoded(value: &str) -> String {
    let sendable = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let padded = value.starts_with(' ') || value.ends_with(' ');
    let alike = value.starts_with(PREFIX) && value.ends_with(SUFFIX);
    let plain = sendable && !padded && !alike;
    if plain { value.to_owned() } else { format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(value)) }
}

/// What a value means; `None` when its Base64 is broken or no UTF-8.
pub(super) fn decoded(value: &str) -> Option<String> {
    match value.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) {
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

/// The bytes of a header as text, without the white space around them; `None` when they hold what a
/// header value must not.
pub(super) fn readable(bytes: &[u8]) -> Option<&str> {
    let fine = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    fine.then(|| std::str::from_utf8(bytes).ok().map(|text| text.trim_matches([' ', '\t'])))?
}

/// The beginning of a value, for an error.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_travel_as_the_specification_shows() {
        for (value, header) in [
            ("us-west1", "us-west1"),
            ("", ""),
            ("a b", "a b"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(encoded(value), header);
            assert_eq!(decoded(header).as_deref(), Some(value));
        }
        assert_eq!(decoded("=?base64?!!!?="), None);
        assert_eq!(decoded("=?BASE64?YQ==?=").as_deref(), Some("=?BASE64?YQ==?="));
        assert_eq!(readable(b"a\nb"), None);
        assert_eq!(readable("ä".as_bytes()), None);
        assert_eq!(readable(b" a\t"), Some("a"));
    }
}
