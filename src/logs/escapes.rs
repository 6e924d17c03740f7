//! Text without the escape sequences that colour it on a terminal.
//!
//! Source: ECMA-48 5.4, control sequences: `ESC [`, parameters, one final byte.

use std::borrow::Cow;

/// The text without control sequences; other text is not copied.
pub(super) fn without_escapes(text: &str) -> Cow<'_, str> {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let mut plain = Cow::Borrowed(first);
    for part in parts {
        let parameters = part.bytes().take_while(|byte| matches!(byte, 0x20..=0x3f)).count();
        let ends = part.as_bytes().get(parameters).is_some_and(|byte| matches!(byte, 0x40..=0x7e));
        plain.to_mut().push_str(if ends { &part[parameters + 1..] } else { part });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_everything_else_stays() {
        for (text, plain) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m and \u{1b}[1;32mgreen\u{1b}[m", "red and green"),
            ("\u{1b}[2K\u{1b}[1Gline", "line"),
            ("a\u{1b}[", "a"),
            ("a\u{1b}[é", "aé"),
            ("\u{1b}[38;5;1mä", "ä"),
        ] {
            assert_eq!(without_escapes(text), plain);
        }
    }
}
