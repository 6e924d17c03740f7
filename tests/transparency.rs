//! What passes through the gateway passes as it is, on every face.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/process.rs"]
mod process;

use process::{
    Gateway, Http, Lines, Setup, Socket, call, call_with_progress, direct, parse, request, until,
};
use serde_json::{Value, json};

/// Arguments that parsing and writing again would change.
const ODD: &str = r#"{"z":1.0, "a":1e2,"big":123456789012345678901234567890,"key":"k","neg":-0.0,"text\u0031":"\u00e9\/\ud83d\ude00","nested":{"b":[ ],"a":{ }},"z2":1E+2}"#;

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

/// A client on one of the faces.
enum Client {
    Lines(Lines),
    Http(Http),
    Socket(Socket),
}

impl Client {
    /// Everything up to the answer, but not the news that the server has come up.
    fn ask(&mut self, request: &str) -> Vec<String> {
        let mut messages = match self {
            Self::Lines(client) => client.ask(request),
            Self::Http(client) => client.ask(request),
            Self::Socket(client) => client.ask(request),
        };
        messages.retain(|message| message != CHANGED);
        messages
    }

    fn answer(&mut self, request: &str) -> Value {
        parse(&self.ask(request).pop().unwrap())
    }
}

/// Runs a test behind each of the faces, each time with a server of its own.
fn on_every_face(flags: &str, config: &Value, test: impl Fn(&Setup, &mut Client)) {
    for face in ["stdio", "http", "websocket"] {
        let setup = Setup::new(config.clone()).server("s", flags, json!({}));
        let (_gateway, mut client): (Gateway, Client) = if face == "stdio" {
            let (gateway, lines) = setup.stdio();
            (gateway, Client::Lines(lines))
        } else {
            let gateway = setup.serve();
            let client = match face {
                "http" => Client::Http(gateway.client()),
                _ => Client::Socket(gateway.socket()),
            };
            (gateway, client)
        };
        test(&setup, &mut client);
    }
}

