//! A `requestState` opens for its owner, its request and its time, and for nothing else.

use super::*;
use crate::wire::{Limits, Message, Strictness};

fn message(text: &str) -> Message {
    Message::parse(text.to_owned().into(), Limits::default(), Strictness::Strict)
        .expect("a request")
}

fn request(params: &str) -> RequestDigest {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    RequestDigest::of(&message(&text))
}

fn key(byte: u8) -> SealKey {
    SealKey::new(&[byte; 32]).expect("a key")
}

fn sealed(handle: Handle) -> String {
    let request = request(r#"{"name":"t"}"#);
    let parked = Parked { handle, principal: "alice", expires_ms: 1_000, request };
    key(1).seal(&parked).expect("sealed")
}

#[test]
fn it_opens_for_its_owner_its_request_and_its_time_only() {
    let state = sealed([7; 16]);
    for (key_of, principal, params, now, expected) in [
        (1, "alice", r#"{"name":"t"}"#, 999, Ok([7; 16])),
        (1, "alice", r#"{"name":"t"}"#, 1_000, Err(BadState::Expired)),
        (1, "bob", r#"{"name":"t"}"#, 0, Err(BadState::OtherPrincipal)),
        (1, "alice", r#"{"name":"other"}"#, 0, Err(BadState::OtherRequest)),
        (2, "alice", r#"{"name":"t"}"#, 0, Err(BadState::Forged)),
    ] {
        assert_eq!(key(key_of).open(&state, principal, &request(params), now), expected);
    }
}

#[test]
fn no_change_of_it_goes_unnoticed() {
    let (state, asked) = (sealed([7; 16]), request(r#"{"name":"t"}"#));
    let mut bytes = URL_SAFE_NO_PAD.decode(&state).expect("base64");
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        let forged = URL_SAFE_NO_PAD.encode(&bytes);
        assert_eq!(key(1).open(&forged, "alice", &asked, 0), Err(BadState::Forged), "byte {at}");
        bytes[at] ^= 1;
    }
    for forged in ["", "x", "!!", &state[1..], &format!("{state}A"), &"A".repeat(1 << 20)] {
        assert_eq!(key(1).open(forged, "alice", &asked, 0), Err(BadState::Forged));
    }
}

#[test]
fn two_handles_never_look_alike_and_nothing_can_be_read() {
    let (one, two) = (sealed([7; 16]), sealed([8; 16]));
    assert_ne!(one[..18], two[..18], "the same nonce for two texts");
    let bytes = URL_SAFE_NO_PAD.decode(&one).expect("base64");
    assert!(!bytes.windows(16).any(|window| window == [7; 16]));
    assert_eq!(format!("{:?}", key(1)), "SealKey(…)");
}

#[test]
fn a_repetition_has_the_fingerprint_of_its_request() {
    let first = request(r#"{"name":"t","arguments":{"a": "x \" y", "b":[1, 2]},"_meta":{"n":1}}"#);
    let again = r#"{"requestState":"s","arguments":{"a":"x \" y","b":[1,2]},"inputResponses":{},"name":"t"}"#;
    assert_eq!(first, request(again));
    for other in [
        r#"{"name":"t","arguments":{"a":"x \"y","b":[1,2]}}"#,
        r#"{"name":"t","arguments":{"a":"x \" y","b":[1,3]}}"#,
        r#"{"name":"t"}"#,
        r#"{"name":"t","arguments":{"a": "x \" y", "b":[1, 2]},"extra":1}"#,
    ] {
        assert_ne!(first, request(other), "{other}");
    }
    let get = message(r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"t"}}"#);
    assert_ne!(RequestDigest::of(&get), request(r#"{"name":"t"}"#));
}
