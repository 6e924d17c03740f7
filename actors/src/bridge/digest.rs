//! A fingerprint of what a request asks for, equal for its repetitions.

use crate::wire::{Kind, Members, Message};
use ring::digest::{Context, SHA256};

/// SHA-256 over the method and the members of `params` that make the request what it is.
///
/// *Invariant:* white space and the order of the members of `params` do not change it; `_meta` and
/// what a repetition adds (`inputResponses`, `requestState`) do not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDigest([u8; 32]);

impl RequestDigest {
    /// The fingerprint of a request.
    pub fn of(message: &Message) -> Self {
        let mut context = Context::new(&SHA256);
        if let Kind::Request { method, .. } = message.kind() {
            part(&mut context, method.as_bytes());
        }
        let members = message.params().and_then(Members::of).unwrap_or_default();
        let mut salient: Vec<_> = members
            .iter()
            .filter(|m| !matches!(&*m.key, "_meta" | "inputResponses" | "requestState"))
            .collect();
        salient.sort_by(|a, b| a.key.cmp(&b.key)); // stable: of two equal keys the first stays first
        for member in salient {
            part(&mut context, member.key.as_bytes());
            part(&mut context, &compact(member.value.get().as_bytes()));
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        Self(digest)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn part(context: &mut Context, bytes: &[u8]) {
    context.update(&(bytes.len() as u64).to_be_bytes());
    context.update(bytes);
}

/// JSON without the white space between its tokens.
fn compact(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for &byte in json {
        if in_string || !byte.is_ascii_whitespace() {
            out.push(byte);
        }
        if escaped {
            escaped = false;
        } else if in_string && byte == b'\\' {
            escaped = true;
        } else if byte == b'"' {
            in_string = !in_string;
        }
    }
    out
}
