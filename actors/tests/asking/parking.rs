//! Stateless clients of a server of the initialize era: asked by a result, answering with the next call.

use crate::client::{Stateless, gateway, modern};
use mcpvisor_actors::server::Sharing;
use serde_json::{Value, json};
use std::time::Duration;

fn answer_of(text: &str) -> Value {
    json!({ "action": "accept", "content": { "name": text } })
}

/// The key of the only question of a result, and the question.
fn question(answer: &Value) -> (String, Value) {
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    let questions = answer["result"]["inputRequests"].as_object().unwrap();
    let (key, question) = questions.iter().next().unwrap();
    (key.clone(), question.clone())
}

#[tokio::test]
async fn a_question_is_a_result_and_the_next_call_its_answer() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let mut first = client.calls(&modern("1", json!({ "elicitation": {} })));
    let call = connection.hears_of("tools/call").await;
    assert_eq!(call["params"]["name"], "work");
    let asked =
        json!({ "message": "who?", "requestedSchema": { "type": "object" }, "vendor": 1.0 });
    connection.asks("q-1", "elicitation/create", asked.clone());
    let answer = first.answer().await;
    let (key, asks) = question(&answer);
    assert_eq!(asks, json!({ "method": "elicitation/create", "params": asked }));

    let mut again = modern("2", json!({ "elicitation": {} }));
    again["params"]["inputResponses"] = json!({ key: answer_of("me") });
    again["params"]["requestState"] = answer["result"]["requestState"].clone();
    let mut second = client.calls(&again);
    assert_eq!(connection.told(&json!("q-1")).await["result"], answer_of("me"));
    connection.answers(&call, json!({ "content": [], "vendor": 2 }));
    let done = second.answer().await;
    assert_eq!((&done["id"], &done["result"]["resultType"]), (&json!("2"), &json!("complete")));
    assert_eq!(done["result"]["vendor"], 2);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_state_works_once_for_its_own_request_and_unchanged() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let mut first = client.calls(&modern("1", json!({ "elicitation": {} })));
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", json!({ "message": "?" }));
    let answer = first.answer().await;
    let (key, _) = question(&answer);
    let state = answer["result"]["requestState"].as_str().unwrap().to_owned();
    let again = |id: &str, state: &str, arguments: Value| {
        let mut again = modern(id, json!({ "elicitation": {} }));
        again["params"]["arguments"] = arguments;
        again["params"]["inputResponses"] = json!({ key.clone(): answer_of("me") });
        again["params"]["requestState"] = state.into();
        again
    };
    let own = json!({ "of": "x" });
    let mut forged = state.clone().into_bytes();
    forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for (id, state, arguments, why) in [
        ("forged", &*forged, own.clone(), "not made by this gateway"),
        ("other", &*state, json!({ "of": "y" }), "another request"),
    ] {
        let refused = client.calls(&again(id, state, arguments)).answer().await;
        assert_eq!(refused["error"]["code"], -32602, "{id}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{refused}");
    }
    let mut good = client.calls(&again("good", &state, own.clone()));
    connection.told(&json!("q")).await;
    let replayed = client.calls(&again("replayed", &state, own)).answer().await;
    assert!(replayed["error"]["message"].as_str().unwrap().contains("used already"), "{replayed}");
    connection.answers(&call, json!({ "content": [] }));
    assert_eq!(good.answer().await["result"]["content"], json!([]));
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_a_client_leaves_out_is_asked_again_and_what_the_server_asks_meanwhile_comes_next() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let able = json!({ "elicitation": {}, "roots": {} });
    let mut first = client.calls(&modern("1", able.clone()));
    let call = connection.hears_of("tools/call").await;
    connection.asks("a", "elicitation/create", json!({ "message": "?" }));
    let answer = first.answer().await;
    connection.asks("b", "roots/list", json!({}));
    let mut again = modern("2", able.clone());
    again["params"]["requestState"] = answer["result"]["requestState"].clone();
    let answer = client.calls(&again).answer().await;
    let asked = answer["result"]["inputRequests"].as_object().unwrap();
    assert!(asked.contains_key("\"a\""), "{answer}");
    let mut again = modern("3", able);
    again["params"]["requestState"] = answer["result"]["requestState"].clone();
    again["params"]["inputResponses"] =
        json!({ "\"a\"": answer_of("a"), "\"b\"": { "roots": [] }, "other": {} });
    let mut last = client.calls(&again);
    assert_eq!(connection.told(&json!("a")).await["result"], answer_of("a"));
    assert_eq!(connection.told(&json!("b")).await["result"], json!({ "roots": [] }));
    connection.answers(&call, json!({ "content": [] }));
    assert_eq!(last.answer().await["id"], "3");
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_server_that_answers_without_waiting_is_heard_by_the_next_call() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let mut first = client.calls(&modern("1", json!({ "elicitation": {} })));
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", json!({ "message": "?" }));
    let answer = first.answer().await;
    connection.answers(&call, json!({ "content": [], "late": false }));
    let (key, _) = question(&answer);
    let mut again = modern("2", json!({ "elicitation": {} }));
    again["params"]["inputResponses"] = json!({ key: answer_of("me") });
    again["params"]["requestState"] = answer["result"]["requestState"].clone();
    assert_eq!(client.calls(&again).answer().await["result"]["late"], false);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_stateless_client_is_told_which_capability_its_call_needs() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let mut first = client.calls(&modern("1", json!({})));
    let call = connection.hears_of("tools/call").await;
    connection.asks("q", "elicitation/create", json!({ "message": "?" }));
    assert_eq!(connection.told(&json!("q")).await["error"]["code"], -32601);
    let refused = first.answer().await;
    assert_eq!(refused["error"]["code"], -32021);
    assert_eq!(refused["error"]["data"]["requiredCapabilities"], json!({ "elicitation": {} }));
    let cancelled = connection.hears_of("notifications/cancelled").await;
    assert_eq!(cancelled["params"]["requestId"], call["id"]);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn with_connections_of_their_own_stateless_calls_come_back_to_the_one_that_asked() {
    let (gateway, mut server) = gateway(Sharing::Session).await;
    let _shared = server.ready().await;
    let client = Stateless::of(&gateway);
    let mut parked = Vec::new();
    for id in ["1", "2"] {
        let mut call = modern(id, json!({ "elicitation": {} }));
        call["params"]["arguments"] = json!({ "of": id });
        let mut first = client.calls(&call);
        let mut connection = server.ready().await;
        let sent = connection.hears_of("tools/call").await;
        connection.asks("q", "elicitation/create", json!({ "message": "?" }));
        let answer = first.answer().await;
        let mut again = modern(&format!("{id} again"), json!({ "elicitation": {} }));
        again["params"]["arguments"] = json!({ "of": id });
        again["params"]["inputResponses"] = json!({ question(&answer).0: answer_of(id) });
        again["params"]["requestState"] = answer["result"]["requestState"].clone();
        parked.push((connection, sent, again, id));
    }
    for (connection, sent, again, id) in parked.iter_mut().rev() {
        let mut last = client.calls(again);
        assert_eq!(connection.told(&json!("q")).await["result"], answer_of(id));
        connection.answers(sent, json!({ "content": [] }));
        assert_eq!(last.answer().await["id"], format!("{id} again"));
    }
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_client_that_does_not_come_back_stands_in_nobodys_way() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    for number in 1..=3 {
        let mut call = client.calls(&modern(&number.to_string(), json!({ "elicitation": {} })));
        connection.hears_of("tools/call").await;
        connection.asks(&format!("q-{number}"), "elicitation/create", json!({ "message": "?" }));
        let (key, _) = question(&call.answer().await);
        assert_eq!(key, format!("\"q-{number}\""));
    }
    gateway.stop(Duration::from_secs(5)).await;
}

