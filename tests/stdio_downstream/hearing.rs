//! What is heard from a server, whatever else it prints.

use crate::support::*;
use mcpvisor_actors::server::Inbound;
use mcpvisor_actors::wire::WireError;
use std::time::{Duration, Instant};
use tokio::time::timeout;

#[tokio::test]
async fn requests_reach_the_server_and_answers_come_back() {
    let mut transport = start(
        r#"while read -r line; do
             id=${line#*\"id\":}; echo "{\"jsonrpc\":\"2.0\",\"id\":${id%%,*},\"result\":{}}"
           done"#,
    )
    .await;
    for id in 1..=50 {
        transport.send(request(id, 10));
    }
    for id in 1..=50 {
        assert_eq!(message(&mut transport).await, id.to_string());
    }
}

#[tokio::test]
async fn a_large_request_arrives_whole() {
    let mut transport =
        start(r#"read -r line; printf '{"id":1,"result":{"length":%s}}\n' ${#line}; read -r line"#)
            .await;
    transport.send(request(1, 3_000_000));
    let Inbound::Message { message, .. } = next(&mut transport).await else { panic!("no message") };
    assert_eq!(message.outcome().unwrap(), r#"{"length":3000044}"#);
}

#[tokio::test]
async fn banners_are_noise_and_the_message_after_them_is_heard() {
    let mut transport = start(
        r#"echo "Server ready on stdio"; echo; echo '{"jsonrpc":"2.0","method":"hello"}'; read x"#,
    )
    .await;
    let Inbound::Noise(noise) = next(&mut transport).await else { panic!("no noise") };
    assert_eq!((noise.excerpt.as_str(), noise.id), ("Server ready on stdio", None));
    assert_eq!(message(&mut transport).await, "hello");
}

#[tokio::test]
async fn pretty_printed_json_is_one_message() {
    let mut transport = start(
        r#"printf '{\n  "jsonrpc": "2.0",\r\n  "id": 4,\n'; sleep 0.05
           printf '  "result": {\n    "a": ["}"]\n  }\n}\n'; read x"#,
    )
    .await;
    assert_eq!(message(&mut transport).await, "4");
}

#[tokio::test]
async fn ten_mebibytes_of_garbage_cost_bounded_memory_and_one_noise() {
    let mut target = script(
        r#"head -c 10485760 /dev/zero; echo; echo '{"jsonrpc":"2.0","method":"after"}'; read x"#,
    );
    target.limits.max_bytes = 64 * 1024;
    let mut transport = connect(target).await.unwrap();
    let Inbound::Noise(noise) = next(&mut transport).await else { panic!("no noise") };
    assert_eq!(noise.fault, WireError::TooLarge { limit: 64 * 1024 });
    assert_eq!(noise.excerpt.len(), 1000);
    assert_eq!(message(&mut transport).await, "after");
}

#[tokio::test]
async fn an_oversize_answer_fails_the_one_request_it_is_for() {
    for script_text in [
        r#"printf '{"jsonrpc":"2.0","id":7,"result":"'; head -c 200000 /dev/zero | tr '\0' x; echo '"}'"#,
        r#"printf '{"jsonrpc":"2.0","result":"'; head -c 200000 /dev/zero | tr '\0' x; echo '","id":7}'"#,
    ] {
        let mut target = script(&format!(
            r#"{script_text}; echo '{{"jsonrpc":"2.0","method":"after"}}'; read x"#
        ));
        target.limits.max_bytes = 64 * 1024;
        let mut transport = connect(target).await.unwrap();
        let Inbound::Noise(noise) = next(&mut transport).await else { panic!("no noise") };
        assert_eq!(noise.id, Some(7), "{script_text}");
        assert_eq!(message(&mut transport).await, "after");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_stderr_does_not_hold_up_messages() {
    let mut transport = start(
        r#"yes "a line for nobody" >&2 &
           while read -r line; do echo '{"jsonrpc":"2.0","method":"here"}'; done"#,
    )
    .await;
    let all = async {
        for id in 0..100 {
            transport.send(request(id, 0));
            assert_eq!(message(&mut transport).await, "here");
        }
    };
    timeout(PATIENCE, all).await.expect("messages pass");
}

#[tokio::test]
async fn a_flood_of_messages_is_read_slowly_and_all_of_it_is_heard_in_order() {
    let mut transport = start(
        r#"yes '{"jsonrpc":"2.0","method":"flood"}' | head -n 28000
           echo '{"jsonrpc":"2.0","id":1,"result":{}}'; read x"#,
    )
    .await;
    let begun = Instant::now();
    for _ in 0..28_000 {
        assert_eq!(message(&mut transport).await, "flood");
    }
    assert_eq!(message(&mut transport).await, "1");
    // 16,000 at once, 8,000 a second
    assert!(begun.elapsed() > Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_the_child_never_read_is_known_to_be_unsent() {
    let mut transport = start("exec sleep 1000").await;
    for id in 1..=10 {
        transport.send(request(id, 40_000));
    }
    let silent = timeout(Duration::from_millis(100), next(&mut transport)).await;
    assert!(silent.is_err(), "nothing is to be heard");
    assert!(!transport.is_unsent(1), "a pipe takes some");
    assert!(transport.is_unsent(10), "a pipe does not take all");
    assert!(!transport.is_unsent(11), "never queued");
}
