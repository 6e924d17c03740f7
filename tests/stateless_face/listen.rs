//! `subscriptions/listen`: acknowledged first, then what is wanted, then nothing or an end in order.

use crate::http::{Stream, post, posting, send};
use crate::lines::Lines;
use crate::server::Scripted;
use crate::world::{World, headers, request, until};
use serde_json::{Value, json};

const TAG: &str = "io.modelcontextprotocol/subscriptionId";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const UPDATED: &str = "notifications/resources/updated";

fn listen(id: &str, filter: &Value) -> Value {
    request(&json!(id), "subscriptions/listen", &json!({ "notifications": filter }))
}

async fn open(world: &World, id: &str, filter: &Value) -> Stream {
    let body = listen(id, filter);
    Stream::post(world.address, &headers(&body), &body.to_string()).await
}

fn update(server: &Scripted, uri: &str) {
    server.say(&json!({ "jsonrpc": "2.0", "method": UPDATED, "params": { "uri": uri } }));
}

/// The next message, which must be tagged.
async fn next(stream: &mut Stream, id: &str) -> Value {
    let message = stream.next().await.expect("it ended");
    let outcome = message.get("result").unwrap_or_else(|| &message["params"]);
    assert_eq!(outcome["_meta"][TAG], id, "{message}");
    message
}

#[tokio::test]
async fn what_is_honoured_is_acknowledged_first_and_nothing_else_is_told() {
    let world = World::start().await;
    let wanted = json!({
        "toolsListChanged": true, "promptsListChanged": false,
        "resourceSubscriptions": ["x://1", "mcpvisor+s:x://9"],
    });
    let mut all = open(&world, "a", &wanted).await;
    let mut prompts = open(&world, "b", &json!({ "promptsListChanged": true })).await;
    let first = next(&mut all, "a").await;
    assert_eq!(first["method"], ACKNOWLEDGED);
    assert_eq!(
        first["params"]["notifications"],
        json!({
            "toolsListChanged": true, "resourceSubscriptions": ["mcpvisor+s:x://9", "x://1"],
        })
    );
    assert_eq!(next(&mut prompts, "b").await["method"], ACKNOWLEDGED);
    assert_eq!(world.server.heard("resources/subscribe").len(), 2, "the server watches");

    update(&world.server, "x://9");
    let news = next(&mut all, "a").await;
    assert_eq!(
        (&news["method"], &news["params"]["uri"]),
        (&json!(UPDATED), &json!("mcpvisor+s:x://9"))
    );
    world.server.grow("new");
    assert_eq!(next(&mut all, "a").await["method"], "notifications/tools/list_changed");
    assert_eq!(world.clients().listens(), 2);
    assert_eq!(
        (world.clients().sessions(), world.clients().in_flight()),
        (0, 0),
        "no slot is kept"
    );

    drop(all);
    until("nobody watches", async || world.server.heard("resources/unsubscribe").len() == 2).await;
    drop(prompts);
    until("nobody listens", async || world.clients().listens() == 0).await;
}

#[tokio::test]
async fn resources_of_servers_that_cannot_tell_of_them_are_not_acknowledged() {
    let world = World::of(Scripted::deaf(), |_| {}).await;
    let wanted = json!({ "resourcesListChanged": true, "resourceSubscriptions": ["x://1"] });
    let mut stream = open(&world, "a", &wanted).await;
    let first = next(&mut stream, "a").await;
    assert_eq!(first["params"]["notifications"], json!({ "resourcesListChanged": true }));
}

#[tokio::test]
async fn a_listen_ends_in_order_when_the_gateway_stops() {
    let world = World::start().await;
    let mut stream = open(&world, "a", &json!({ "toolsListChanged": true })).await;
    next(&mut stream, "a").await;
    let gateway = world.stop_face().await;
    let end = next(&mut stream, "a").await;
    assert_eq!((&end["id"], &end["result"]["resultType"]), (&json!("a"), &json!("complete")));
    assert_eq!(stream.next().await, None);
    assert_eq!(gateway.clients().listens(), 0);
}

