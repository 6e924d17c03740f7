//! Of progress that comes all at once none is lost, mixed up or late: 20 calls at the same time, each of
//! which its server tells 600 steps of as fast as it can, for a client that reads.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "modern_downstream/server.rs"]
mod server;

use process::{Http, Legacy, Reply, Setup, call_with_progress, parse, request, until};
use serde_json::{Value, json};
use server::Stage;

const CALLS: usize = 20;
const STEPS: usize = 600;

/// How the server is reached, and what it is.
const SERVERS: [(&str, &str); 4] =
    [("stdio", ""), ("http", ""), ("stdio", "--era modern"), ("http", "--era modern")];

/// What each of the calls heard, its answer included.
type Heard = Vec<Vec<String>>;

/// Half of the tokens are strings, half numbers, all spelled oddly where possible.
fn token(number: usize) -> String {
    if number.is_multiple_of(2) { format!(r#""t\u0020{number}""#) } else { number.to_string() }
}

fn call(number: usize) -> String {
    call_with_progress(&number.to_string(), "s.echo", &token(number))
}

/// The same as 2026-07-28 wants it.
fn modern_call(number: usize) -> String {
    let own = format!(r#""progressToken":{}"#, token(number));
    let every = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}"#;
    call(number).replace(&own, &format!("{own},{every}"))
}

/// Has a client call each of the servers, and checks what it heard.
fn every_step_is_heard(flood: impl Fn(&Setup) -> Heard) {
    for (transport, flags) in SERVERS {
        let flags = format!("{flags} --progress {STEPS} --delay 100");
        let mut stage = Stage::on(transport, &flags);
        stage.setup.set("s", "max_in_flight", json!(CALLS));
        for (number, messages) in flood(&stage.setup).iter().enumerate() {
            let (answer, steps) = messages.split_last().unwrap();
            for (at, message) in steps.iter().enumerate() {
                assert_eq!(*message, step(number, at + 1), "of call {number} at {transport}");
            }
            assert_eq!(steps.len(), STEPS, "of call {number} at {transport}");
            assert_eq!(parse(answer)["id"], number, "{answer}");
            assert!(parse(answer)["result"]["content"].is_array(), "{answer}");
        }
    }
}

/// The text of the message that tells of this step.
fn step(number: usize, at: usize) -> String {
    let token = token(number);
    let params =
        format!(r#"{{"progressToken":{token},"progress":{at},"total":{STEPS},"vendor":1.0}}"#);
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{params}}}"#)
}

/// Waits for the server, which a call would do only for a while.
fn listed(mut answer: impl FnMut(&str) -> Value) {
    let list = request("\"list\"", "tools/list", "{}");
    until("the server is there", || answer(&list).to_string().contains("s.echo"));
}

/// Reads until all calls are answered; what belongs to each.
fn sorted(mut next: impl FnMut() -> String) -> Heard {
    let mut heard: Heard = vec![Vec::new(); CALLS];
    let tokens: Vec<Value> = (0..CALLS).map(|number| parse(&token(number))).collect();
    let mut open = CALLS;
    while open > 0 {
        let text = next();
        let message = parse(&text);
        if message["method"] == "notifications/tools/list_changed" {
            continue;
        }
        let number = if let Some(id) = message["id"].as_u64() {
            open -= 1;
            usize::try_from(id).unwrap()
        } else {
            let told = &message["params"]["progressToken"];
            tokens.iter().position(|token| token == told).unwrap_or_else(|| panic!("{text}"))
        };
        heard[number].push(text);
    }
    heard
}

/// Makes all calls at the same time; each has a stream of its own.
fn apart(begin: impl Fn(usize) -> Reply + Sync) -> Heard {
    std::thread::scope(|scope| {
        let begin = &begin;
        let calls: Vec<_> =
            (0..CALLS).map(|number| scope.spawn(move || begin(number).rest())).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    })
}

#[test]
fn a_client_of_streamable_http_hears_every_step_of_every_call() {
    every_step_is_heard(|setup| {
        let gateway = setup.serve();
        let client = gateway.client();
        listed(|list| client.answer(list));
        apart(|number| client.post(&call(number)))
    });
}

#[test]
fn a_client_without_a_session_hears_every_step_of_every_call() {
    every_step_is_heard(|setup| {
        let gateway = setup.serve();
        listed(|list| gateway.client().answer(list));
        let client = Http::stateless(gateway.address());
        let headers = "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\n\
                       mcp-name: s.echo\r\n";
        apart(|number| Reply::read(client.begin_with(headers, &modern_call(number))))
    });
}

#[test]
fn a_client_on_stdio_hears_every_step_of_every_call_in_either_era() {
    for call in [call, modern_call] {
        every_step_is_heard(|setup| {
            let (_gateway, mut client) = setup.stdio();
            listed(|list| client.answer(list));
            (0..CALLS).for_each(|number| client.send(&call(number)));
            sorted(|| client.receive_text())
        });
    }
}

#[test]
fn a_client_on_a_websocket_hears_every_step_of_every_call_in_either_era() {
    for call in [call, modern_call] {
        every_step_is_heard(|setup| {
            let gateway = setup.serve();
            let mut client = gateway.socket();
            listed(|list| parse(&client.ask(list).pop().unwrap()));
            (0..CALLS).for_each(|number| client.send(&call(number)));
            sorted(|| client.receive_text())
        });
    }
}

#[test]
fn a_client_of_http_and_sse_hears_every_step_of_every_call() {
    every_step_is_heard(|setup| {
        let gateway = setup.serve();
        listed(|list| gateway.client().answer(list));
        let mut client = Legacy::open(gateway.address());
        (0..CALLS).for_each(|number| client.post(&call(number)));
        sorted(|| client.message().unwrap())
    });
}
