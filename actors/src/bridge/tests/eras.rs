//! Which era a message or a server belongs to.

use super::{META, error, frame, request, result};
use crate::bridge::{Era, Fault, Incoming, Reaction, key};
use crate::session::LogLevel;
use crate::wire::{Kind, Message, ProtocolVersion};

fn sorted(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Modern(_) => "modern".to_owned(),
        Incoming::Legacy => "legacy".to_owned(),
        Incoming::EraFree => "free".to_owned(),
        Incoming::Refused(fault) => fault.code().to_string(),
    }
}

#[test]
fn a_clients_message_tells_its_era() {
    let version = r#""io.modelcontextprotocol/protocolVersion":"#;
    let capabilities = r#""io.modelcontextprotocol/clientCapabilities":"#;
    let meta = |meta: &str| format!(r#"{{"_meta":{{{meta}}}}}"#);
    let whole = meta(META);
    let modern = Some("2026-07-28");
    for (method, params, header, expected) in [
        ("tools/list", whole.clone(), None, "modern"),
        ("ping", whole.clone(), None, "modern"),
        ("server/discover", whole, modern, "modern"),
        ("server/discover", "{}".into(), None, "-32602"),
        ("initialize", r#"{"protocolVersion":"2026-07-28"}"#.into(), None, "legacy"),
        ("initialize", "{}".into(), modern, "legacy"),
        ("tools/list", String::new(), None, "legacy"),
        ("tools/list", String::new(), Some("2025-11-25"), "legacy"),
        ("ping", String::new(), None, "legacy"),
        ("tools/list", "{}".into(), modern, "-32602"),
        ("tools/list", meta(&format!(r#"{version}"2099-01-01""#)), None, "-32022"),
        (
            "tools/list",
            meta(&format!(r#"{version}"2025-11-25",{capabilities}{{}}"#)),
            None,
            "-32022",
        ),
        ("tools/list", meta(&format!(r#"{version}"2026-07-28""#)), None, "-32602"),
        ("tools/list", meta(&format!(r#"{version}"2026-07-28",{capabilities}[]"#)), None, "-32602"),
        ("tools/list", meta(&format!(r"{version}5,{capabilities}{{}}")), modern, "-32602"),
        (
            "tools/list",
            meta(&format!(r#"{META},"io.modelcontextprotocol/logLevel":"loud""#)),
            None,
            "-32602",
        ),
        ("tools/list", meta(&format!(r#"{META},"progressToken":{{}}"#)), None, "-32602"),
    ] {
        let incoming = Incoming::of(&request(method, &params), header);
        assert_eq!(sorted(&incoming), expected, "{method} {params}");
    }
    let cancelled =
        frame(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    assert_eq!(sorted(&Incoming::of(&cancelled, None)), "free");
}

#[test]
fn a_modern_request_says_all_about_its_client() {
    let message = request(
        "tools/call",
        &format!(
            r#"{{"_meta":{{{META},"progressToken": 1.0,"io.modelcontextprotocol/logLevel":"warning"}}}}"#
        ),
    );
    let Incoming::Modern(meta) = Incoming::of(&message, None) else { panic!("modern") };
    assert_eq!(meta.version, "2026-07-28");
    assert_eq!(meta.client_info.as_deref(), Some(&br#"{"name":"c","version":"1"}"#[..]));
    assert_eq!(meta.progress_token.as_ref().map(|(token, _)| token.as_ref()), Some(&b"1.0"[..]));
    assert_eq!(meta.log_level, Some(LogLevel::Warning));
}

#[test]
fn the_era_is_found_however_its_key_is_spelled_and_not_where_it_is_only_mentioned() {
    for (params, expected) in [
        (
            r#"{"_meta":{"io.modelcontextprotocol\/protocolVersion":"2026-07-28","io.modelcontextprotocol\/clientCapabilities":{}}}"#,
            "modern",
        ),
        (
            r#"{"_meta":{"io.modelcontextprotocol/\u0070rotocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#,
            "modern",
        ),
        (r#"{"\u005fmeta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#, "-32602"),
        (r#"{"arguments":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#, "legacy"),
        (r#"{"_meta":{"protocolVersion":"2026-07-28"}}"#, "legacy"),
        (r#"{"arguments":{"text":"\u00e9 protocolVersion"}}"#, "legacy"),
    ] {
        let incoming = Incoming::of(&request("tools/call", params), None);
        assert_eq!(sorted(&incoming), expected, "{params}");
    }
}

#[test]
fn a_refusal_names_what_is_spoken_and_its_http_status() {
    let fault = Fault::UnsupportedVersion { requested: "1900-01-01".into() };
    assert_eq!((fault.code(), fault.http_status()), (-32022, 400));
    assert_eq!(
        fault.data().expect("data").to_string(),
        r#"{"requested":"1900-01-01","supported":["2026-07-28"]}"#
    );
    let fault = Fault::MissingMeta(key::CLIENT_CAPABILITIES);
    assert_eq!((fault.code(), fault.http_status()), (-32602, 400));
    let fault = Fault::NoSuchMethod("ping".into());
    assert_eq!((fault.code(), fault.http_status()), (-32601, 404));
}

fn judged(answer: &Message) -> Reaction {
    let outcome = answer.outcome().expect("an answer");
    let ok = matches!(answer.kind(), Kind::Response { ok: true, .. });
    Reaction::of_outcome(if ok { Ok(&outcome) } else { Err(&outcome) })
}

#[test]
fn a_servers_answer_to_the_probe_tells_its_era() {
    let modern = r#"{"supportedVersions":["2026-07-28"],"capabilities":{}}"#;
    for (answer, expected) in [
        (result(modern), "modern"),
        (result(r#"{"supportedVersions":["2024-11-05","2026-07-28"]}"#), "modern"),
        (result(r#"{"supportedVersions":["2025-11-25"]}"#), "legacy"),
        (result(r#"{"supportedVersions":["2031-01-01"]}"#), "incompatible"),
        (result("{}"), "legacy"),
        (result("null"), "legacy"),
        (error(r#"{"code":-32601,"message":"no"}"#), "legacy"),
        (error(r#"{"code":-32000,"message":"Bad Request"}"#), "legacy"),
        (error(r#"{"code":-32602,"message":"not initialized"}"#), "legacy"),
        (error(r#"{"code":-32020,"message":"no"}"#), "refused"),
        (error(r#"{"code":-32021,"message":"no","data":{}}"#), "refused"),
        (error(r#"{"code":-32022,"message":"no","data":{"supported":["2025-06-18"]}}"#), "legacy"),
        (error(r#"{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}"#), "refused"),
        (error(r#"{"code":-32022,"message":"no"}"#), "refused"),
    ] {
        let told = match judged(&answer) {
            Reaction::Modern(_) => "modern",
            Reaction::ModernRefused(_) => "refused",
            Reaction::Incompatible(_) => "incompatible",
            Reaction::Legacy => "legacy",
        };
        assert_eq!(told, expected, "{answer:?}");
    }
    assert_eq!(judged(&result(modern)), Reaction::Modern(modern.into()));
}

#[test]
fn only_the_initialize_era_has_pings() {
    assert!(Era::Legacy(ProtocolVersion::LATEST).pings() && !Era::Modern.pings());
}
