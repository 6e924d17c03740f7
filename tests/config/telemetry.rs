//! The section `telemetry` and the standard variables: what wins, what is refused, what is noted.

use super::{faulty, sound};
use mcpvisor::config::{self, Config, Env, Format};
use mcpvisor::telemetry::{Protocol, Settings, Target};

fn with(text: &str, env: &[(&str, &str)]) -> Config {
    let env: Env = env.iter().copied().collect();
    config::parse(text, Format::Yaml, &env).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

fn told(text: &str, env: &[(&str, &str)]) -> Settings {
    with(text, env).telemetry
}

/// Where traces, metrics and logs go; nothing where they do not.
fn endpoints(settings: &Settings) -> [String; 3] {
    let of = |target: &Option<Target>| target.as_ref().map(|target| target.endpoint.clone());
    [&settings.traces, &settings.metrics, &settings.logs].map(|it| of(it).unwrap_or_default())
}

const AT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");

#[test]
fn nothing_is_exported_without_an_endpoint() {
    assert!(!sound("{}").telemetry.is_on());
    assert!(!told("telemetry: {traces: true}", &[("OTEL_TRACES_EXPORTER", "otlp")]).is_on());
    let notes = with("telemetry: {traces: true}", &[]).notes;
    assert!(notes.iter().any(|it| it.message.contains("no effect without")), "{notes:?}");
}

#[test]
fn each_signal_goes_to_its_own_address_else_below_the_common_one() {
    let below = ["traces", "metrics", "logs"].map(|it| format!("http://c:4318/v1/{it}"));
    assert_eq!(endpoints(&told("{}", &[AT])), below);
    assert_eq!(endpoints(&told("telemetry: {endpoint: 'http://c:4318/'}", &[])), below);
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/x");
    assert_eq!(endpoints(&told("{}", &[own])), ["http://t/x", "", ""]);
    let wins = endpoints(&told("telemetry: {endpoint: 'http://f/p'}", &[AT, own]));
    assert_eq!(wins[0], "http://f/p/v1/traces", "the file wins");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    assert_eq!(endpoints(&told("{}", &[AT, grpc]))[0], "http://c:4318");
}

#[test]
fn the_file_wins_over_the_variables_and_a_signals_own_over_the_common_ones() {
    let env = [
        AT,
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%20c, X-Y =z"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "1500"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "500"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_SERVICE_NAME", "env"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,a=b"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "20"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
    ];
    let settings = told("{}", &env);
    let (traces, logs) = (settings.traces.as_ref().unwrap(), settings.logs.as_ref().unwrap());
    assert_eq!((traces.protocol, logs.protocol), (Protocol::Grpc, Protocol::HttpJson));
    assert_eq!(traces.headers.keys().collect::<Vec<_>>(), ["a", "x-y"]);
    assert_eq!((traces.timeout.as_millis(), logs.timeout.as_millis()), (500, 1500));
    assert!(traces.gzip && settings.metrics.is_none());
    assert_eq!(settings.service_name, "env");
    assert_eq!((settings.span_queue.size, settings.span_queue.batch), (10, 10));
    assert_eq!(settings.metric_interval.as_secs(), 1);
    let file = "telemetry: {protocol: http/protobuf, metrics: true, traces: false, service_name: 7, headers: {A: q}}";
    let settings = told(file, &env);
    assert_eq!(settings.service_name, "7");
    assert!(settings.traces.is_none());
    assert_eq!(settings.metrics.unwrap().protocol, Protocol::HttpProtobuf);
    let resource = told("{}", &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,a=b")]);
    assert_eq!(resource.service_name, "other");
    let off = told("telemetry: {endpoint: 'http://c'}", &[("OTEL_SDK_DISABLED", "TRUE")]);
    assert!(off.disabled && !off.is_on());
}

#[test]
fn the_sampler_is_the_files_ratio_or_the_standard_one() {
    for (text, sampler, argument, expected) in [
        ("{}", "", "", (true, 1.0)),
        ("{}", "always_off", "", (false, 0.0)),
        ("{}", "traceidratio", "0.25", (false, 0.25)),
        ("{}", "parentbased_traceidratio", "0.5", (true, 0.5)),
        ("{}", "parentbased_always_off", "0.5", (true, 0.0)),
        ("{}", "nonsense", "2", (true, 1.0)),
        ("telemetry: {sample_ratio: 0.1}", "always_off", "", (true, 0.1)),
    ] {
        let env = [AT, ("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", argument)];
        let sampling = told(text, &env).sampling;
        assert_eq!((sampling.parent_based, sampling.ratio), expected, "{sampler} {argument}");
    }
}

#[test]
fn keys_may_be_set_by_variables_of_ours() {
    let env = [
        ("MCPVISOR__TELEMETRY__ENDPOINT", "http://c"),
        ("MCPVISOR__TELEMETRY__PROTOCOL", "grpc"),
        ("MCPVISOR__TELEMETRY__LOGS", "false"),
        ("MCPVISOR__TELEMETRY__SAMPLE_RATIO", "0.5"),
        ("MCPVISOR__TELEMETRY__HEADERS__X_KEY", "hidden"),
    ];
    let settings = told("{}", &env);
    assert_eq!(settings.traces.as_ref().unwrap().protocol, Protocol::Grpc);
    assert!(settings.logs.is_none());
    assert_eq!((settings.sampling.ratio, settings.sampling.parent_based), (0.5, true));
    assert!(!format!("{settings:?}").contains("hidden"));
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place_and_a_remedy() {
    for (keys, expected) in [
        ("endpoint: nowhere", "`nowhere` is no address of a collector"),
        ("endpoint: 'ftp://c'", "is no address of a collector"),
        ("endpoint: 'http://me:hidden@c'", "has a user, a password or a query in it"),
        ("endpoint: 'http://c/?key=hidden'", "has a user, a password or a query in it"),
        ("protocol: htp/json", "expected one of `grpc`, `http/protobuf`, `http/json`"),
        ("sample_ratio: 1.5", "is not between 0 and 1"),
        ("service_name: ''", "is empty"),
        ("headers: {'a b': c}", "is no header name"),
        ("headers: {a: \"b\\nc\"}", "has a value no header can have"),
        ("traces: maybe", "expected true or false"),
        ("endpiont: x", "did you mean `endpoint`?"),
    ] {
        let said = faulty(&format!("telemetry:\n  {keys}\n"));
        assert!(said.contains(expected) && said.contains(":2:"), "{keys}: {said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[test]
fn headers_are_shown_to_nobody() {
    let file = "telemetry: {endpoint: 'http://c', headers: {Authorization: Bearer hidden-token}}";
    let config = with(file, &[]);
    assert_eq!(config.view()["telemetry"]["headers"]["Authorization"], "***");
    assert!(!format!("{config:?}").contains("hidden-token"));
    let line = mcpvisor::gateway::redaction(&config).clean_text("it is hidden-token");
    assert_eq!(line, "it is ***");
}

#[test]
fn a_variable_that_makes_no_sense_is_ignored_and_noted_once() {
    let config = with("{}", &[AT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "smoke")]);
    assert_eq!(config.telemetry.traces.unwrap().protocol, Protocol::HttpProtobuf);
    let about = |it: &&config::Fault| it.to_string().contains("OTEL_EXPORTER_OTLP_PROTOCOL");
    assert_eq!(config.notes.iter().filter(about).count(), 1, "{:?}", config.notes);
    let port = with("telemetry: {endpoint: 'http://c:4317'}", &[]).notes;
    assert!(port.iter().any(|it| it.remedy.contains("grpc")), "{port:?}");
}
