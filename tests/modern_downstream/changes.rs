//! Changes at servers of 2026-07-28: one listen, as wide as it must be and never closed for long.

use crate::both::Client;
use crate::process::{parse, until};
use crate::server::{Stage, TRANSPORTS};
use serde_json::{Value, json};

const UPDATED: &str = "notifications/resources/updated";
const TOOLS: &str = "notifications/tools/list_changed";
const RESOURCES: &str = "--era modern --resource x://1 --resource x://2";

fn subscribe(client: &mut Client, uri: &str) {
    let answer = client.answer("resources/subscribe", &json!({ "uri": uri }).to_string());
    assert_eq!(answer["result"], json!({}), "{answer}");
}

/// The filters of all listens so far.
fn filters(stage: &Stage) -> Vec<Value> {
    let listens = stage.of("subscriptions/listen");
    listens.into_iter().map(|listen| listen["params"]["notifications"].clone()).collect()
}

#[test]
fn a_changed_list_is_heard_of_and_told_on() {
    for transport in TRANSPORTS {
        let stage = Stage::on(transport, "--era modern");
        let gateway = stage.setup.serve();
        let mut client = Client::http(&gateway);
        assert_eq!(client.list("tools/list", "tools", "name"), ["s.echo"]);
        let mut control = stage.control();
        until("it listens", || control.status()["listens"] == 1);
        control.order("add-tool late");
        client.hears_until(TOOLS, |client| {
            client.list("tools/list", "tools", "name") == ["s.echo", "s.late"]
        });
        assert_eq!(
            filters(&stage),
            [json!({ "toolsListChanged": true })],
            "{transport}: one listen"
        );
    }
}

#[test]
fn a_subscription_widens_the_listen_and_updates_come_as_to_any_session() {
    for transport in TRANSPORTS {
        let stage = Stage::on(transport, RESOURCES);
        let gateway = stage.setup.serve();
        let mut client = Client::http(&gateway);
        let mut control = stage.control();
        assert_eq!(client.resources(), ["x://1", "x://2"]);
        subscribe(&mut client, "x://1");
        subscribe(&mut client, "x://1");
        control.order("update x://2");
        control.order("update x://1");
        let news = parse(&client.hears(UPDATED));
        assert_eq!(news["params"], json!({ "uri": "x://1" }), "{transport}: unmarked");
        subscribe(&mut client, "x://2");
        control.order("update x://2");
        assert_eq!(parse(&client.hears(UPDATED))["params"]["uri"], "x://2");
        let wider = |uris: &[&str]| {
            json!({
                "toolsListChanged": true, "resourcesListChanged": true,
                "resourceSubscriptions": uris,
            })
        };
        let all = filters(&stage);
        assert_eq!(all[all.len() - 2..], [wider(&["x://1"]), wider(&["x://1", "x://2"])]);
        until("one is left", || control.status()["listens"] == 1);
        assert!(!stage.methods().iter().any(|method| method.starts_with("resources/sub")));
    }
}

#[test]
fn a_listen_that_ends_is_opened_again_and_what_was_missed_is_told() {
    for transport in TRANSPORTS {
        let stage = Stage::on(transport, RESOURCES);
        let gateway = stage.setup.serve();
        let mut client = Client::http(&gateway);
        let mut control = stage.control();
        client.resources();
        subscribe(&mut client, "x://1");
        stage.forget();
        control.order("end-listens");
        assert_eq!(parse(&client.hears(UPDATED))["params"], json!({ "uri": "x://1" }));
        until("it listens again", || control.status()["watched"] == json!(["x://1"]));
        until("all is listed again", || {
            ["tools/list", "resources/list"].iter().all(|list| stage.of(list).len() == 1)
        });
        control.order("update x://1");
        assert_eq!(
            parse(&client.hears(UPDATED))["params"],
            json!({ "uri": "x://1" }),
            "{transport}"
        );
    }
}

#[test]
fn a_new_connection_listens_for_what_was_listened_for() {
    let stage = Stage::on("stdio", RESOURCES);
    let gateway = stage.setup.serve();
    let mut client = Client::http(&gateway);
    client.resources();
    subscribe(&mut client, "x://1");
    let before = stage.setup.control("s");
    stage.control().order("kill");
    until("another life", || stage.setup.control("s") != before);
    assert_eq!(parse(&client.hears(UPDATED))["params"], json!({ "uri": "x://1" }));
    let mut control = stage.control();
    until("it listens", || control.status()["watched"] == json!(["x://1"]));
    control.order("update x://1");
    assert_eq!(parse(&client.hears(UPDATED))["params"], json!({ "uri": "x://1" }));
}
