//! The stdio face over pipes in memory; the runtime has no servers, so sessions answer alone.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/bare.rs"]
mod bare;

use mcpvisor::faces::serve_stdio;
use mcpvisor_actors::wire::Limits;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Serves `input` to its end; the messages written.
async fn served(input: &str, limits: Limits) -> Vec<Value> {
    let mut output = Vec::new();
    let serving = serve_stdio(
        bare::clients(1).await,
        input.as_bytes(),
        &mut output,
        limits,
        PATIENCE,
        std::future::pending(),
    );
    timeout(PATIENCE, serving).await.expect("does not end with its input").unwrap();
    let text = String::from_utf8(output).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[tokio::test]
async fn everything_asked_is_answered_before_the_end_of_input_ends_serving() {
    let input = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}

{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":"two","method":"ping"}"#;
    let answers = served(input, Limits::default()).await;
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [Value::from(1), Value::from("two")]);
    assert!(answers.iter().all(|answer| answer.get("result").is_some()), "{answers:?}");
}

#[tokio::test]
async fn a_line_that_is_no_message_is_answered_and_the_next_one_is_read() {
    let limits = Limits { max_bytes: 100, ..Limits::default() };
    let long = "x".repeat(200);
    let input = format!("nonsense\n[]\n{long}\n{{}}\n");
    let answers = served(&input, limits).await;
    let codes: Vec<_> = answers.iter().map(|a| a["error"]["code"].as_i64().unwrap()).collect();
    assert_eq!(codes, [-32_700, -32_600, -32_600, -32_600]);
    assert!(answers.iter().all(|answer| answer["id"].is_null()));
}
