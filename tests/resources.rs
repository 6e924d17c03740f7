//! Resources of many servers behind one endpoint: which is read where, and what becomes of URIs that
//! several servers have.
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
use peer::Control;
use process::{Setup, direct, parse, request};
use serde_json::{Value, json};

fn setup() -> Setup {
    Setup::new(json!({ "list": { "boot_wait": "20s" } }))
}

/// Parameters that parsing and writing again would change.
fn params(uri: &str) -> String {
    format!(r#"{{"z":1e2,"_meta":{{ }}, "uri":"{uri}"}}"#)
}

fn read(client: &mut Client, uri: &str) -> Value {
    client.answer("resources/read", &params(uri))
}

/// The URIs each server was asked for, as it was asked.
fn asked(setup: &Setup, server: &str) -> Vec<String> {
    let uri = |line: String| parse(&line)["params"]["uri"].as_str().unwrap().to_owned();
    setup.received(server, "resources/read").into_iter().map(uri).collect()
}

#[test]
fn a_resource_nobody_else_has_is_listed_and_read_byte_identical() {
    let flags = r"--resource demo://a --resource odd:\u00e9 --template demo://{path}";
    let (_server, mut without) = direct(flags);
    let mut direct =
        |method: &str, params: &str| without.ask(&request("7", method, params)).pop().unwrap();
    on_both_faces(
        || setup().server("s", flags, json!({})),
        |setup, client| {
            for method in ["resources/list", "resources/templates/list"] {
                let listed = client.ask(&request("7", method, "{}"));
                assert_eq!(listed, direct(method, "{}"));
            }
            let (asked, expected) = (params("demo:\\/\\/a"), params("demo://a"));
            let answer = client.ask(&request("7", "resources/read", &asked));
            assert_eq!(answer, direct("resources/read", &expected));
            let received = setup.received("s", "resources/read").pop().unwrap();
            let id = parse(&received)["id"].to_string();
            assert_eq!(received, request(&id, "resources/read", &expected));
            let refused = client.ask(&request("7", "resources/read", &params("mcpvisor+s:no:1")));
            assert_eq!(refused, direct("resources/read", &params("no:1")), "its own error");
        },
    );
}

#[test]
fn a_uri_that_two_servers_have_is_shown_with_each_and_means_neither_alone() {
    on_both_faces(
        || {
            setup().server("My_a", "--resource x://1 --resource x://2", json!({})).server(
                "b",
                "--resource x://1",
                json!({}),
            )
        },
        |setup, client| {
            let (a, b) = ("mcpvisor++my.a:x://1", "mcpvisor+b:x://1");
            assert_eq!(client.resources(), [a, "x://2", b]);
            let plain = read(client, "x://1");
            assert_eq!(plain["error"]["code"], -32002, "{plain}");
            assert_eq!(plain["error"]["data"], json!({ "uri": "x://1", "near": [a, b] }));
            // the contents are called as the client called them; what else is in them is left alone
            for (uri, told) in [(b, b), (a, a), ("mcpvisor+My_a:x://1", "mcpvisor+My_a:x://1")] {
                let answer = read(client, uri);
                let contents = answer["result"]["contents"].as_array().unwrap();
                assert_eq!(
                    (&contents[0]["uri"], &contents[1]["uri"]),
                    (&json!(told), &json!("other:/x"))
                );
            }
            // a URI of one server may be asked for with its server, too
            assert_eq!(read(client, "x://2")["result"]["contents"][0]["uri"], "x://2");
            let named = "MCPVISOR++MY.A:x://2";
            assert_eq!(read(client, named)["result"]["contents"][0]["uri"], named);
            assert_eq!(asked(setup, "b"), ["x://1"]);
            assert_eq!(asked(setup, "My_a"), ["x://1", "x://1", "x://2", "x://2"]);
        },
    );
}

#[test]
fn a_uri_in_no_list_goes_where_a_template_fits_best_and_nowhere_when_two_fit() {
    let setup = setup()
        .server("a", "--template file:///{path} --template both://{x}", json!({}))
        .server("b", "--template file:///b/{path} --template both://{x}", json!({}))
        .server("tools-only", "", json!({}));
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(
        client.templates(),
        ["file:///{path}", "mcpvisor+a:both://{x}", "file:///b/{path}", "mcpvisor+b:both://{x}"]
    );
    for (uri, found) in [
        ("file:///x", true),
        ("file:///b/x", true),
        ("both://x", false),
        ("mcpvisor+b:both://x", true),
        ("other://x", false),
        ("mcpvisor+nobody:file:///x", false),
    ] {
        let answer = read(&mut client, uri);
        assert_eq!(answer["result"].is_object(), found, "{uri}: {answer}");
        if !found {
            assert_eq!(answer["error"]["code"], -32002, "{uri}");
            assert_eq!(answer["error"]["data"]["uri"], uri);
        }
    }
    assert_eq!(asked(&setup, "a"), ["file:///x"]);
    assert_eq!(asked(&setup, "b"), ["file:///b/x", "both://x"]);
    let toolless = read(&mut client, "mcpvisor+tools-only:x:1");
    assert_eq!(toolless["error"]["code"], -32601, "it declared no resources: {toolless}");
    assert!(setup.read("tools-only", "log").is_empty(), "no VIOLATION");
}

#[test]
fn the_only_server_with_resources_is_asked_for_what_is_in_no_list() {
    let setup = setup().server("s", "--resource a:1", json!({})).server("t", "", json!({}));
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    let answer = read(&mut client, "unheard:of");
    assert_eq!(answer["error"]["message"], "Resource not found", "the server's own word");
    assert_eq!(asked(&setup, "s"), ["unheard:of"]);
    let nameless = client.answer("resources/read", "{}");
    assert_eq!(nameless["error"]["code"], -32602);
}

#[test]
fn a_resource_that_comes_or_goes_is_told_and_only_resources_are_listed_again() {
    on_both_faces(
        || {
            let flags = "--resource x://1 --prompt p --control 127.0.0.1:0";
            setup().server("a", flags, json!({})).server("b", "--resource x://2", json!({}))
        },
        |setup, client| {
            assert_eq!(client.resources(), ["x://1", "x://2"]);
            let mut control = Control::take(setup.control("a"));
            control.order("add-resource x://2");
            client.hears_until("notifications/resources/list_changed", |client| {
                client.resources() == ["x://1", "mcpvisor+a:x://2", "mcpvisor+b:x://2"]
            });
            control.order("remove-resource x://2");
            client.hears_until("notifications/resources/list_changed", |client| {
                client.resources() == ["x://1", "x://2"]
            });
            for (method, times) in [
                ("resources/list", 3),
                ("resources/templates/list", 3),
                ("tools/list", 1),
                ("prompts/list", 1),
            ] {
                assert_eq!(setup.received("a", method).len(), times, "{method}");
            }
        },
    );
}
