//! Each server in its own era, found out once and remembered.

use crate::process::{Setup, call, until};
use crate::server::{Stage, TRANSPORTS};
use serde_json::json;

/// The first messages that are no list, and whether it is ever initialized.
fn opening(stage: &Stage) -> Vec<String> {
    let opens = ["server/discover", "initialize", "notifications/initialized"];
    stage.methods().into_iter().filter(|method| opens.contains(&method.as_str())).collect()
}

fn works(stage: &Stage) {
    let gateway = stage.setup.serve();
    let client = gateway.client();
    let answer = client.answer(&call("1", "s.echo", r#"{"text":"hello"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "hello", "{answer}");
    assert_eq!(answer["result"].get("resultType"), None, "that is of 2026-07-28: {answer}");
}

#[test]
fn a_server_is_spoken_to_in_its_own_era_and_that_is_remembered_over_a_restart() {
    let legacy = ["initialize", "notifications/initialized"];
    for transport in TRANSPORTS {
        for (era, first, later) in [
            ("legacy", &["server/discover", legacy[0], legacy[1]][..], &legacy[..]),
            ("modern", &["server/discover"], &["server/discover"]),
            ("both", &["server/discover"], &["server/discover"]),
        ] {
            let stage = Stage::on(transport, &format!("--era {era}"));
            works(&stage);
            assert_eq!(opening(&stage), first, "{transport} {era}");
            stage.forget();
            works(&stage);
            assert_eq!(opening(&stage), later, "{transport} {era}, known");
            assert!(!stage.setup.read("s", "log").iter().any(|line| line.contains("VIOLATION")));
        }
    }
}

#[test]
fn every_request_to_a_modern_server_says_who_asks_and_what_it_can_be_asked() {
    for transport in TRANSPORTS {
        let stage = Stage::on(transport, "--era modern");
        works(&stage);
        let requests = stage.received().into_iter().filter(|message| !message["id"].is_null());
        for request in requests {
            let meta = &request["params"]["_meta"];
            assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28", "{request}");
            assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object(), "{request}");
            assert!(meta["io.modelcontextprotocol/clientInfo"].is_object(), "{request}");
        }
        let ours = &stage.of("server/discover")[0]["params"]["_meta"];
        assert_eq!(
            ours["io.modelcontextprotocol/clientCapabilities"],
            json!({
                "roots": { "listChanged": true },
                "sampling": { "context": {}, "tools": {} },
                "elicitation": { "form": {}, "url": {} },
            })
        );
    }
}

#[test]
fn a_server_of_the_initialize_era_is_told_all_that_it_may_ask() {
    let stage = Stage::on("stdio", "");
    works(&stage);
    let capabilities = &stage.of("initialize")[0]["params"]["capabilities"];
    for ability in ["roots", "sampling", "elicitation"] {
        assert!(capabilities[ability].is_object(), "{capabilities}");
    }
}

#[test]
fn a_server_that_exits_when_asked_is_started_again_once_and_not_asked_any_more() {
    let stage = Stage::on("stdio", "--exit-on-discover");
    works(&stage);
    assert_eq!(opening(&stage), ["server/discover", "initialize", "notifications/initialized"]);
    let log = stage.setup.read("gateway", "log");
    assert!(!log.iter().any(|line| line.contains(" down ")), "it is no failure: {log:?}");
    stage.forget();
    works(&stage);
    assert_eq!(opening(&stage), ["initialize", "notifications/initialized"]);
}

#[test]
fn a_server_that_never_answers_the_question_and_one_that_starts_slowly_are_waited_for() {
    let setup = Setup::new(json!({ "list": { "boot_wait": "60s" } }))
        .server("ignores", "--ignore-discover", json!({}))
        .server("slow", "--slow-start 4500", json!({}))
        .server("modern", "--slow-start 4500 --era modern", json!({}));
    let gateway = setup.serve();
    let client = gateway.client();
    for server in ["ignores", "slow", "modern"] {
        until(server, || {
            let answer = client.answer(&call("1", &format!("{server}.echo"), r#"{"text":"x"}"#));
            answer["result"]["content"][0]["text"] == "x"
        });
        for method in ["server/discover", "initialize"] {
            assert_eq!(setup.received(server, method).len(), 1, "{server} {method}");
        }
        let pids = setup.read(server, "log");
        let pid = |line: &String| line.split(' ').next().unwrap().to_owned();
        let pids: std::collections::BTreeSet<_> = pids.iter().map(pid).collect();
        assert!(pids.len() == 1, "one process: {pids:?}");
    }
    assert_eq!(setup.received("modern", "notifications/initialized").len(), 0);
}

#[test]
fn a_slow_server_of_both_eras_is_had_in_the_older_one_and_waited_for_the_next_time() {
    let stage = Stage::on("stdio", "--slow-start 4500 --era both");
    for expected in
        [&["server/discover", "initialize", "notifications/initialized"][..], &["server/discover"]]
    {
        stage.forget();
        let gateway = stage.setup.serve();
        let client = gateway.client();
        until("it is there", || {
            let answer = client.answer(&call("1", "s.echo", r#"{"text":"x"}"#));
            answer["result"]["content"][0]["text"] == "x"
        });
        assert_eq!(opening(&stage), expected);
    }
}

#[test]
fn an_era_may_be_configured() {
    for (flags, era, expected) in [
        ("--era both", "legacy", &["initialize", "notifications/initialized"][..]),
        ("--era both", "modern", &["server/discover"]),
    ] {
        let mut stage = Stage::on("stdio", flags);
        stage.setup.set("s", "era", json!(era));
        works(&stage);
        assert_eq!(opening(&stage), expected, "{era}");
    }
}
