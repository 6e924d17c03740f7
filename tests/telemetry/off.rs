//! Without an endpoint nothing of it is there; with one, it is said once when nobody takes it.

use crate::running::{Place, Running, eventually, faulty};
use serde_json::{Value, json};

/// The names of the threads of a process.
fn threads(id: u32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{id}/task")).unwrap().flatten();
    tasks.filter_map(|it| std::fs::read_to_string(it.path().join("comm")).ok()).collect()
}

fn exporters(id: u32) -> Vec<String> {
    let exports = |name: &String| name.starts_with("OpenTelemetry") || name.starts_with("reqwest");
    threads(id).into_iter().filter(exports).collect()
}

fn start(config: &Value, env: &[(&str, &str)]) -> Running {
    let place = Place::with(config);
    let file = place.text("config.json");
    Running::start_in(place, &["serve", "--config", &file], env)
}

#[test]
fn without_an_endpoint_there_is_no_thread_and_with_one_there_is() {
    let config = json!({ "servers": { "s": faulty(&[]) } });
    let off = start(&config, &[]);
    assert_eq!(exporters(off.id()), Vec::<String>::new());
    let standard = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")];
    let on = start(&config, &standard);
    eventually("its threads", || exporters(on.id()).len() >= 3);
    let disabled = start(&config, &[standard[0], ("OTEL_SDK_DISABLED", "true")]);
    assert_eq!(exporters(disabled.id()), Vec::<String>::new());
    for one in [off, on, disabled] {
        assert!(one.stop().success());
    }
}

#[test]
fn a_collector_that_is_gone_is_said_once_for_each_signal() {
    let config = json!({ "servers": { "s": faulty(&[]) }, "telemetry": { "endpoint": "http://127.0.0.1:9" } });
    let quick = [("OTEL_METRIC_EXPORT_INTERVAL", "20"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "200")];
    let running = start(&config, &quick);
    let lost = || {
        let text = running.send("GET /metrics HTTP/1.1\r\nhost: {host}\r\n", b"").body;
        let series = "mcpvisor_telemetry_dropped_total{mcpvisor_reason=\"not_delivered\",mcpvisor_signal=\"metrics\"} ";
        let value = text.lines().find_map(|line| line.strip_prefix(series));
        value.and_then(|it| it.parse::<f64>().ok()).unwrap_or_default()
    };
    eventually("many reports are lost", || lost() >= 5.0);
    let log = running.stderr.so_far();
    let said = log.lines().filter(|line| line.contains("telemetry cannot be delivered"));
    let of_metrics = said.filter(|line| line.contains("\"metrics\"")).count();
    assert_eq!(of_metrics, 1, "{log}");
    assert!(running.stop().success());
}