#[test]
fn a_result_is_byte_identical_to_the_one_without_a_gateway() {
    let (_server, mut without) = direct("--echo-raw");
    let expected = without.ask(&call("7", "echo", ODD)).pop().unwrap();
    assert!(expected.contains(r#""z":1.0,"a":1e2"#) && expected.contains(r"\u00e9\u4e2d\/"));
    on_every_face("--echo-raw", &json!({}), |_, client| {
        assert_eq!(client.ask(&call("7", "s.echo", ODD)), std::slice::from_ref(&expected));
    });
}

#[test]
fn an_error_of_the_server_is_byte_identical_to_the_one_without_a_gateway() {
    let (_server, mut without) = direct("--error-raw");
    let expected = without.ask(&call("7", "echo", ODD)).pop().unwrap();
    assert!(expected.contains(r#""code":-32042"#) && expected.contains(r#""vendor":1.0"#));
    on_every_face("--error-raw", &json!({}), |_, client| {
        assert_eq!(client.ask(&call("7", "s.echo", ODD)), std::slice::from_ref(&expected));
    });
}

#[test]
fn a_request_reaches_the_server_byte_identical_but_for_id_name_and_token() {
    let message = |id: &str, name: &str, token: &str| {
        format!(
            r#"{{"x-first":1.0,"id":{id}, "params":{{"unknown":[1e2],"_meta":{{"other":1.0,"progressToken":{token},"z":null}},"name":"{name}","arguments":{ODD},"task":{{"ttl":1E3}}}},"method":"tools/call","jsonrpc":"2.0"}}"#
        )
    };
    on_every_face("--echo-raw", &json!({}), |setup, client| {
        client.ask(&message("\"an id\"", "s.echo", "\"a token\""));
        let received = setup.received("s", "tools/call").pop().unwrap();
        let id = parse(&received)["id"].to_string();
        let token = parse(&received)["params"]["_meta"]["progressToken"].to_string();
        assert_eq!(received, message(&id, "echo", &token));
    });
}

#[test]
fn ids_come_back_as_they_were_spelled() {
    on_every_face("", &json!({}), |_, client| {
        for id in ["1", "\"1\"", "0", "-7", "9007199254740993", r#""\u0061\/""#, "\"\""] {
            let answer = client.ask(&call(id, "s.echo", "{}")).pop().unwrap();
            assert!(answer.contains(&format!("\"id\":{id},")), "{id}: {answer}");
        }
    });
}

#[test]
fn odd_envelopes_of_a_server_arrive_as_regular_messages() {
    for flags in ["--omit-jsonrpc", "--error-null", "--pretty", "--garbage"] {
        on_every_face(&format!("{flags} --progress 2"), &json!({}), |_, client| {
            let messages = client.ask(&call_with_progress("\"x\"", "s.echo", "\"t\""));
            assert_eq!(messages.len(), 3, "{flags}");
            for message in &messages {
                let message = parse(message);
                assert_eq!(message["jsonrpc"], "2.0", "{flags}: {message}");
                assert!(message.get("error").is_none(), "{flags}: {message}");
            }
            let answer = parse(&messages[2]);
            assert_eq!(answer["id"], "x");
            assert_eq!(answer["result"]["isError"], false, "{flags}: {answer}");
        });
    }
}

#[test]
fn log_messages_come_only_after_set_level_and_before_their_answer() {
    on_every_face("--log-messages", &json!({}), |setup, client| {
        let methods = |messages: Vec<String>| -> Vec<String> {
            let word = |text: &String| match parse(text)["method"].as_str() {
                Some(method) => method.to_owned(),
                None => "answer".to_owned(),
            };
            messages.iter().map(word).collect()
        };
        let logged = ["notifications/message", "answer"];
        assert_eq!(methods(client.ask(&call("1", "s.echo", "{}"))), ["answer"]);
        for (level, expected) in
            [("info", &logged[..]), ("error", &logged[1..]), ("debug", &logged[..])]
        {
            let level = format!(r#"{{"level":"{level}"}}"#);
            let answer = client.answer(&request("2", "logging/setLevel", &level));
            assert_eq!(answer["result"], json!({}));
            assert_eq!(methods(client.ask(&call("3", "s.echo", "{}"))), expected, "{level}");
        }
        assert!(!setup.received("s", "logging/setLevel").is_empty());
        let refused = client.answer(&request("4", "logging/setLevel", r#"{"level":"loud"}"#));
        assert_eq!(refused["error"]["code"], -32602);
    });
}

#[test]
fn a_log_message_passes_unchanged() {
    on_every_face("--log-messages", &json!({}), |_, client| {
        client.ask(&call("0", "s.echo", "{}"));
        client.ask(&request("1", "logging/setLevel", r#"{"level":"debug"}"#));
        let messages = client.ask(&call("2", "s.echo", "{}"));
        assert_eq!(
            messages[messages.len() - 2],
            r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","logger":"faulty","data":"answering a call"}}"#
        );
    });
}

#[test]
fn a_tool_that_appears_is_announced_and_can_be_called_over_http() {
    let setup = Setup::new(json!({})).server("s", "--change-tools-after-calls 1", json!({}));
    let gateway = setup.serve();
    let client = gateway.client();
    let listed = client.answer(&request("0", "tools/list", "{}"));
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 1);
    let mut stream = client.listen();
    client.ask(&call("1", "s.echo", "{}"));
    until("the new list is announced", || {
        assert_eq!(stream.message().unwrap(), CHANGED);
        let listed = client.answer(&request("2", "tools/list", "{}"));
        listed["result"]["tools"][1]["name"] == "s.extra"
    });
    let answer = client.answer(&call("3", "s.extra", r#"{"text":"new"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "new");
}

#[test]
fn a_tool_that_appears_is_announced_and_can_be_called_over_stdio() {
    let setup = Setup::new(json!({})).server("s", "--change-tools-after-calls 1", json!({}));
    let (_gateway, mut client) = setup.stdio();
    client.ask(&call("1", "s.echo", "{}"));
    let mut number = 2;
    loop {
        while client.receive_text() != CHANGED {}
        number += 1;
        let listed = client.answer(&request(&number.to_string(), "tools/list", "{}"));
        if listed["result"]["tools"].as_array().unwrap().len() == 2 {
            break;
        }
    }
    let answer = client.answer(&call("1000", "s.extra", r#"{"text":"new"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "new");
}

#[test]
fn the_gateway_answers_pings_of_clients_and_of_servers() {
    on_every_face("--server-request", &json!({}), |setup, client| {
        assert_eq!(client.answer(&request("\"p\"", "ping", "{}"))["result"], json!({}));
        client.ask(&call("1", "s.echo", "{}"));
        let answers = || -> Vec<Value> {
            let record = setup.read("s", "record");
            let answers = record.iter().map(|line| parse(line));
            answers.filter(|message| message.get("method").is_none()).collect()
        };
        until("both requests of the server are answered", || answers().len() == 2);
        let answers = answers();
        assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "id": "faulty-ping", "result": {} }));
        assert_eq!(answers[1]["id"], "faulty-roots");
        assert_eq!(answers[1]["error"]["code"], -32601);
    });
}

#[test]
fn all_pages_of_a_server_are_read_and_clients_get_pages_of_the_configured_size() {
    let config = json!({ "list": { "page_size": 3 } });
    on_every_face("--tools 10 --page-size 4", &config, |setup, client| {
        let (mut names, mut sizes, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let params = match &cursor {
                None => json!({}),
                Some(cursor) => json!({ "cursor": cursor }),
            };
            let id = sizes.len().to_string();
            let page = client.answer(&request(&id, "tools/list", &params.to_string()));
            let tools = page["result"]["tools"].as_array().unwrap();
            names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
            sizes.push(tools.len());
            match page["result"].get("nextCursor") {
                Some(next) => cursor = Some(next.clone()),
                None => break,
            }
        }
        assert_eq!(sizes, [3, 3, 3, 1]);
        let mut expected: Vec<String> = (1..10).map(|n| format!("s.tool{n}")).collect();
        expected.push("s.echo".into());
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(setup.received("s", "tools/list").len(), 3);
        let stale = client.answer(&request("99", "tools/list", r#"{"cursor":"nonsense"}"#));
        assert_eq!(stale["error"]["code"], -32602);
    });
}

#[test]
fn a_listed_tool_keeps_its_bytes_but_for_its_name() {
    let (_server, mut without) = direct("");
    let listed = without.ask(&request("1", "tools/list", "{}")).pop().unwrap();
    let tool = listed.split_once("\"tools\":[").unwrap().1.rsplit_once("]}").unwrap().0;
    let expected = tool.replace(r#""name":"echo""#, r#""name":"s.echo""#);
    on_every_face("", &json!({}), |_, client| {
        let listed = client.ask(&request("1", "tools/list", "{}")).pop().unwrap();
        assert!(listed.contains(&format!("[{expected}]")), "{listed}");
    });
}
