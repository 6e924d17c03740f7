//! How the `faulty` server writes: one message at a time, spoiled as its flags say.
//!
//! *Invariant:* lines of concurrent answers never mix.

use super::args::FaultyArgs;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
const BANNER: &[u8] = b"*** Example server 1.0 listening on stdio ***\n";

/// Members of a message: names and raw JSON, in the order they are written.
pub(super) type Members<'a> = [(&'a str, &'a str)];

/// The writing end.
#[derive(Debug)]
pub(super) struct Lines {
    silent: AtomicBool,
    garbage_written: AtomicUsize,
}

impl Lines {
    pub(super) fn new(args: &FaultyArgs) -> Self {
        if args.garbage {
            write(BANNER, args.ignore_term);
        }
        Self { silent: AtomicBool::new(false), garbage_written: AtomicUsize::new(0) }
    }

    /// Writes nothing from now on.
    pub(super) fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// Writes one message; `huge` bytes of junk go before it.
    pub(super) fn send(&self, args: &FaultyArgs, members: &Members<'_>, huge: Option<usize>) {
        if self.silent.load(Ordering::SeqCst) {
            return;
        }
        let mut bytes = Vec::new();
        if args.garbage {
            let turn = self.garbage_written.fetch_add(1, Ordering::Relaxed);
            bytes.extend_from_slice(GARBAGE[turn % GARBAGE.len()]);
            bytes.push(b'\n');
        }
        if let Some(size) = huge {
            bytes.resize(bytes.len() + size, b'x');
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(render(members, args.omit_jsonrpc, args.pretty).as_bytes());
        write(&bytes, args.ignore_term);
    }
}

/// The text of a message with its line break.
fn render(members: &Members<'_>, omit_jsonrpc: bool, pretty: bool) -> String {
    let (open, comma, colon, close) =
        if pretty { ("{\n  ", ",\n  ", ": ", "\n}\n") } else { ("{", ",", ":", "}\n") };
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

/// Writes to stdout in one go. Nobody reading is the end, unless the process is to survive that.
fn write(bytes: &[u8], survive: bool) {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    if written.is_err() && !survive {
        std::process::exit(0);
    }
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
            (false, false, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"z\":1.0}}\n"),
            (true, false, "{\"id\":1,\"result\":{\"z\":1.0}}\n"),
            (true, true, "{\n  \"id\": 1,\n  \"result\": {\"z\":1.0}\n}\n"),
        ] {
            assert_eq!(render(&members, omit, pretty), expected);
        }
    }
}
