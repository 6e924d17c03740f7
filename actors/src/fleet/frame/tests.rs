//! What a frame shows of a message, and what it hides.

use super::*;
use std::sync::Arc;

fn hiding(secret: &'static str) -> Mask {
    Arc::new(move |text: &str| text.replace(secret, "***"))
}

fn of(text: &str) -> Said {
    Said::of_ours(&Bytes::copy_from_slice(text.as_bytes()), &hiding("hunter2"))
}

#[test]
fn a_frame_says_what_it_is() {
    for (text, kind, id, method) in [
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#,
            FrameKind::Request,
            Some(r#""a""#),
            Some("ping"),
        ),
        (r#"{"jsonrpc":"2.0","id":7,"result":{}}"#, FrameKind::Response, Some("7"), None),
        (r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, FrameKind::Response, None, None),
        (r#"{"jsonrpc":"2.0","method":"n"}"#, FrameKind::Notification, None, Some("n")),
        ("Listening on port 1", FrameKind::Noise, None, None),
    ] {
        let said = of(text);
        assert_eq!((said.kind, said.id.as_deref()), (kind, id), "{text}");
        assert_eq!(said.method.as_deref(), method, "{text}");
        assert_eq!((said.text.as_str(), said.bytes), (text, text.len()));
        assert!(!said.truncated && !said.masked, "{text}");
    }
}

#[test]
fn secrets_are_masked_and_their_length_still_counts() {
    let text = r#"{"jsonrpc":"2.0","id":"hunter2","method":"hunter2"}"#;
    let said = of(text);
    assert_eq!(said.text, r#"{"jsonrpc":"2.0","id":"***","method":"***"}"#);
    assert_eq!((said.id.as_deref(), said.method.as_deref()), (Some("\"***\""), Some("***")));
    assert!(said.masked && !said.truncated);
    assert_eq!(said.bytes, text.len());
}

#[test]
fn a_long_text_is_cut_between_characters_and_no_part_of_a_secret_is_left() {
    let said = of(&"é".repeat(SHOWN));
    assert_eq!((said.bytes, said.text.len(), said.truncated), (2 * SHOWN, SHOWN, true));
    // many secrets before it pull the end of the part that is looked at into what is shown
    let many = "hunter2".repeat(SHOWN / 7);
    for at in SHOWN + SECRET - 7..=SHOWN + SECRET {
        let filler = "x".repeat(at - many.len());
        let said = of(&format!("{many}{filler}hunter2 and so on{}", "y".repeat(SHOWN)));
        assert!(said.truncated && said.masked);
        assert!(!said.text.contains("hunt"), "at {at}");
    }
}

#[test]
fn of_a_long_id_and_a_long_method_the_beginning_is_kept() {
    let long = "é".repeat(20_000);
    let said = of(&format!(r#"{{"jsonrpc":"2.0","id":"{long}","method":"{long}"}}"#));
    assert_eq!(said.id.map(|id| id.len()), Some(NAME - 1));
    assert_eq!(said.method.map(|method| method.len()), Some(NAME));
}

#[test]
fn noise_is_shown_as_it_was_kept() {
    let fault = WireError::TooLarge { limit: 10 };
    let noise = Noise { fault, excerpt: "the hunter2".into(), id: Some(3) };
    let said = Said::noise(&noise, &hiding("hunter2"));
    assert_eq!((said.kind, said.text.as_str()), (FrameKind::Noise, "the ***"));
    assert!(said.truncated && said.id.as_deref() == Some("3"));
}

#[test]
fn a_frame_is_one_flat_object_and_reads_back() {
    let place = Place { generation: Generation::next(), own: true, direction: Direction::In };
    let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_500);
    let said = of(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    let frame = Frame { at, ..said.frame(3, place) };
    let text = serde_json::to_string(&frame).unwrap();
    let generation = place.generation;
    assert_eq!(
        text,
        format!(
            r#"{{"seq":3,"atMs":1500,"direction":"in","generation":{generation},"own":true,"kind":"response","id":"7","method":null,"bytes":36,"truncated":false,"masked":false,"text":"{{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{{}}}}"}}"#
        )
    );
    assert_eq!(serde_json::from_str::<Frame>(&text).unwrap(), frame);
}
