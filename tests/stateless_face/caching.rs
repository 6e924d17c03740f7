//! Lists page by page, and how long clients may keep what they are told.

use crate::lines::Lines;
use crate::server::Scripted;
use crate::world::{World, request};
use mcpvisor::config::{self, Env, Format};
use mcpvisor::gateway;
use mcpvisor_actors::bridge::modern_client::{CacheHints, CacheScope};
use mcpvisor_actors::tree::GatewaySpec;
use serde_json::{Value, json};
use std::time::Duration;

const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("prompts/list", "prompts"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
];

/// A gateway with these hints, for what it tells itself and for what its server tells.
async fn keeping(own: CacheHints, of_server: CacheHints) -> World {
    World::of(Scripted::default(), |spec: &mut GatewaySpec| {
        spec.listing.cache = own;
        spec.servers[0].cache = of_server;
    })
    .await
}

fn hints(result: &Value) -> (u64, String) {
    let scope = result["cacheScope"].as_str().unwrap_or_else(|| panic!("{result}")).to_owned();
    (result["ttlMs"].as_u64().unwrap(), scope)
}

#[tokio::test]
async fn what_may_be_kept_says_for_how_long_and_by_whom() {
    let public = CacheHints { ttl_ms: 60_000, scope: CacheScope::Public };
    let private = CacheHints { ttl_ms: 5, scope: CacheScope::Private };
    let read = json!({ "uri": "x://1" });
    for (own, of_server) in
        [(CacheHints::default(), CacheHints::default()), (public, private), (private, public)]
    {
        let world = keeping(own, of_server).await;
        let said = |hints: CacheHints| {
            let public = hints.scope == CacheScope::Public;
            (hints.ttl_ms, if public { "public" } else { "private" }.to_owned())
        };
        for (method, member) in LISTS {
            let list = world.result(method, &json!({})).await;
            assert!(list[member].is_array(), "{method} {list}");
            assert_eq!(list["resultType"], "complete");
            assert_eq!(hints(&list), said(own), "{method}");
        }
        assert_eq!(hints(&world.result("server/discover", &json!({})).await), said(own));
        assert_eq!(hints(&world.result("resources/read", &read).await), said(of_server));
    }
}

#[tokio::test]
async fn the_configuration_says_what_may_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let text = json!({
        "state_dir": folder.path(),
        "list": { "boot_wait": "30s" },
        "cache": { "ttl": "1500ms", "scope": "public" },
        "servers": { "s": {
            "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": ["simulate", "--resource", "x://1"],
            "cache": { "ttl": "2m" },
        } },
    });
    let config = config::parse(&text.to_string(), Format::Json, &Env::default()).unwrap();
    let gateway = gateway::start(&config, Vec::new()).await.unwrap();
    let mut lines = Lines::open(gateway.clients());
    let mut ask = async |method: &str, params: Value| {
        lines.ask(&request(&json!(1), method, &params)).await["result"].clone()
    };
    let own = (1_500, "public".to_owned());
    assert_eq!(hints(&ask("tools/list", json!({})).await), own);
    assert_eq!(hints(&ask("server/discover", json!({})).await), own);
    let read = ask("resources/read", json!({ "uri": "x://1" })).await;
    assert_eq!(hints(&read), (120_000, "private".to_owned()));
    assert!(gateway.stop(Duration::from_secs(30)).await);
}

#[tokio::test]
async fn pages_neither_lose_nor_double_a_tool_and_their_order_stays() {
    let world = World::of(Scripted::with_tools(&["b", "a", "c"]), |spec| {
        spec.listing.page_size = 3;
    })
    .await;
    for _ in 0..2 {
        let (mut names, mut params) = (Vec::new(), json!({}));
        loop {
            let page = world.result("tools/list", &params).await;
            hints(&page);
            let tools = page["tools"].as_array().unwrap().iter();
            names.extend(tools.map(|tool| tool["name"].as_str().unwrap().to_owned()));
            let Some(next) = page.get("nextCursor") else { break };
            params = json!({ "cursor": next });
        }
        let all = ["echo", "region", "hold", "talk", "gone", "b", "a", "c"];
        assert_eq!(names, all.map(|name| format!("s.{name}")), "without the one that is a task");
    }
    let response = world.ask("tools/list", &json!({ "cursor": "nonsense" })).await;
    assert_eq!((response.status, response.code()), (200, -32_602));
}

#[tokio::test]
async fn a_list_nobody_has_is_empty() {
    let world = World::of(Scripted::default(), |_| {}).await;
    let templates = world.result("resources/templates/list", &json!({})).await;
    assert_eq!(templates["resourceTemplates"], json!([]));
}
