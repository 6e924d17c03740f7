//! The gateway's log arrives as records, without secrets.

use crate::collector::{Collector, spelled, until};
use crate::running::faulty;
use crate::world::{Client, SOON, World, configured};
use mcpvisor::config::LogFormat;
use mcpvisor::gateway;
use mcpvisor::telemetry::{self, LogSettings};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn log_records_arrive_without_secrets_and_without_what_exporting_logs() {
    let collector = Collector::start().await;
    let mut server = faulty(&[]);
    server["env"] = json!({ "TOKEN": "hunter2-long-secret" });
    let telemetry = json!({
        "endpoint": format!("http://{}", collector.grpc), "protocol": "grpc",
        "headers": { "x-key": "collector-secret" }, "traces": false, "metrics": false,
    });
    let config = json!({ "telemetry": telemetry, "servers": { "s": server } });
    // as the program does, before anything starts
    let settings = LogSettings { level: "trace".into(), format: LogFormat::Json };
    let redaction = gateway::redaction(&configured(&config, &[]));
    telemetry::init(&settings, redaction).unwrap();
    let world = World::start(config, &SOON).await;
    let client = Client::open(&world, "s.echo").await;
    tracing::warn!(key = "hunter2-long-secret", "it is hunter2-long-secret and collector-secret");
    client.call("s.echo").await;
    let record = until("the record", || {
        let logs = collector.received.logs();
        let body = |it: &opentelemetry_proto::tonic::logs::v1::LogRecord| {
            it.body.as_ref().and_then(spelled).unwrap_or_default()
        };
        logs.into_iter().find(|it| body(it).starts_with("it is"))
    })
    .await;
    assert_eq!(record.body.as_ref().and_then(spelled).as_deref(), Some("it is *** and ***"));
    assert_eq!(record.severity_text, "WARN");
    world.stop().await;
    let logs = collector.received.logs();
    assert!(logs.len() > 1, "the gateway's own lines come, too");
    let all = format!("{logs:?}");
    assert!(!all.contains("hunter2") && !all.contains("collector-secret"), "{all}");
    for own in ["h2::", "hyper", "tonic", "tower::"] {
        assert!(!all.contains(own), "feeds on itself: {own}\n{all}");
    }
}
