//! Calls of clients of the initialize era at servers of 2026-07-28.

use crate::both::Client;
use crate::process::{call, call_with_progress, cancelled, parse, request, until};
use crate::server::{Stage, TRANSPORTS};
use serde_json::json;

#[test]
fn progress_comes_with_the_clients_own_token_before_the_answer() {
    for transport in TRANSPORTS {
        let stage = Stage::on(transport, "--era modern --progress 3");
        let gateway = stage.setup.serve();
        let heard = gateway.client().ask(&call_with_progress("1", "s.echo", "\"mine\""));
        let heard: Vec<_> = heard.iter().map(|text| parse(text)).collect();
        assert_eq!(heard.len(), 4, "{transport}: {heard:?}");
        for (step, message) in heard[..3].iter().enumerate() {
            assert_eq!(message["params"]["progressToken"], "mine");
            assert_eq!(message["params"]["progress"], step + 1);
        }
        assert!(heard[3]["result"]["content"].is_array(), "{}", heard[3]);
    }
}

#[test]
fn a_call_given_up_is_cancelled_as_its_transport_wants_it_and_frees_its_slot() {
    for transport in TRANSPORTS {
        let mut stage = Stage::on(transport, "--era modern --delay 50000");
        stage.setup.set("s", "max_in_flight", json!(1));
        let gateway = stage.setup.serve();
        let client = gateway.client();
        let _open = client.begin(&call("7", "s.echo", r#"{"key":"gone"}"#));
        until("the call is there", || stage.of("tools/call").len() == 1);
        assert_eq!(client.post(&cancelled("7")).status, 202);
        stage.control().order("clear");
        let answer = client.answer(&call("8", "s.echo", r#"{"text":"next"}"#));
        assert_eq!(answer["result"]["content"][0]["text"], "next", "{transport}: {answer}");
        let id = &stage.of("tools/call")[0]["id"];
        let told = stage.of("notifications/cancelled");
        let told: Vec<_> = told.iter().map(|told| &told["params"]["requestId"]).collect();
        if transport == "http" {
            assert!(told.is_empty(), "closing the stream is all of it: {told:?}");
        } else {
            assert_eq!(told, [id], "{transport}");
        }
    }
}

#[test]
fn prompts_resources_and_completion_are_had_as_from_any_server() {
    for transport in TRANSPORTS {
        let stage = Stage::on(
            transport,
            "--era modern --prompt p --resource x://1 --template x://{id} --completions",
        );
        let gateway = stage.setup.serve();
        let mut client = Client::http(&gateway);
        assert_eq!(client.prompts(), ["s.p"]);
        assert_eq!(client.resources(), ["x://1"]);
        assert_eq!(client.templates(), ["x://{id}"]);
        let prompt = client.answer("prompts/get", r#"{"name":"s.p","arguments":{"topic":"t"}}"#);
        assert!(prompt["result"]["messages"].is_array(), "{prompt}");
        let missing = client.answer("resources/read", r#"{"uri":"y://1"}"#);
        assert_eq!(missing["error"]["code"], -32002, "{missing}");
        let reference =
            r#"{"ref":{"type":"ref/prompt","name":"s.p"},"argument":{"name":"topic","value":""}}"#;
        let completed = client.answer("completion/complete", reference);
        assert!(completed["result"]["completion"]["values"].is_array(), "{completed}");
        let pong = parse(&client.ask(&request("1", "ping", "{}")));
        assert_eq!(pong["result"], json!({}));
        assert!(!stage.methods().contains(&"ping".to_owned()), "there is none in that era");
    }
}
