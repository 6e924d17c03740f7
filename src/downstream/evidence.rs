//! What is kept of bytes that are no message: both ends, an excerpt, and whose answer it seems.
//!
//! The id is looked for with a scanner, not a parser, because the text is broken or cut. It counts
//! only where it looks like a member of the top level and the text does not look like a request.

use mcpvisor_actors::server::Noise;
use mcpvisor_actors::wire::WireError;

/// How much is kept of each end.
const KEEP: usize = 1024;
/// Longest excerpt, in characters; more than is shown, see `Loss`.
const EXCERPT: usize = 1000;

/// The first and the last bytes of a text of any length.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Evidence {
    /// Of a text that may go on.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut evidence = Self::default();
        evidence.absorb(text);
        evidence
    }

    /// Takes in the next bytes of the text.
    pub(super) fn absorb(&mut self, bytes: &[u8]) {
        let room = KEEP - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(KEEP)..]);
        let surplus = self.tail.len().saturating_sub(KEEP);
        self.tail.drain(..surplus);
    }

    /// As a report.
    pub(super) fn noise(&self, fault: WireError) -> Noise {
        let id = request_id(&self.head, (!self.is_whole()).then_some(&self.tail));
        Noise { fault, excerpt: excerpt(&self.head), id }
    }

    /// Whether the head is all there was.
    fn is_whole(&self) -> bool {
        self.head == self.tail
    }
}

/// A report about a text that is all there.
pub(in crate::downstream) fn noise(text: &[u8], fault: WireError) -> Noise {
    let excerpt = excerpt(&text[..text.len().min(KEEP)]);
    Noise { fault, excerpt, id: request_id(text, None) }
}

/// The id of the request this seems to answer; `tail` is given when more followed than `head`.
pub(super) fn request_id(head: &[u8], tail: Option<&Vec<u8>>) -> Option<u64> {
    let head = head.trim_ascii_start();
    if head.first() != Some(&b'{') {
        return None;
    }
    let (id, is_request) = scan_top_level(head);
    if is_request { None } else { id.or_else(|| id_at_end(tail?)) }
}

fn excerpt(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    text.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The top-level `id`, and whether there is a top-level `method`, as far as the text goes.
fn scan_top_level(text: &[u8]) -> (Option<u64>, bool) {
    let (mut id, mut is_request) = (None, false);
    let (mut depth, mut at) = (0usize, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(end) = closing_quote(text, at + 1) else { break };
                if depth == 1
                    && let Some(value) = text[end + 1..].trim_ascii_start().strip_prefix(b":")
                {
                    match &text[at + 1..end] {
                        b"id" => id = number(value).map(|(id, _)| id),
                        b"method" => is_request = true,
                        _ => {}
                    }
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    (id, is_request)
}

/// The last `"id": N` after which exactly the top level is closed.
fn id_at_end(tail: &[u8]) -> Option<u64> {
    let key = b"\"id\"";
    let mut starts = (0..tail.len()).rev().filter(|&at| tail[at..].starts_with(key));
    starts.find_map(|at| {
        let value = tail[at + key.len()..].trim_ascii_start().strip_prefix(b":")?;
        let (id, rest) = number(value)?;
        closes_one_level(rest).then_some(id)
    })
}

/// Whether the text closes one level more than it opens, with its very last bracket.
fn closes_one_level(text: &[u8]) -> bool {
    let (mut depth, mut at) = (1usize, 0);
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return text[at + 1..].trim_ascii().is_empty(),
            b'}' | b']' => depth -= 1,
            b'"' => match closing_quote(text, at + 1) {
                Some(end) => at = end,
                None => return false,
            },
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where the string ends whose first character is at `from`.
fn closing_quote(text: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if text[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

/// An unsigned number, also in quotes, and what follows; it must not be cut off.
fn number(value: &[u8]) -> Option<(u64, &[u8])> {
    let value = value.trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let length = value.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = value.split_at(length);
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let ends = matches!(rest.first(), Some(b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n'));
    let id = std::str::from_utf8(digits).ok()?.parse().ok()?;
    ends.then_some((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_only_at_the_top_level_of_an_answer() {
        let long = "x".repeat(3 * KEEP);
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{oops}"#.to_owned(), Some(7)),
            (r#"{"id" : "7" ,"result":"#.to_owned(), Some(7)),
            (r#"{"id":12"#.to_owned(), None),
            (r#"{"result":{"id":7}"#.to_owned(), None),
            (r#"{"result":"\"id\":7,","#.to_owned(), None),
            (r#"{"id":7,"method":"ping"} trailing"#.to_owned(), None),
            (r#"id: 7, "id":7,"#.to_owned(), None),
            (format!(r#"{{"id":3,"result":"{long}"}}"#), Some(3)),
            (format!(r#"{{"result":"{long}","id":4}}"#), Some(4)),
            (format!(r#"{{"result":"{long}","id":4,"x":{{"id":5}}}}"#), Some(4)),
            (format!(r#"{{"result":{{"a":"{long}","id":4}}}}"#), None),
            (format!(r#"{{"result":{{"a":"{long}"}},"x":[{{"id":4}}]}}"#), None),
            (format!(r#"{{"method":"m","p":"{long}","id":4}}"#), None),
            (r#"{"id":null,"error":1"#.to_owned(), None),
        ] {
            let cut = Evidence::of(text.as_bytes()).noise(WireError::Batch);
            let whole = noise(text.as_bytes(), WireError::Batch);
            assert_eq!((cut.id, whole.id), (expected, expected), "{text:.60}");
        }
    }

    #[test]
    fn both_ends_are_kept_however_the_text_arrives() {
        let text: Vec<u8> = (0..5000u32).map(|n| (n % 251) as u8).collect();
        let mut evidence = Evidence::default();
        text.chunks(700).for_each(|chunk| evidence.absorb(chunk));
        assert_eq!(evidence.head, &text[..KEEP]);
        assert_eq!(evidence.tail, &text[text.len() - KEEP..]);
    }

    #[test]
    fn an_excerpt_is_short_and_printable() {
        let noise = Evidence::of("\u{1b}[31mé".repeat(300).as_bytes()).noise(WireError::Batch);
        assert!((KEEP / 2..=EXCERPT).contains(&noise.excerpt.chars().count()));
        assert!(noise.excerpt.starts_with(" [31mé"));
    }
}
