//! Whatever a client sends, on every face: one fitting answer, and the next call still works.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face, request};
use running::{PATIENCE, Running, eventually, faulty};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

fn one_server(flags: &[&str]) -> Value {
    json!({ "servers": { "s": faulty(flags) }, "list": { "boot_wait": "30s" } })
}

#[test]
fn bytes_that_are_no_message_get_one_error_without_an_id_and_harm_nothing() {
    let running = Running::serve(&one_server(&[]));
    let deep = "[".repeat(100_000);
    let deep_params = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{deep}"#);
    for face in Face::ALL {
        let mut client = Client::open(face, &running);
        for (message, code) in [
            (&b"{"[..], -32_700),
            (b"nonsense", -32_700),
            (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\xff\"}", -32_700),
            (deep.as_bytes(), -32_600),
            (deep_params.as_bytes(), -32_600),
            (b"[]", -32_600),
            (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
            (b"null", -32_600),
            (br#"{"id":1,"method":"ping"}"#, -32_600),
            (br#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, -32_600),
            (br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32_600),
            (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32_600),
            (br#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, -32_600),
            (br#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32_600),
        ] {
            let shown = String::from_utf8_lossy(&message[..message.len().min(60)]);
            if face == Face::WebSocket && std::str::from_utf8(message).is_err() {
                continue; // ends the connection: tests/ws_face.rs
            }
            client.send(message);
            let answer = client.receive();
            assert_eq!(answer["error"]["code"], code, "{face:?} {shown}: {answer}");
            assert_eq!(answer["id"], Value::Null, "{face:?} {shown}: {answer}");
            client.still_works("s.echo", &shown);
        }
    }
}

#[test]
fn a_request_that_asks_wrongly_gets_the_code_that_fits() {
    let running = Running::serve(&one_server(&[]));
    for face in Face::ALL {
        let mut client = Client::open(face, &running);
        for (method, params, code) in [
            ("nonsense", json!({}), -32_601),
            ("tools/nonsense", json!({}), -32_601),
            ("resources/read", json!({"uri": "file:///x"}), -32_601),
            ("tools/call", json!(null), -32_602),
            ("tools/call", json!([1]), -32_602),
            ("tools/call", json!({}), -32_602),
            ("tools/call", json!({"name": 7}), -32_602),
            ("tools/call", json!({"name": null}), -32_602),
            ("tools/call", json!({"name": "s.echo", "arguments": [1]}), -32_602),
            ("tools/call", json!({"name": "s.echo", "arguments": "x"}), -32_602),
            ("tools/call", json!({"name": "s.echo", "_meta": 7}), -32_602),
            ("tools/call", json!({"name": "s.echo", "_meta": {"progressToken": []}}), -32_602),
            ("tools/call", json!({"name": ""}), -32_602),
            ("tools/list", json!({"cursor": "s.gone"}), -32_602),
            ("tools/list", json!({"cursor": 7}), -32_602),
            ("tools/list", json!([]), -32_602),
            ("logging/setLevel", json!({"level": "loud"}), -32_602),
            ("logging/setLevel", json!({"level": 7}), -32_602),
            ("logging/setLevel", json!({}), -32_602),
            ("initialize", faces::initialize("2025-11-25"), -32_600),
        ] {
            let answer = client.ask(method, &params);
            assert_eq!(answer["error"]["code"], code, "{face:?} {method} {params}: {answer}");
            client.still_works("s.echo", &format!("{method} {params}"));
        }
        client.send(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#);
        let answer = client.receive();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32_602)));
    }
}

#[test]
fn an_unknown_tool_is_answered_with_the_names_that_are_near() {
    let running = Running::serve(&one_server(&[]));
    let mut client = Client::open(Face::Http, &running);
    client.still_works("s.echo", "the start");
    for wrong in ["ecko", "s.ecko", "S.Echo"] {
        let answer = client.call(wrong, &json!({}));
        assert_eq!(answer["error"]["code"], -32_602, "{answer}");
        let text = answer["error"]["message"].as_str().unwrap();
        assert!(text.contains(wrong) && text.contains("s.echo"), "{text}");
    }
    let long = "x".repeat(100_000);
    let answer = client.call(&long, &json!({})).to_string();
    assert!(answer.contains("-32602") && answer.len() < 1000, "{answer}");
    client.still_works("s.echo", "a long name");
}

#[test]
fn nothing_but_ping_is_served_before_initialize() {
    let running = Running::serve(&one_server(&[]));
    for face in [Face::Sse, Face::Stdio, Face::WebSocket] {
        let mut client = Client::connect(face, &running);
        assert_eq!(client.ask("ping", &json!({}))["result"], json!({}));
        for (method, params) in [
            ("tools/list", json!({})),
            ("tools/call", json!({"name": "s.echo", "arguments": {}})),
            ("logging/setLevel", json!({"level": "info"})),
        ] {
            let answer = client.ask(method, &params);
            assert_eq!(answer["error"]["code"], -32_000, "{face:?} {method}: {answer}");
        }
        for params in [json!({}), json!({"protocolVersion": 7}), json!([])] {
            assert_eq!(client.ask("initialize", &params)["error"]["code"], -32_602, "{params}");
        }
        client.initialize("2025-11-25");
        client.still_works("s.echo", "a refused start");
    }
}

#[test]
fn a_known_revision_is_echoed_and_an_unknown_one_answered_with_the_newest() {
    let running = Running::serve(&one_server(&[]));
    for face in Face::ALL {
        for (asked, answered) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
        ] {
            let mut client = Client::connect(face, &running);
            assert_eq!(client.initialize(asked)["protocolVersion"], answered, "{face:?} {asked}");
            client.still_works("s.echo", asked);
        }
    }
}

#[test]
fn an_id_comes_back_as_it_was_spelled() {
    let running = Running::serve(&one_server(&[]));
    let params = json!({ "name": "s.echo", "arguments": { "text": "x" } });
    for face in Face::ALL {
        let mut client = Client::open(face, &running);
        for id in [
            "0",
            "-0",
            "-7",
            "1.50",
            "1e3",
            "\"\"",
            "\"seven\"",
            r#""\u0041\/""#,
            "\"\u{e9}\"",
            "123456789012345678901234567890",
            "9007199254740993",
        ] {
            for method in ["tools/call", "ping", "tools/list", "nonsense"] {
                client.send(request(id, method, &params).as_bytes());
                let answer = client.receive_text();
                assert!(answer.contains(&format!("\"id\":{id},")), "{face:?} {method}: {answer}");
            }
        }
    }
}

#[test]
fn of_two_requests_with_one_id_the_first_is_answered_and_the_second_refused() {
    for face in Face::ALL {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let running =
            Running::serve(&one_server(&["--delay", "3000", "--log", log.to_str().unwrap()]));
        let mut client = Client::open(face, &running);
        let call = |text| {
            let params = json!({ "name": "s.echo", "arguments": { "text": text } });
            request("7", "tools/call", &params)
        };
        client.send(call("first").as_bytes());
        eventually("the first call arrives", || log.exists() && log.metadata().unwrap().len() > 0);
        client.send(call("second").as_bytes());
        let refused = client.receive();
        assert_eq!(refused["error"]["code"], -32_600, "{face:?}: {refused}");
        assert_eq!(refused["id"], 7);
        let answered = client.receive();
        assert_eq!(answered["result"]["content"][0]["text"], "first", "{face:?}: {answered}");
        let executed = std::fs::read_to_string(&log).unwrap();
        assert_eq!(executed.lines().count(), 1, "{executed}");
        client.send(call("third").as_bytes());
        assert_eq!(client.receive()["result"]["content"][0]["text"], "third", "the id is free");
    }
}

#[test]
fn notifications_that_mean_nothing_are_not_answered() {
    let running = Running::serve(&one_server(&[]));
    for face in Face::ALL {
        let mut client = Client::open(face, &running);
        for message in [
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/nonsense","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":5,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"no"}}"#,
        ] {
            client.send(message.as_bytes());
            client.still_works("s.echo", message);
        }
    }
}

#[test]
fn a_session_that_is_over_is_not_found_and_a_new_one_works() {
    let mut config = one_server(&[]);
    config["limits"] = json!({ "session_idle": "200ms" });
    let running = Running::serve(&config);
    let mut client = Client::open(Face::Http, &running);
    let head = |method: &str, session: &str| {
        format!(
            "{method} /mcp HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
             accept: application/json\r\nmcp-session-id: {session}\r\n"
        )
    };
    let ping = request("1", "ping", &json!({}));
    running.stderr.until("session idle, ended");
    let idle = client.session.clone().unwrap();
    let answer = running.send(&head("POST", &idle), ping.as_bytes());
    assert_eq!(answer.status, 404, "{answer:?}");

    client.initialize("2025-11-25");
    client.still_works("s.echo", "an expired session");
    let left = client.session.clone().unwrap();
    assert_eq!(running.send(&head("DELETE", &left), b"").status, 200);
    eventually("the session is gone", || {
        running.send(&head("POST", &left), ping.as_bytes()).status == 404
    });
}

#[test]
fn pages_and_hosts_that_are_not_ours_are_kept_out_of_a_live_gateway() {
    let running = Running::serve(&one_server(&[]));
    let initialize = request("1", "initialize", &faces::initialize("2025-11-25"));
    for (headers, status) in [
        ("host: evil.test\r\n", 403),
        ("host: {host}\r\norigin: https://evil.test\r\n", 403),
        ("host: {host}\r\norigin: null\r\n", 403),
        ("host: {host}\r\nmcp-protocol-version: 1999-01-01\r\n", 400),
        ("host: {host}\r\norigin: http://localhost:1\r\n", 200),
    ] {
        let head = format!(
            "POST /mcp HTTP/1.1\r\n{headers}content-type: application/json\r\naccept: application/json\r\n"
        );
        let answer = running.send(&head, initialize.as_bytes());
        assert_eq!(answer.status, status, "{headers}: {answer:?}");
    }
    Client::open(Face::Http, &running).still_works("s.echo", "strangers");
}

#[test]
fn a_message_above_the_cap_is_refused_and_the_session_goes_on() {
    let mut config = one_server(&[]);
    config["limits"] = json!({ "max_message_bytes": "64KiB" });
    let running = Running::serve(&config);
    let params = json!({ "name": "s.echo", "arguments": { "text": "x".repeat(100_000) } });
    let large = request("1", "tools/call", &params);
    // a WebSocket is closed with 1009: tests/ws_face.rs
    for face in [Face::Http, Face::Sse, Face::Stdio] {
        let mut client = Client::open(face, &running);
        client.send(large.as_bytes());
        let answer = client.receive();
        assert_eq!(answer["error"]["code"], -32_600, "{face:?}: {answer}");
        client.still_works("s.echo", "a large message");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_megabytes_grow_a_live_gateway_by_less_than_twenty() {
    let running = Running::serve(&one_server(&[]));
    let mut client = Client::open(Face::Http, &running);
    client.still_works("s.echo", "the start");
    let mut before = 0;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for (path, framing) in [
        ("/mcp", "content-length: 104857600"),
        ("/mcp", "transfer-encoding: chunked"),
        ("/messages?sessionId=x", "transfer-encoding: chunked"),
    ] {
        let mut socket = TcpStream::connect(running.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             {framing}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        let mut reading = socket.try_clone().unwrap();
        let mut status = [0; 12];
        std::thread::scope(|scope| {
            // refused in the middle; the gateway may close while we still send
            scope.spawn(|| (0..1600).all(|_| socket.write_all(chunk.as_bytes()).is_ok()));
            reading.read_exact(&mut status).unwrap();
        });
        assert_eq!(&status, b"HTTP/1.1 413", "{path} {framing}");
        client.still_works("s.echo", framing);
        if before == 0 {
            before = peak_memory(running.id()); // the code that refuses counts, too, and is there now
        }
    }
    let grown = peak_memory(running.id()).saturating_sub(before);
    assert!(grown < 20_000_000, "grew by {grown} bytes");
}

/// The most memory a process ever had resident, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
