//! What telemetry means: the file first, then the standard variables `OTEL_*`, then the defaults.
//!
//! Sources: OpenTelemetry specification, "Environment Variable Specification" and "OTLP Exporter
//! Configuration". A variable that makes no sense is ignored with a note, as they ask; a key that makes none
//! is a fault.
//!
//! *Invariant:* pure; nothing is exported without an endpoint.

use super::file;
use super::tree::Origin;
use super::validate::Judge;
use crate::telemetry::{Protocol, Queue, Sampling, Settings, Target};
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

/// One of the three kinds of telemetry.
struct Signal {
    /// Its key in the file.
    key: &'static str,
    /// Its word in the variables.
    word: &'static str,
    /// Its path over HTTP.
    path: &'static str,
}

const TRACES: Signal = Signal { key: "traces", word: "TRACES", path: "v1/traces" };
const METRICS: Signal = Signal { key: "metrics", word: "METRICS", path: "v1/metrics" };
const LOGS: Signal = Signal { key: "logs", word: "LOGS", path: "v1/logs" };
/// What the specification gives one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Judges the section.
pub(super) fn telemetry(file: &file::Telemetry, judge: &mut Judge<'_>) -> Settings {
    let endpoint = file.endpoint.as_deref().and_then(|text| endpoint(text, judge));
    let headers = headers(file, judge);
    let defaults = Settings::default();
    let mut signal = |signal: &Signal, wanted: Option<bool>| {
        target(signal, wanted, endpoint.as_ref(), file.protocol, &headers, judge)
    };
    let traces = signal(&TRACES, file.traces);
    let metrics = signal(&METRICS, file.metrics);
    let logs = signal(&LOGS, file.logs);
    let disabled =
        judge.env.get("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"));
    let mut settings = Settings {
        disabled,
        service_name: service_name(file, judge),
        resource: resource(judge),
        traces,
        metrics,
        logs,
        sampling: sampling(file, judge),
        span_queue: queue("OTEL_BSP", defaults.span_queue, judge),
        log_queue: queue("OTEL_BLRP", defaults.log_queue, judge),
        metric_interval: millis("OTEL_METRIC_EXPORT_INTERVAL", judge)
            .unwrap_or(defaults.metric_interval),
    };
    if disabled {
        (settings.traces, settings.metrics, settings.logs) = (None, None, None);
        if file.endpoint.is_some() {
            let remedy = "unset OTEL_SDK_DISABLED to have telemetry sent";
            judge.note(&["telemetry"], "has no effect: OTEL_SDK_DISABLED is set", remedy);
        }
    } else if !settings.is_on() && judge.written(&["telemetry"]) && file.endpoint.is_none() {
        let remedy = "write telemetry.endpoint or set OTEL_EXPORTER_OTLP_ENDPOINT";
        judge.note(&["telemetry"], "has no effect without an endpoint", remedy);
    }
    settings
}

