//! What must hold for any input: nothing panics, and what goes out is a message again.

use bytes::Bytes;
use mcpvisor_actors::bridge::legacy_client::{self, Answer, ModernMeta, Rounds};
use mcpvisor_actors::bridge::modern_client::{self, CacheHints, Face, Question};
use mcpvisor_actors::bridge::{
    Abilities, Incoming, Listen, ParamHeaders, Reaction, RequestDigest, RequestMeta, Supported,
    check_headers, request_headers, tasks, untagged,
};
use mcpvisor_actors::wire::{Kind, Limits, Message, Payload, RawId, Strictness};

const METHODS: [&str; 4] = ["tools/call", "tools/list", "resources/read", "server/discover"];

/// Reads any bytes as a message and carries it over in both directions.
pub(crate) fn message(data: &[u8]) {
    for how in [Strictness::Strict, Strictness::Liberal] {
        let Ok(message) = Message::parse(Bytes::copy_from_slice(data), limits(), how) else {
            continue;
        };
        renumbered(&message);
        match message.kind() {
            Kind::Request { .. } => {
                question(&message);
                if how == Strictness::Strict {
                    request(&message); // clients are held to the letter
                }
            }
            Kind::Notification { .. } => notification(&message),
            Kind::Response { .. } => response(&message),
        }
    }
    let bytes = Bytes::copy_from_slice(data);
    let _of_no_object = tasks::hidden(&bytes);
    let _one_way = tasks::tool(&bytes, true);
    let _the_other = legacy_client::tool(&bytes);
    let _annotations = ParamHeaders::of_schema(data);
    let _what_it_can = (Abilities::of(data), Supported::of(data));
}

/// Reads lines `Name: value`, an empty line and a message: what is sent is what is accepted.
pub(crate) fn headers(data: &[u8]) {
    let cut = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let lines = data[..cut].split(|byte| *byte == b'\n');
    let named: Vec<(&str, &[u8])> = lines
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
        })
        .collect();
    let body = Bytes::copy_from_slice(data.get(cut + 2..).unwrap_or_default());
    let Ok(message) = Message::parse(body, limits(), Strictness::Strict) else { return };
    let schema = br#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"n":{"type":"integer","x-mcp-header":"N"}}}"#;
    let params = ParamHeaders::of_schema(schema).expect("good annotations");
    let _judged = check_headers(&named, &message, Some(&params));
    let ours = request_headers(&message, Some(&params));
    let version = [("MCP-Protocol-Version", &b"2026-07-28"[..])];
    let ours = ours.iter().map(|(name, value)| (&**name, value.as_bytes()));
    let ours: Vec<_> = version.into_iter().chain(ours).collect();
    if RequestMeta::of(&message).is_ok()
        && let Err(fault) = check_headers(&ours, &message, Some(&params))
    {
        // the only reason can be a body in which a member stands twice
        assert!(fault.to_string().contains("twice"), "{fault}: {message:?}");
    }
}

fn limits() -> Limits {
    Limits { max_bytes: 1 << 20, max_depth: 64 }
}

/// What goes out is JSON, and the message it should be.
fn is_message(payload: &Payload, what: &str) -> Message {
    let bytes = payload.to_bytes();
    let limits = Limits { max_bytes: 4 << 20, max_depth: 80 };
    match Message::parse(bytes.clone(), limits, Strictness::Strict) {
        Ok(message) => message,
        Err(error) => panic!("{what}: {error}: {}", String::from_utf8_lossy(&bytes)),
    }
}

fn renumbered(message: &Message) {
    if let Kind::Request { .. } | Kind::Response { .. } = message.kind() {
        let again = is_message(&message.with_id(b"7", &[]), "another id");
        match (message.kind(), again.kind()) {
            (Kind::Request { method, .. }, Kind::Request { id, method: same }) => {
                assert_eq!((id.as_bytes(), method), (&b"7"[..], same));
            }
            (Kind::Response { ok, .. }, Kind::Response { ok: same, .. }) => {
                assert_eq!((message.outcome_raw(), ok), (again.outcome_raw(), same));
            }
            (before, after) => panic!("{before:?} became {after:?}"),
        }
    } else {
        is_message(&message.notified(&[]), "a notification");
    }
}

fn request(message: &Message) {
    for header in [None, Some("2026-07-28")] {
        if let Incoming::Refused(fault) = Incoming::of(message, header) {
            is_message(&fault.reply(None), "a refusal");
        }
    }
    let _digest = RequestDigest::of(message);
    let meta = ModernMeta::new(&Bytes::from_static(b"{}"), None);
    if let Ok(edits) = meta.request(message, None) {
        let carried = is_message(&message.with_id(b"7", &edits.as_slices()), "to a modern server");
        RequestMeta::of(&carried).expect("a request of 2026-07-28");
    }
    if let Ok(edits) = modern_client::request(message, None) {
        let carried = is_message(&message.with_id(b"7", &edits.as_slices()), "to a legacy server");
        let version = b"io.modelcontextprotocol/protocolVersion";
        let meta = carried.params().and_then(mcpvisor_actors::wire::Members::of);
        let meta = meta.and_then(|params| {
            params.get("_meta").ok().flatten().map(mcpvisor_actors::wire::Raw::get)
        });
        let named = meta.and_then(|meta| mcpvisor_actors::wire::Members::of(meta.as_bytes()));
        let named =
            named.is_some_and(|meta| meta.iter().any(|member| member.key.as_bytes() == version));
        assert!(!named, "the revision stays in the other era");
    }
    if let Ok(listen) = Listen::of(message) {
        let Kind::Request { id, .. } = message.kind() else { return };
        is_message(&listen.acknowledged(id), "an acknowledgement");
    }
    let _state = modern_client::request_state(message);
}

/// What a server asks of a client.
fn question(message: &Message) {
    let able = Abilities::of(
        br#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#,
    );
    if let Ok(question) = Question::of(message, able.expect("an object")) {
        let result = modern_client::input_required(&[question], Some("s"), &face());
        is_message(&mcpvisor_actors::wire::result_raw(&RawId::from(1), result), "a question");
    }
}

fn notification(message: &Message) {
    let edits = untagged(message);
    is_message(&message.notified(&edits.as_slices()), "without its tag");
    let tagged = is_message(&Listen::tagged(message, &RawId::from(7)), "with a tag");
    let id = mcpvisor_actors::bridge::subscription_of(&tagged);
    assert_eq!(id.as_ref().and_then(RawId::as_number), Some(7));
}

fn response(message: &Message) {
    if let (Kind::Response { ok, .. }, Some(outcome)) = (message.kind(), message.outcome()) {
        let _era = Reaction::of_outcome(if *ok { Ok(&outcome) } else { Err(&outcome) });
    }
    let id = RawId::from(7);
    for method in METHODS {
        match legacy_client::answer(method, message) {
            Answer::Final(translated) => {
                is_message(&translated.payload(message, &id), "up to a legacy client");
            }
            Answer::InputRequired(result) => {
                let able = Abilities::of(br#"{"elicitation":{},"sampling":{},"roots":{}}"#);
                let _step = Rounds::default().input_required(&result, able.expect("an object"));
            }
        }
        let able = Abilities::default();
        let translated = modern_client::answer(method, message, &face(), able);
        is_message(&translated.payload(message, &id), "up to a modern client");
    }
}

fn face() -> Face {
    let server_info = Bytes::from_static(br#"{"name":"n","version":"1"}"#);
    Face { server_info, hints: CacheHints::default() }
}
