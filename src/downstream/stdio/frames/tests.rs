//! Tables of what servers print and what is understood of it.

use super::*;
use mcpvisor_actors::wire::Kind;

const LIMITS: Limits = Limits { max_bytes: 300, max_depth: 16 };

/// What is heard, in short: the message's JSON without blanks, or `~` and the id of noise.
fn heard(input: &[u8]) -> Vec<String> {
    let mut frames = Frames::new(LIMITS);
    let mut seen = Vec::new();
    for byte in input.chunks(5) {
        frames.space().extend_from_slice(byte);
        seen.extend(std::iter::from_fn(|| frames.next()));
    }
    frames.finish();
    seen.extend(std::iter::from_fn(|| frames.next()));
    seen.iter().map(short).collect()
}

fn short(inbound: &Inbound) -> String {
    match inbound {
        Inbound::Message { message, related: None } => match message.kind() {
            Kind::Response { id: Some(id), .. } => format!("answer {id}"),
            Kind::Notification { method } => format!("note {method}"),
            other => format!("{other:?}"),
        },
        Inbound::Noise(noise) => match noise.id {
            Some(id) => format!("noise for {id}"),
            None => "noise".to_owned(),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn what_servers_print_is_understood_as_far_as_it_can_be() {
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let note = r#"{"jsonrpc":"2.0","method":"n"}"#;
    let long = "x".repeat(400);
    for (input, expected) in [
        (format!("{answer}\n{note}\n"), &["answer 1", "note n"][..]),
        (format!("{answer}\r\n\r\n \n{note}\r\n"), &["answer 1", "note n"]),
        (format!("\u{feff}{answer}\n"), &["answer 1"]),
        (answer.to_owned(), &["answer 1"]),
        (format!("Server ready\n[INFO] up\n{answer}\n"), &["noise", "noise", "answer 1"]),
        (format!("[{answer}, {note}]\n"), &["answer 1", "note n"]),
        (format!("[{answer}, 5]\n[]\n"), &["answer 1", "noise", "noise"]),
        (
            "{\n  \"jsonrpc\": \"2.0\",\n  \"id\": 2,\n  \"result\": {\n \"a\": [1,\n2] }\n}\n"
                .into(),
            &["answer 2"],
        ),
        (format!("{{\n \"half\": 1,\n{answer}\n"), &["noise", "answer 1"]),
        (format!("{{ starting {{\n}}\n{answer}\n"), &["noise", "noise", "answer 1"]),
        (format!("{{\"id\":3,\"result\":{{\"a\":1\n{answer}\n"), &["noise for 3", "answer 1"]),
        (format!("{{\"id\":3,\"result\":\"cut off\n{answer}\n"), &["noise for 3", "answer 1"]),
        (format!("{{\"id\":4,\"result\":{{,}}}}\n{answer}\n"), &["noise for 4", "answer 1"]),
        (format!("{{\"id\":5,\"result\":\"{long}\"}}\n{answer}\n"), &["noise for 5", "answer 1"]),
        (format!("{{\"result\":\"{long}\",\"id\":6}}\n{answer}\n"), &["noise for 6", "answer 1"]),
        (
            format!(
                "{{\n\"id\":7,\n\"result\":[\n{}1]\n}}\n{answer}\n",
                "\"0123456789\",\n".repeat(40)
            ),
            &["noise for 7", "answer 1"],
        ),
        ("{\"id\":8}\n{\n\"id\":9,".into(), &["noise for 8", "noise for 9"]),
        ("{\n\"id\":1,\n\"result\":[\n{\"method\":\"x\"}\n]\n}\n".into(), &["answer 1"]),
    ] {
        assert_eq!(heard(input.as_bytes()), expected, "{input}");
    }
}

#[test]
fn bad_utf8_in_an_answer_names_the_request() {
    assert_eq!(heard(b"{\"id\":8,\"result\":\"\xff\xfe\"}\n"), ["noise for 8"]);
}

#[test]
fn a_batch_of_too_many_parts_is_one_noise() {
    let mut frames = Frames::new(Limits::default());
    frames.space().extend_from_slice(format!("[{}1]\n", "1,".repeat(MAX_BATCH)).as_bytes());
    assert!(matches!(frames.next(), Some(Inbound::Noise(_))));
    assert!(frames.next().is_none());
}