/// A URL of http or https, with a host.
fn url(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn endpoint(text: &str, judge: &mut Judge<'_>) -> Option<Url> {
    let path = ["telemetry", "endpoint"];
    let Some(url) = url(text) else {
        let message = format!("{} is no address of a collector", judge.shown(&path, text));
        judge.fault(&path, message, "write it like `http://127.0.0.1:4318`");
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        let remedy = "put secrets into telemetry.headers";
        judge.fault(&path, "has a user, a password or a query in it", remedy);
        return None;
    }
    Some(url)
}

fn headers(file: &file::Telemetry, judge: &mut Judge<'_>) -> BTreeMap<String, SecretString> {
    let mut headers = BTreeMap::new();
    for (name, file::Secret(value)) in &file.headers {
        if HeaderName::from_str(name).is_err() {
            let remedy = "use letters, digits and `-`";
            judge.fault(&["telemetry", "headers", name], "is no header name", remedy);
        } else if HeaderValue::from_str(value.expose_secret()).is_err() {
            let remedy = "write one line of visible characters";
            judge.fault(&["telemetry", "headers", name], "has a value no header can have", remedy);
        }
        headers.insert(name.to_ascii_lowercase(), value.clone());
    }
    headers
}

/// Where one signal goes: the file's endpoint, else the signal's own variable, else the common one.
fn target(
    signal: &Signal,
    wanted: Option<bool>,
    endpoint: Option<&Url>,
    protocol: Option<Protocol>,
    headers: &BTreeMap<String, SecretString>,
    judge: &mut Judge<'_>,
) -> Option<Target> {
    let own = |what: &str| format!("OTEL_EXPORTER_OTLP_{}_{what}", signal.word);
    let common = |what: &str| format!("OTEL_EXPORTER_OTLP_{what}");
    let exporter = format!("OTEL_{}_EXPORTER", signal.word);
    let exported = given(&exporter, judge)
        .is_none_or(|list| list.split(',').any(|it| matches!(it.trim(), "otlp")));
    if !wanted.unwrap_or(exported) {
        return None;
    }
    let protocol = protocol
        .or_else(|| variable(&own("PROTOCOL"), judge, Protocol::of))
        .or_else(|| variable(&common("PROTOCOL"), judge, Protocol::of))
        .unwrap_or(Protocol::HttpProtobuf);
    let endpoint = match endpoint {
        Some(base) => below(base, protocol, signal),
        None => match variable(&own("ENDPOINT"), judge, url) {
            Some(whole) => whole,
            None => below(&variable(&common("ENDPOINT"), judge, url)?, protocol, signal),
        },
    };
    usual_port(&endpoint, protocol, signal, judge);
    let timeout = millis(&own("TIMEOUT"), judge).or_else(|| millis(&common("TIMEOUT"), judge));
    let gzip = |word: &str| match word {
        "gzip" => Some(true),
        "none" => Some(false),
        _ => None,
    };
    let gzip = variable(&own("COMPRESSION"), judge, gzip)
        .or_else(|| variable(&common("COMPRESSION"), judge, gzip));
    let said = given(&own("HEADERS"), judge).or_else(|| given(&common("HEADERS"), judge));
    let mut all: BTreeMap<String, SecretString> = said
        .iter()
        .flat_map(|said| pairs(said))
        .map(|(k, v)| (k.to_lowercase(), v.into()))
        .collect();
    all.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    Some(Target {
        endpoint: endpoint.as_str().trim_end_matches('/').to_owned(),
        protocol,
        headers: all,
        timeout: timeout.unwrap_or(TIMEOUT),
        gzip: gzip.unwrap_or(false),
    })
}

/// The path of the signal below the address of the collector; gRPC has its own.
fn below(base: &Url, protocol: Protocol, signal: &Signal) -> Url {
    let mut url = base.clone();
    if protocol != Protocol::Grpc {
        let path = format!("{}/{}", base.path().trim_end_matches('/'), signal.path);
        url.set_path(&path);
    }
    url
}

/// Notes that a port is usually the other protocol's.
fn usual_port(endpoint: &Url, protocol: Protocol, signal: &Signal, judge: &mut Judge<'_>) {
    let remedy = match (endpoint.port(), protocol == Protocol::Grpc) {
        (Some(4317), false) => "set telemetry.protocol to grpc if nothing arrives",
        (Some(4318), true) => "set telemetry.protocol to http/protobuf if nothing arrives",
        _ => return,
    };
    if signal.key == TRACES.key {
        let message = "the port is usually the one of another protocol";
        judge.note(&["telemetry", "endpoint"], message, remedy);
    }
}

fn service_name(file: &file::Telemetry, judge: &mut Judge<'_>) -> String {
    let told = file.service_name.as_ref().map(|file::Text(name)| name.clone());
    if told.as_ref().is_some_and(|name| name.trim().is_empty()) {
        judge.fault(&["telemetry", "service_name"], "is empty", "write a name or remove the key");
    }
    told.or_else(|| given("OTEL_SERVICE_NAME", judge))
        .or_else(|| {
            let said = resource(judge);
            said.into_iter().find(|(key, _)| key == "service.name").map(|(_, value)| value)
        })
        .unwrap_or_else(|| Settings::default().service_name)
}

fn resource(judge: &Judge<'_>) -> Vec<(String, String)> {
    given("OTEL_RESOURCE_ATTRIBUTES", judge).map(|text| pairs(&text)).unwrap_or_default()
}

fn sampling(file: &file::Telemetry, judge: &mut Judge<'_>) -> Sampling {
    if let Some(ratio) = file.sample_ratio {
        if !(0.0..=1.0).contains(&ratio) {
            let remedy = "write 0 to 1, such as `0.1` for one request in ten";
            judge.fault(&["telemetry", "sample_ratio"], "is not between 0 and 1", remedy);
        }
        return Sampling { ratio, parent_based: true };
    }
    let ratio = |text: &str| text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    let share = variable("OTEL_TRACES_SAMPLER_ARG", judge, ratio).unwrap_or(1.0);
    let sampler = |word: &str| {
        let (parent_based, word) =
            word.strip_prefix("parentbased_").map_or((false, word), |word| (true, word));
        let ratio = match word {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => share,
            _ => return None,
        };
        Some(Sampling { parent_based, ratio })
    };
    variable("OTEL_TRACES_SAMPLER", judge, sampler).unwrap_or_default()
}

fn queue(prefix: &str, usual: Queue, judge: &mut Judge<'_>) -> Queue {
    let count = |text: &str| text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    let size = variable(&format!("{prefix}_MAX_QUEUE_SIZE"), judge, count).unwrap_or(usual.size);
    let batch = variable(&format!("{prefix}_MAX_EXPORT_BATCH_SIZE"), judge, count);
    let delay = millis(&format!("{prefix}_SCHEDULE_DELAY"), judge).unwrap_or(usual.delay);
    Queue { size, batch: batch.unwrap_or(usual.batch).min(size), delay }
}

/// A variable that says something; an empty one is as if it were not set.
fn given(name: &str, judge: &Judge<'_>) -> Option<String> {
    judge.env.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// What a variable means; one that means nothing is noted and ignored.
fn variable<T>(name: &str, judge: &mut Judge<'_>, of: impl Fn(&str) -> Option<T>) -> Option<T> {
    let text = given(name, judge)?;
    let meant = of(&text);
    if meant.is_none() {
        let origin = Origin::Variable(name.into());
        let remedy = "see the OpenTelemetry documentation, or use the keys of `telemetry`";
        judge.ledger.note(&origin, "telemetry".into(), "has a value that is ignored", remedy);
    }
    meant
}

fn millis(name: &str, judge: &mut Judge<'_>) -> Option<Duration> {
    let positive = |text: &str| text.parse().ok().filter(|millis| *millis > 0);
    variable(name, judge, positive).map(Duration::from_millis)
}

/// `a=b,c=d`, where `%20` is a blank.
fn pairs(text: &str) -> Vec<(String, String)> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), decoded(value.trim())))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// With `%XX` decoded; what is not UTF-8 then stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let (b'%', Some(byte)) = (first, byte) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
