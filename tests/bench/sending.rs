//! Messages of an operator's, sent as they are.

use crate::faces::{Client, Face};
use crate::running::{Running, eventually, faulty};
use crate::{ask, call, done, get, post, refused, request, until_ready};
use serde_json::{Value, json};

const SEND: &str = "/api/v1/servers/s/send";

#[test]
fn a_request_is_answered_under_its_own_id_and_its_frames_are_told() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&["--progress", "2"]) } }));
    until_ready(&running, "s");
    for id in [json!(7), json!("mine")] {
        let mut message = call(&id, "hello");
        message["params"]["_meta"] = json!({ "progressToken": "p" });
        let sent = done(&post(&running, SEND, &json!({ "message": message })));
        let response = &sent["response"];
        assert_eq!(response["id"], id);
        assert_eq!(response["result"]["content"][0]["text"], "hello", "{sent}");
        assert!(sent["generation"].is_u64(), "{sent}");
        let frames = sent["frames"].as_array().unwrap();
        let ours = sent["id"].as_u64().unwrap().to_string();
        let (first, last) = (&frames[0], frames.last().unwrap());
        assert_eq!((&first["direction"], &first["method"]), (&json!("out"), &json!("tools/call")));
        assert_eq!((&first["id"], &last["id"]), (&json!(ours), &json!(ours)));
        assert!(first["text"].as_str().unwrap().contains(&format!(r#""progressToken":{ours}"#)));
        let told = frames.iter().filter(|frame| frame["method"] == "notifications/progress");
        assert_eq!(told.count(), 2, "{frames:#?}");
    }
    // an error of the server's is an answer, too
    let unknown = request(&json!(1), "no/such", &json!({}));
    let sent = done(&post(&running, SEND, &json!({ "message": unknown })));
    assert!(sent["response"]["error"]["code"].is_i64(), "{sent}");
    // no client called
    let calls = &get(&running, "/api/v1/servers/s")["calls"];
    assert_eq!(calls, &json!({ "served": 0, "failed": 0 }));
}

#[test]
fn what_is_not_answered_is_just_written() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    until_ready(&running, "s");
    for message in [
        json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" }),
        json!({ "jsonrpc": "2.0", "id": 99, "result": {} }),
    ] {
        let sent = done(&post(&running, SEND, &json!({ "message": message })));
        assert_eq!((&sent["response"], &sent["id"]), (&Value::Null, &Value::Null), "{sent}");
        let text = sent["frames"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), message);
    }
}

#[test]
fn what_cannot_be_sent_is_refused_with_the_reason() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    until_ready(&running, "s");
    let sends = |message: &Value| post(&running, SEND, &json!({ "message": message }));
    let initialize = request(&json!(1), "initialize", &json!({}));
    assert_eq!(refused(&sends(&initialize), 400), "opens_connection");
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(refused(&sends(&initialized), 400), "opens_connection");
    assert_eq!(refused(&sends(&json!({ "method": "ping" })), 400), "bad_message");
    assert_eq!(refused(&sends(&json!([])), 400), "bad_message");
    assert_eq!(refused(&ask(&running, "POST", SEND, "{torn"), 400), "bad_body");
    let large = json!({ "message": call(&json!(1), &"x".repeat(5_000_000)) });
    assert_eq!(refused(&post(&running, SEND, &large), 400), "bad_body");
    let large = json!({ "message": call(&json!(1), &"x".repeat(4 * 1024 * 1024)) });
    assert_eq!(refused(&post(&running, SEND, &large), 400), "bad_message");
    let ping = json!({ "message": request(&json!(1), "ping", &json!({})) });
    assert_eq!(refused(&post(&running, "/api/v1/servers/t/send", &ping), 404), "no_such_server");
    ask(&running, "POST", "/api/v1/servers/s/stop", "");
    eventually("it is stopped", || get(&running, "/api/v1/servers/s")["state"] == "stopped");
    assert_eq!(refused(&post(&running, SEND, &ping), 409), "not_ready");
}

#[test]
fn a_request_without_an_answer_is_given_up_and_the_server_stays_as_well_as_it_was() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&["--wrong-id"]) } }));
    let process = until_ready(&running, "s");
    let watch = crate::Watch::open(&running, "s");
    let asked = json!({ "message": call(&json!(1), "hello"), "timeoutMs": 3000 });
    assert_eq!(refused(&post(&running, SEND, &asked), 504), "no_answer");
    let cancel = |frame: &Value| frame["method"] == "notifications/cancelled";
    let frames = watch.until("it is cancelled", cancel);
    let sent = frames.iter().find(|frame| frame["method"] == "tools/call").unwrap();
    let cancelled = frames.iter().find(|frame| cancel(frame)).unwrap();
    let id = format!(r#""requestId":{}"#, sent["id"].as_str().unwrap());
    assert!(cancelled["text"].as_str().unwrap().contains(&id), "{cancelled}");
    // longer than a call may be silent, and nobody suspected anything
    assert!(!frames.iter().any(|frame| frame["method"] == "ping"), "{frames:#?}");
    let server = get(&running, "/api/v1/servers/s");
    assert_eq!((&server["state"], &server["score"]), (&json!("ready"), &json!(100)), "{server}");
    assert_eq!(server["pid"], process);
}

#[test]
fn the_death_of_the_server_ends_a_request_at_once() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&["--exit-on-call"]) } }));
    until_ready(&running, "s");
    let asked = json!({ "message": call(&json!(1), "hello") });
    assert_eq!(refused(&post(&running, SEND, &asked), 502), "not_delivered");
}

#[test]
fn a_modern_server_gets_what_its_era_asks_for() {
    for kind in ["stdio", "http"] {
        let flags = ["--era", "modern", "--header-tool", "look"];
        let listening = (kind == "http").then(|| Listening::start(&flags));
        let server = match &listening {
            Some(listening) => json!({ "url": listening.url }),
            None => faulty(&flags),
        };
        let running = Running::serve(&json!({ "servers": { "s": server } }));
        until_ready(&running, "s");
        let params = json!({ "name": "look", "arguments": { "text": "eu" } });
        let message = request(&json!("a"), "tools/call", &params);
        let bare = post(&running, SEND, &json!({ "message": message }));
        let bare = done(&bare);
        assert!(bare["response"]["error"].is_object(), "{kind}: _meta is missing: {bare}");
        let sent = done(&post(&running, SEND, &json!({ "message": message, "fillMeta": true })));
        let response = &sent["response"];
        assert_eq!(response["result"]["content"][0]["text"], "eu", "{kind}: {sent}");
        let mut client = Client::open(Face::Http, &running);
        let answer = client.call("s.look", &json!({ "text": "eu" }));
        assert_eq!(answer["result"]["content"][0]["text"], "eu", "{kind}: {answer}");
    }
}

/// A server that is reached over HTTP.
struct Listening {
    child: std::process::Child,
    url: String,
}

impl Listening {
    fn start(flags: &[&str]) -> Self {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mcpvisor"));
        command.args(["simulate", "--transport", "http", "--until-eof"]).args(flags);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        let heard = crate::Heard::of(child.stdout.take().unwrap());
        let said = heard.until("/mcp");
        let url = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        Self { url: url.to_owned(), child }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
