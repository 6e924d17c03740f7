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
    Running::start_with(place, &["serve", "--config", &file], env)
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
    let said = |running: &Running| {
        running.stderr.so_far().matches("telemetry cannot be delivered").count()
    };
    eventually("it is said", || said(&running) >= 2);
    let before = running.stderr.so_far().matches("\"signal\":\"metrics\"").count();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(
        running.stderr.so_far().matches("\"signal\":\"metrics\"").count(),
        before,
        "{}",
        running.stderr.so_far()
    );
    assert!(running.stop().success());
}
