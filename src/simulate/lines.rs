//! How a message is spelled: spoiled as the faults say.

use super::fault::Fault;
use super::faults::Values;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What servers print to stdout although they must not.
const GARBAGE: [&[u8]; 9] = [
    b"[plugin] handling request",
    b"",
    b"{",
    b"null",
    b"[]",
    b"{\"level\":\"info\",\"msg\":\"ready\"}",
    b"\x1b[32mready\x1b[0m",
    b"\xff\xfe not UTF-8",
    b"\"a string\"",
];
pub(super) const BANNER: &[u8] = b"*** Example server 1.0 listening on stdio ***";

/// Members of a message: names and raw JSON, in the order they are written.
pub(super) type Members<'a> = [(&'a str, &'a str)];

/// Spells messages.
#[derive(Debug, Default)]
pub(super) struct Lines {
    garbage_written: AtomicUsize,
}

impl Lines {
    /// The next line that is no message.
    pub(super) fn garbage(&self) -> Vec<u8> {
        let turn = self.garbage_written.fetch_add(1, Ordering::Relaxed);
        GARBAGE[turn % GARBAGE.len()].to_vec()
    }

    /// The lines of one message; `huge` bytes of junk go before it.
    pub(super) fn of(
        &self,
        now: &Values,
        members: &Members<'_>,
        huge: Option<u64>,
    ) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        if now.on(Fault::Garbage) {
            lines.push(self.garbage());
        }
        if let Some(size) = huge.and_then(|size| usize::try_from(size).ok()) {
            lines.push(vec![b'x'; size]);
        }
        lines.push(render(members, now.on(Fault::OmitJsonrpc), now.on(Fault::Pretty)).into_bytes());
        lines
    }
}

/// The text of a message without its last line break.
fn render(members: &Members<'_>, omit_jsonrpc: bool, pretty: bool) -> String {
    let (open, comma, colon, close) =
        if pretty { ("{\n  ", ",\n  ", ": ", "\n}") } else { ("{", ",", ":", "}") };
    let mut text = String::from(open);
    let version = (!omit_jsonrpc).then_some(&("jsonrpc", "\"2.0\""));
    for (index, (name, value)) in version.into_iter().chain(members).enumerate() {
        if index > 0 {
            text.push_str(comma);
        }
        text.push('"');
        text.push_str(name);
        text.push('"');
        text.push_str(colon);
        text.push_str(value);
    }
    text.push_str(close);
    text
}

/// Tells the human on stderr, if there still is one.
pub(super) fn complain(text: &str) {
    let _unheard = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn a_message_is_written_as_the_flags_say() {
        let members = [("id", "1"), ("result", "{\"z\":1.0}")];
        for (omit, pretty, expected) in [
            (false, false, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"z\":1.0}}"),
            (true, false, "{\"id\":1,\"result\":{\"z\":1.0}}"),
            (true, true, "{\n  \"id\": 1,\n  \"result\": {\"z\":1.0}\n}"),
        ] {
            assert_eq!(render(&members, omit, pretty), expected);
        }
    }
}
