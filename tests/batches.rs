//! Arrays of messages: taken from clients of 2025-03-26 on every way in, from nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face, request};
use running::{Running, faulty};
use serde_json::{Value, json};

const BATCHES: &str = "2025-03-26";

fn pings(count: usize) -> String {
    let pings: Vec<String> =
        (0..count).map(|id| request(&id.to_string(), "ping", &json!({}))).collect();
    format!("[{}]", pings.join(","))
}

/// The ids of the answers in an array, sorted.
fn ids(answers: &Value) -> Vec<String> {
    let answers = answers.as_array().unwrap_or_else(|| panic!("{answers}"));
    let mut ids: Vec<String> = answers.iter().map(|answer| answer["id"].to_string()).collect();
    ids.sort();
    ids
}

#[test]
fn a_batch_is_answered_by_one_array_on_every_way_in() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    for face in Face::ALL {
        let mut client = Client::connect(face, &running);
        assert_eq!(client.initialize(BATCHES)["protocolVersion"], BATCHES);
        client.still_works("s.echo", "the handshake");
        let note = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
        let echo = request("7", "tools/call", &json!({ "name": "s.echo", "arguments": {} }));
        let batch = format!("[{},{note},{echo},5]", request("\"p\"", "ping", &json!({})));
        client.send(batch.as_bytes());
        let answers = client.receive();
        assert_eq!(ids(&answers), ["\"p\"", "7", "null"], "{face:?}");
        let wrong = answers.as_array().unwrap().iter().find(|answer| answer["id"].is_null());
        assert_eq!(wrong.unwrap()["error"]["code"], -32_600);
        // nothing that asks for an answer gets none
        client.send(format!("[{note},{note}]").as_bytes());
        client.still_works("s.echo", "a batch of notifications");
    }
}

#[test]
fn other_revisions_refuse_a_batch_and_say_which_one_has_it() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    for face in Face::ALL {
        for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
            let mut client = Client::connect(face, &running);
            client.initialize(revision);
            client.still_works("s.echo", "the handshake");
            client.send(pings(2).as_bytes());
            let refused = client.receive();
            assert_eq!(refused["error"]["code"], -32_600, "{face:?} {revision}");
            assert!(refused["error"]["message"].as_str().unwrap().contains(BATCHES), "{refused}");
            client.still_works("s.echo", "a refused batch");
        }
    }
}