/// A call that waits for input, and the result that asks for it.
async fn parked(
    client: &Stateless,
    connection: &mut crate::server::Connection,
    id: &str,
) -> (Value, Value) {
    let mut first = client.calls(&modern(id, json!({ "elicitation": {} })));
    let call = connection.hears_of("tools/call").await;
    connection.asks(&format!("q-{id}"), "elicitation/create", json!({ "message": "?" }));
    (call, first.answer().await)
}

#[tokio::test]
async fn calls_that_wait_at_one_server_leave_room_for_those_at_others() {
    let (gateway, mut server) = gateway(Sharing::Shared).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    for number in 0..64 {
        let (_, answer) = parked(&client, &mut connection, &number.to_string()).await;
        question(&answer);
    }
    let (call, refused) = parked(&client, &mut connection, "64").await;
    assert_eq!(refused["error"]["code"], -32003, "{refused}");
    let cancelled = connection.hears_of("notifications/cancelled").await;
    assert_eq!(cancelled["params"]["requestId"], call["id"]);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn one_call_has_a_bounded_number_of_questions_and_the_server_hears_so() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    parked(&client, &mut connection, "0").await;
    for number in 1..=64 {
        connection.asks(&format!("q-{number}"), "elicitation/create", json!({ "message": "?" }));
    }
    assert_eq!(connection.told(&json!("q-64")).await["error"]["code"], -32003);
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn answers_nobody_takes_up_are_kept_as_long_as_they_are_small() {
    let (gateway, mut server) = gateway(Sharing::Auto).await;
    let mut connection = server.ready().await;
    let client = Stateless::of(&gateway);
    let mut waiting = Vec::new();
    for number in 0..3 {
        let (call, answer) = parked(&client, &mut connection, &number.to_string()).await;
        connection.answers(&call, json!({ "content": [], "vendor": "x".repeat(6 << 20) }));
        waiting.push(answer);
    }
    for (number, answer) in waiting.into_iter().enumerate() {
        let mut again = modern("again", json!({ "elicitation": {} }));
        again["params"]["requestState"] = answer["result"]["requestState"].clone();
        again["params"]["inputResponses"] = json!({ question(&answer).0: answer_of("me") });
        let told = client.calls(&again).answer().await;
        let error = told["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(error.contains("used already"), number == 2, "{number}: {error}");
    }
    gateway.stop(Duration::from_secs(5)).await;
}
