//! Arrays of messages over Streamable HTTP.

use crate::client::Client;
use crate::process::{Setup, call, call_with_progress, parse, request, until};
use serde_json::{Value, json};

const BATCHES: &str = "2025-03-26";

fn pings(count: usize) -> String {
    let pings: Vec<String> = (0..count).map(|id| request(&id.to_string(), "ping", "{}")).collect();
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
fn a_bad_batch_is_refused_as_a_whole() {
    let setup = Setup::new(json!({ "limits": { "max_requests": 4 } })).server("s", "", json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), BATCHES);
    let echo = call("1", "s.echo", "{}");
    let opening = crate::client::initialize(BATCHES);
    let many = vec![echo.clone(); 129].join(",");
    let five = vec![echo.clone(); 5].join(",");
    for (batch, status, code) in [
        ("[]".to_owned(), 400, -32_600),
        (format!("[{echo},{opening}]"), 400, -32_600),
        (format!("[{many}]"), 400, -32_600),
        (format!("[{echo},"), 400, -32_700),
        (format!("[{five}]"), 503, -32_003),
    ] {
        let refused = client.ask(&batch);
        let code_found = refused.json()["error"]["code"].clone();
        assert_eq!((refused.status(), code_found), (status, json!(code)), "{batch:.60}");
    }
    assert_eq!(ids(&client.ask(&pings(4)).json()), ["0", "1", "2", "3"], "all slots are back");
    // without a session there is no revision that could allow it
    let stranger = Client { session: String::new(), ..client };
    let refused = stranger.ask(&pings(1));
    assert_eq!((refused.status(), &refused.json()["error"]["code"]), (400, &json!(-32_600)));
    // one whose session ended hears that it must open another
    assert_eq!(client.leave(), 200);
    assert_eq!(client.ask_status(&pings(1)), 404);
    assert_eq!(setup.received("s", "tools/call"), Vec::<String>::new());
}

#[test]
fn a_batch_over_http_is_an_array_or_a_stream_that_can_be_resumed() {
    let flags = "--progress 5 --progress-pause 5";
    let setup = Setup::new(json!({})).server("s", flags, json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), BATCHES);
    let note = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
    assert_eq!(client.ask_status(&format!("[{note}]")), 202);
    let array = client.ask(&pings(3));
    assert_eq!(array.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(ids(&array.json()), ["0", "1", "2"]);

    let calls = [
        call_with_progress("1", "s.echo", "\"a\""),
        call_with_progress("2", "s.echo", "\"b\""),
        request("3", "ping", "{}"),
    ];
    let batch = format!("[{}]", calls.join(","));
    let mut response = client.post(&batch, "text/event-stream");
    response.wait_for(3);
    let mut events = response.events();
    drop(response);
    let mut rest = client.get(events.last().unwrap().id.as_deref());
    rest.finish();
    events.extend(rest.events());
    let messages: Vec<Value> = events.iter().map(|event| parse(&event.data)).collect();
    assert_eq!(messages.len(), 13, "{messages:?}");
    for token in ["a", "b"] {
        let of = |message: &&Value| message["params"]["progressToken"] == token;
        let steps = messages.iter().filter(of).map(|it| it["params"]["progress"].as_u64().unwrap());
        assert_eq!(steps.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }
    let answered = messages.iter().filter(|message| message.get("result").is_some()).cloned();
    assert_eq!(ids(&answered.collect()), ["1", "2", "3"]);
}

#[test]
fn leaving_before_a_batch_is_answered_cancels_all_of_it() {
    let setup = Setup::new(json!({})).server("s", "--delay 600000", json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), BATCHES);
    let batch = format!("[{},{}]", call("1", "s.echo", "{}"), call("2", "s.echo", "{}"));
    let response = client.post(&batch, "application/json, text/event-stream");
    until("they are at the server", || setup.received("s", "tools/call").len() == 2);
    drop(response);
    until("both are cancelled", || setup.received("s", "notifications/cancelled").len() == 2);
}