#[tokio::test]
async fn listens_are_bounded_and_bad_ones_refused() {
    let world = World::of(Scripted::default(), |spec| spec.max_sessions = 1).await;
    let ask = async |filter: &Value| {
        let body = listen("x", filter);
        let response = post(world.address, &headers(&body), &body.to_string()).await;
        (response.status, response.code())
    };
    for filter in
        [json!([]), json!({ "toolsListChanged": "yes" }), json!({ "resourceSubscriptions": 5 })]
    {
        assert_eq!(ask(&filter).await, (200, -32_602), "{filter}");
    }
    let many: Vec<_> = (0..1_001).map(|number| format!("x://{number}")).collect();
    assert_eq!(ask(&json!({ "resourceSubscriptions": many })).await, (200, -32_602));
    let mut first = open(&world, "a", &json!({})).await;
    assert_eq!(next(&mut first, "a").await["params"]["notifications"], json!({}));
    assert_eq!(ask(&json!({})).await, (200, -32_003));
    drop(first);
    until("its place is free", async || world.clients().listens() == 0).await;
    next(&mut open(&world, "b", &json!({})).await, "b").await;
    // a client that takes no events cannot listen
    let body = listen("x", &json!({}));
    let head = posting(&headers(&body)).replace(", text/event-stream", "");
    assert_eq!(send(world.address, &head, &body.to_string()).await.status, 406);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_told_the_newest_once() {
    let world = World::start().await;
    let body = listen("a", &json!({ "resourceSubscriptions": ["x://1"] }));
    let mut stream = Stream::post(world.address, &headers(&body), &body.to_string()).await;
    next(&mut stream, "a").await;
    let long = "x".repeat(1 << 20);
    for number in 0..64 {
        world.server.say(&json!({ "jsonrpc": "2.0", "method": UPDATED,
            "params": { "uri": "x://1", "number": number, "long": long } }));
    }
    world.server.say(&json!({ "jsonrpc": "2.0", "method": UPDATED,
        "params": { "uri": "x://1", "number": "last" } }));
    // others are served meanwhile
    world.result("tools/call", &json!({ "name": "s.echo" })).await;
    let mut heard = 0;
    while next(&mut stream, "a").await["params"]["number"] != "last" {
        heard += 1;
    }
    assert!(heard < 64, "{heard} of 64 waited for it");
}

#[tokio::test]
async fn on_stdio_a_listen_ends_by_being_cancelled_by_eof_and_by_the_end_of_the_gateway() {
    let world = World::start().await;
    for end in ["cancel", "eof", "stop"] {
        let mut lines = Lines::open(world.clients());
        let filter = json!({ "toolsListChanged": true, "resourceSubscriptions": ["x://1"] });
        let first = lines.ask(&listen("a", &filter)).await;
        assert_eq!(first["method"], ACKNOWLEDGED, "{first}");
        update(&world.server, "x://1/below");
        let news = lines.hear().await;
        assert_eq!(
            (&news["params"]["uri"], &news["params"]["_meta"][TAG]),
            (&json!("x://1/below"), &json!("a"))
        );
        match end {
            "cancel" => {
                lines
                    .say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled",
                    "params": { "requestId": "a" } }))
                    .await;
                until("nobody listens", async || world.clients().listens() == 0).await;
                update(&world.server, "x://1");
                // nothing more is sent for it
                let answer = lines.ask(&request(&json!(2), "server/discover", &json!({}))).await;
                assert_eq!(answer["id"], 2);
                lines.finish().await;
            }
            end => {
                if end == "eof" {
                    lines.finish().await;
                } else {
                    lines.stop();
                }
                let last = lines.hear().await;
                assert_eq!(
                    (&last["id"], &last["result"]["_meta"][TAG]),
                    (&json!("a"), &json!("a"))
                );
            }
        }
        lines.ended().await;
        let nobody = async || world.clients().listens() == 0 && world.clients().sessions() == 0;
        until("everybody has left", nobody).await;
        let left = async || {
            let [on, off] = ["resources/subscribe", "resources/unsubscribe"]
                .map(|method| world.server.heard(method).len());
            on == off
        };
        until("nobody watches", left).await;
    }
}
