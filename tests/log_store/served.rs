//! `/api/v1/logs` of a running gateway.

use crate::faces::{Client, Face};
use crate::running::{Place, Running, eventually, faulty};
use serde_json::{Value, json};

/// What the API says to this query.
pub(crate) fn get(running: &Running, query: &str) -> (u16, Value) {
    let answer =
        running.send(&format!("GET /api/v1/logs?{query} HTTP/1.1\r\nhost: {{host}}\r\n"), b"");
    (answer.status, serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}")))
}

pub(crate) fn logs(running: &Running, query: &str) -> Vec<Value> {
    let (status, page) = get(running, query);
    assert_eq!(status, 200, "{page}");
    page["logs"].as_array().unwrap().clone()
}

/// A server that says something on stderr first.
pub(crate) fn says(text: &str) -> Value {
    let script = format!("{text}; exec '{}' simulate", env!("CARGO_BIN_EXE_mcpvisor"));
    json!({ "command": "sh", "args": ["-c", script] })
}

#[test]
fn the_log_of_the_gateway_and_the_stderr_of_its_servers_are_in_one_place() {
    let servers = json!({ "talks": says("echo one two >&2; printf 'no end' >&2; sleep 0"), "quiet": faulty(&[]) });
    let running = Running::serve(&json!({ "servers": servers }));
    let mut client = Client::open(Face::Http, &running);
    client.still_works("talks.echo", "the start");
    let found = |query: &str| !logs(&running, query).is_empty();
    eventually("the line is kept", || found("source=stderr&text=one%20two"));
    eventually("both are ready", || logs(&running, "text=ready&source=gateway").len() == 2);
    let line = &logs(&running, "source=stderr&text=one")[0];
    assert_eq!((&line["server"], &line["level"]), (&json!("talks"), &json!("info")));
    assert!(line["fields"]["pid"].is_u64() && line["id"].is_u64(), "{line}");
    assert_eq!(line["request"], Value::Null);
    let ready = &logs(&running, "server=quiet&text=ready")[0];
    assert_eq!(
        (&ready["source"], &ready["logger"]),
        (&json!("gateway"), &json!("mcpvisor_actors::server::actor::connection"))
    );
    assert!(!found("server=quiet&source=stderr"), "it said nothing");
    let session = client.session.clone().unwrap();
    eventually("its session is known", || {
        let opened = logs(&running, &format!("session={session}"));
        opened.iter().any(|log| log["text"] == "session opened")
    });
    let (_, page) = get(&running, "limit=1");
    assert_eq!((page["logs"].as_array().unwrap().len(), &page["more"]), (1, &json!(true)));
    let at = page["logs"][0]["atMs"].as_u64().unwrap();
    assert!(!found(&format!("sinceMs={}", at + 3_600_000)));

    let place = running.end();
    let config = place.text("config.json");
    let running = Running::start(place, &["serve", "--config", &config]);
    let earlier = format!("untilMs={at}");
    assert!(logs(&running, &earlier).iter().any(|log| log["text"] == "one two"), "of the last run");
    let ended = logs(&running, "text=stopped");
    assert_eq!(ended.len(), 1, "its very last words: {ended:?}");
}

#[test]
fn a_query_that_makes_no_sense_is_refused_in_words_and_so_is_one_without_a_store() {
    let running = Running::serve(&json!({}));
    let (status, refused) = get(&running, "level=loud");
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("bad_query")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("`loud`"), "{refused}");
    assert!(refused["error"]["remedy"].as_str().unwrap().contains("warn"), "{refused}");
    drop(running);
    let running = Running::serve(&json!({ "log": { "store": { "enabled": false } } }));
    let (status, refused) = get(&running, "");
    assert_eq!((status, &refused["error"]["code"]), (404, &json!("no_log")));
    assert!(!running.place.path("state/logs").exists());
}

#[test]
fn the_keys_of_the_store_reach_it() {
    let old = says("echo soon gone >&2");
    let running = Running::serve(&json!({
        "servers": { "s": old },
        "log": { "store": { "max_age": "5s", "max_bytes": "1MiB" } },
    }));
    eventually("it is kept", || !logs(&running, "text=soon%20gone").is_empty());
    eventually("it is forgotten", || logs(&running, "text=soon%20gone").is_empty());
}

#[test]
fn a_flood_on_stderr_is_kept_in_part_and_the_rest_is_counted() {
    let flood = says("seq 100000 >&2; sleep 0.1; echo after >&2");
    let running =
        Running::serve(&json!({ "servers": { "s": flood, "calm": says("echo calm >&2") } }));
    eventually("it is told", || !logs(&running, "server=s&text=left%20out").is_empty());
    let told = &logs(&running, "server=s&text=left%20out")[0];
    assert_eq!((&told["source"], &told["level"]), (&json!("stderr"), &json!("warn")));
    assert!(told["fields"]["leftOut"].as_u64().unwrap() > 90_000, "{told}");
    let kept = logs(&running, "server=s&source=stderr&limit=1000").len();
    assert!((200..1_000).contains(&kept), "{kept}");
    assert!(!logs(&running, "server=calm&text=calm").is_empty(), "a neighbour's line is kept");
}

#[test]
fn a_planted_secret_of_a_server_is_in_no_file_and_no_answer() {
    let says = says("echo \"key $KEY\" >&2; printf '%05000d%s\\n' 7 $KEY >&2");
    let mut server = says;
    server["env"] = json!({ "KEY": "planted-in-env" });
    let place = Place::with(&json!({ "servers": { "s": server } }));
    let config = place.text("config.json");
    let running = Running::start(place, &["serve", "--config", &config, "--log-level", "trace"]);
    eventually("both lines are kept", || logs(&running, "source=stderr").len() == 2);
    let all = logs(&running, "limit=1000");
    let shown = json!(all).to_string();
    assert!(shown.contains("key ***") && !shown.contains("planted"), "{shown}");
    let place = running.end();
    assert!(!super::holds(&place.path("state"), "planted"));
}
