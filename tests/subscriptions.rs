//! Resources that clients watch: asked for once, told to everybody who does, also after a reconnect.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/both.rs"]
mod both;
#[allow(dead_code)]
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;

use both::{Client, on_both_faces};
use peer::{Control, Simulated};
use process::{Setup, parse, request, until};
use serde_json::{Value, json};

const CONTROLLED: &str = "--resource x://1 --resource x://2 --control 127.0.0.1:0";
const UPDATED: &str = "notifications/resources/updated";

fn setup() -> Setup {
    Setup::new(json!({ "list": { "boot_wait": "20s" } }))
}

fn ask(client: &mut Client, method: &str, uri: &str) -> Value {
    client.answer(method, &json!({ "uri": uri }).to_string())
}

fn subscribe(client: &mut Client, uri: &str) {
    let answer = ask(client, "resources/subscribe", uri);
    assert!(answer["result"].is_object(), "{answer}");
}

fn unsubscribe(client: &mut Client, uri: &str) {
    assert_eq!(ask(client, "resources/unsubscribe", uri)["result"], json!({}));
}

/// The URIs a server was asked to watch, or to watch no longer.
fn received(setup: &Setup, server: &str, method: &str) -> Vec<String> {
    let uri = |line: String| parse(&line)["params"]["uri"].as_str().unwrap().to_owned();
    setup.received(server, &format!("resources/{method}")).into_iter().map(uri).collect()
}

#[test]
fn a_server_is_asked_once_and_everybody_is_told_until_they_leave() {
    let setup = setup().server("s", CONTROLLED, json!({}));
    let gateway = setup.serve();
    let [mut one, mut two, mut other] = [(); 3].map(|()| Client::http(&gateway));
    assert_eq!(one.resources(), ["x://1", "x://2"]);
    subscribe(&mut one, "x://1");
    subscribe(&mut one, "x://1");
    subscribe(&mut two, "x://1");
    subscribe(&mut other, "x://2");
    assert_eq!(received(&setup, "s", "subscribe"), ["x://1", "x://2"]);

    let mut control = Control::take(setup.control("s"));
    control.order("update x://1");
    let news = r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"vendor":1.0,"uri":"x://1"}}"#;
    assert_eq!([one.hears(UPDATED), two.hears(UPDATED)], [news, news]);

    unsubscribe(&mut one, "x://1");
    control.order("update x://1");
    assert_eq!(two.hears(UPDATED), news);
    assert!(received(&setup, "s", "unsubscribe").is_empty(), "somebody still watches it");
    two.leave();
    until("the last one has left", || received(&setup, "s", "unsubscribe") == ["x://1"]);
    until("the server knows", || control.status()["watched"] == json!(["x://2"]));

    // who watched it before hears nothing of it; the next news is of what is watched
    subscribe(&mut one, "x://2");
    control.order("update x://1");
    control.order("update x://2");
    for client in [&mut one, &mut other] {
        assert_eq!(parse(&client.hears(UPDATED))["params"]["uri"], "x://2");
    }
}

#[test]
fn a_new_connection_watches_what_was_watched() {
    on_both_faces(
        || setup().server("s", CONTROLLED, json!({})),
        |setup, client| {
            assert_eq!(client.resources(), ["x://1", "x://2"]);
            subscribe(client, "x://1");
            subscribe(client, "x://2");
            unsubscribe(client, "x://2");
            let before = setup.control("s");
            // it answers, then it is gone
            Control::take(before).order("kill");
            until("another life", || setup.control("s") != before);
            until("it is asked again", || {
                received(setup, "s", "subscribe") == ["x://1", "x://2", "x://1"]
            });
            let mut control = Control::take(setup.control("s"));
            until("the server watches", || control.status()["watched"] == json!(["x://1"]));
            // what happened meanwhile nobody knows
            assert_eq!(parse(&client.hears(UPDATED))["params"], json!({ "uri": "x://1" }));
            control.order("update x://1");
            let news = parse(&client.hears(UPDATED));
            assert_eq!(news["params"], json!({ "vendor": 1.0, "uri": "x://1" }));
        },
    );
}

#[test]
fn a_uri_that_two_servers_have_is_told_as_each_client_asked_for_it() {
    on_both_faces(
        || setup().server("a", CONTROLLED, json!({})).server("b", CONTROLLED, json!({})),
        |setup, client| {
            let uri = "mcpvisor+b:x://1";
            assert_eq!(client.resources().len(), 4);
            assert_eq!(ask(client, "resources/subscribe", "x://1")["error"]["code"], -32002);
            subscribe(client, uri);
            assert_eq!(received(setup, "b", "subscribe"), ["x://1"]);
            assert!(received(setup, "a", "subscribe").is_empty());
            Control::take(setup.control("a")).order("update x://1");
            Control::take(setup.control("b")).order("update x://1/part");
            let news = parse(&client.hears(UPDATED));
            assert_eq!(news["params"], json!({ "vendor": 1.0, "uri": "mcpvisor+b:x://1/part" }));
            unsubscribe(client, uri);
            until("it is left", || received(setup, "b", "unsubscribe") == ["x://1"]);
        },
    );
}

