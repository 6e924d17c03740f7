//! The bridging table, row by row: literal frames in, literal frames out.

mod changes;
mod eras;
mod legacy_client;
mod modern_client;
mod survival;

use crate::wire::{Edits, Limits, Message, Strictness};
use bytes::Bytes;

/// The capabilities, client and version a modern request carries in these tests.
const META: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"}"#;

fn frame(text: &str) -> Message {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    Message::parse(bytes, Limits::default(), Strictness::Liberal).expect("an envelope")
}

/// A request of `method` with these parameters, `""` for none.
fn request(method: &str, params: &str) -> Message {
    let params = if params.is_empty() { String::new() } else { format!(r#","params":{params}"#) };
    frame(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"{params}}}"#))
}

fn result(result: &str) -> Message {
    frame(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#))
}

fn error(error: &str) -> Message {
    frame(&format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#))
}

/// The message with edits and the id 9, as text.
fn edited(message: &Message, edits: &Edits) -> String {
    text(&message.with_id(b"9", &edits.as_slices()).to_bytes())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