#[test]
fn what_cannot_be_watched_is_refused_by_whoever_knows() {
    on_both_faces(
        || {
            setup().server("s", "--resource x://1", json!({})).server(
                "deaf",
                "--resource y://1 --no-subscribe",
                json!({}),
            )
        },
        |setup, client| {
            assert_eq!(client.resources(), ["y://1", "x://1"]);
            let refused = ask(client, "resources/subscribe", "mcpvisor+s:x://9");
            assert_eq!(refused["error"]["message"], "Resource not found", "the server's own word");
            for uri in ["y://1", "mcpvisor+deaf:x://1"] {
                let deaf = ask(client, "resources/subscribe", uri);
                assert_eq!(deaf["error"]["code"], -32601, "{deaf}");
            }
            unsubscribe(client, "x://1"); // never watched: no harm
            let nameless = client.answer("resources/subscribe", "{}");
            assert_eq!(nameless["error"]["code"], -32602);
            assert!(setup.read("deaf", "log").is_empty(), "no VIOLATION");
            assert_eq!(received(setup, "s", "subscribe"), ["x://9"]);
            subscribe(client, "x://1");
        },
    );
}

#[test]
fn without_a_server_that_tells_of_changes_subscribing_is_no_method() {
    let setup = setup().server("s", "--resource x://1 --no-subscribe", json!({}));
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.resources(), ["x://1"]);
    for method in ["resources/subscribe", "resources/unsubscribe"] {
        let answer = ask(&mut client, method, "x://1");
        assert_eq!(answer["error"]["code"], -32601, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(method), "{message}");
    }
}

#[test]
fn a_server_over_http_is_watched_and_watched_again_in_its_next_session() {
    let mut server = Simulated::start("--transport http --resource x://1 --prompt p");
    let setup = {
        let mut setup = setup().server("remote", "", json!({}));
        setup.replace("remote", json!({ "url": server.url }));
        setup
    };
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.resources(), ["x://1"]);
    assert_eq!(client.prompts(), ["remote.p"]);
    subscribe(&mut client, "x://1");
    let told = |client: &mut Client, control: &mut Control| {
        control.order("update x://1");
        assert_eq!(parse(&client.hears(UPDATED))["params"]["uri"], "x://1");
    };
    told(&mut client, &mut server.control);
    unsubscribe(&mut client, "x://1");
    until("nobody watches", || server.control.status()["watched"] == json!([]));
    subscribe(&mut client, "x://1");
    told(&mut client, &mut server.control);
    server.control.order("session-loss");
    until("watched again", || server.control.status()["watched"] == json!(["x://1"]));
    told(&mut client, &mut server.control);
}

#[test]
fn a_next_life_that_cannot_be_watched_is_not_asked_to_and_one_after_that_is() {
    let setup = setup().flexible("s", "--resource x://1", json!({}));
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.resources(), ["x://1"]);
    subscribe(&mut client, "x://1");
    let next_life = |flags: &str| {
        let before = setup.process("s");
        setup.change_flags("s", flags);
        setup.forget("s");
        before.signal(rustix::process::Signal::KILL);
        until("it is listed again", || !setup.received("s", "resources/templates/list").is_empty());
    };
    next_life("--resource x://1 --no-subscribe");
    let mut client_of_now = Client::http(&gateway);
    let answer = client_of_now.answer("tools/call", r#"{"name":"s.echo"}"#);
    assert!(answer["result"].is_object(), "{answer}");
    assert!(received(&setup, "s", "subscribe").is_empty(), "it declared no such thing");
    assert_eq!(setup.read("s", "log").len(), 1, "the call, and no VIOLATION");
    next_life("--resource x://1");
    until("it is asked again", || received(&setup, "s", "subscribe") == ["x://1"]);
    client.hears(UPDATED);
}

#[test]
fn clients_that_ask_at_the_same_time_are_answered_together() {
    let setup = setup().server("s", "--resource x://1 --latency 300", json!({}));
    let gateway = setup.serve();
    let mut clients = [(); 4].map(|()| Client::http(&gateway));
    assert_eq!(clients[0].resources(), ["x://1"]);
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| subscribe(client, "x://1"));
        }
    });
    assert_eq!(received(&setup, "s", "subscribe"), ["x://1"]);
    let refused = ask(&mut clients[0], "resources/subscribe", "x://2");
    assert_eq!(refused["error"]["code"], -32002);
}

#[test]
fn a_subscription_under_way_when_its_server_dies_is_asked_of_the_next_one() {
    let flags = "--resource x://1 --latency 300 --control 127.0.0.1:0";
    let setup = setup().server("s", flags, json!({ "call_wait": "30s", "route_timeout": "30s" }));
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.resources(), ["x://1"]);
    std::thread::scope(|scope| {
        let mut control = Control::take(setup.control("s"));
        control.order("set latency 60000");
        scope.spawn(|| subscribe(&mut client, "x://1"));
        until("it is asked", || received(&setup, "s", "subscribe") == ["x://1"]);
        control.order("kill");
    });
    assert_eq!(received(&setup, "s", "subscribe"), ["x://1", "x://1"]);
}

#[test]
fn a_client_that_unsubscribes_before_it_is_answered_watches_nothing() {
    let flags = "--resource x://1 --latency 300 --control 127.0.0.1:0";
    let setup = setup().server("s", flags, json!({}));
    let (_gateway, mut lines) = setup.stdio();
    let mut control = Control::take(setup.control("s"));
    let uri = r#"{"uri":"x://1"}"#;
    lines.send(&request("2", "resources/subscribe", uri));
    until("it is asked", || received(&setup, "s", "subscribe") == ["x://1"]);
    assert_eq!(lines.answer(&request("3", "resources/unsubscribe", uri))["result"], json!({}));
    until("it is left", || received(&setup, "s", "unsubscribe") == ["x://1"]);
    until("nobody watches", || control.status()["watched"] == json!([]));
    // the next one under the same name is another one
    assert!(lines.answer(&request("4", "resources/subscribe", uri))["result"].is_object());
    control.order("update x://1");
    until("told", || lines.receive()["method"] == UPDATED);
}
