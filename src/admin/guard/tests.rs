//! Who comes in, who is sent away, and what is put on record.

use super::*;

fn verdict(exposure: Exposure, token: Option<&str>, sent: &[(&str, &str)]) -> &'static str {
    let token = token.map(SecretString::from);
    let guard = Guard::new(Desk::new(), exposure, token.as_ref());
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        let name = axum::http::HeaderName::try_from(*name).unwrap();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    match guard.check(&Uri::from_static("/api/v1/servers"), &headers) {
        Ok(()) => "in",
        Err(Refusal::NotHere) => "not here",
        Err(Refusal::Origin) => "foreign page",
        Err(Refusal::Unauthorized) => "no token",
        Err(_) => "another",
    }
}

#[test]
fn a_request_comes_in_by_its_listener_host_origin_and_token() {
    use Exposure::{Local, Remote};
    const TOKEN: &str = "0123456789abcdef";
    let local = ("host", "127.0.0.1:3210");
    let name = ("host", "mcp.example.com");
    let right = ("authorization", "Bearer 0123456789abcdef");
    for (exposure, token, sent, wanted) in [
        (Local, None, &[local][..], "in"),
        (Local, None, &[("host", "localhost:3210")], "in"),
        (Local, None, &[("host", "[::1]:3210")], "in"),
        // a name that was let in for MCP, or came by rebinding
        (Local, None, &[name], "not here"),
        // or was handed on by a proxy that speaks to us under our own
        (Local, None, &[local, ("forwarded", "for=192.0.2.1")], "not here"),
        (Local, None, &[local, ("x-forwarded-for", "192.0.2.1")], "not here"),
        (Local, None, &[local, ("x-forwarded-host", "mcp.example.com")], "not here"),
        (Local, None, &[local, ("x-real-ip", "192.0.2.1")], "not here"),
        (Local, None, &[local, ("via", "1.1 proxy")], "not here"),
        (Local, Some(TOKEN), &[local, right, ("x-forwarded-for", "192.0.2.1")], "in"),
        (Local, None, &[local, ("origin", "http://127.0.0.1:3210")], "in"),
        // pages of this machine speak MCP, but are not ours
        (Local, None, &[local, ("origin", "http://127.0.0.1:8080")], "foreign page"),
        (Local, None, &[local, ("origin", "http://localhost:3210")], "foreign page"),
        (Local, None, &[local, ("origin", "https://evil.example")], "foreign page"),
        (Local, None, &[local, ("origin", "null")], "foreign page"),
        // pictures and scripts of other pages are asked for without an origin
        (Local, None, &[local, ("sec-fetch-site", "same-origin")], "in"),
        (Local, None, &[local, ("sec-fetch-site", "none")], "in"),
        (Local, None, &[local, ("sec-fetch-site", "same-site")], "foreign page"),
        (Local, None, &[local, ("sec-fetch-site", "cross-site")], "foreign page"),
        (Local, Some(TOKEN), &[local, right, ("sec-fetch-site", "cross-site")], "foreign page"),
        (Local, Some(TOKEN), &[local], "no token"),
        (Local, Some(TOKEN), &[local, right], "in"),
        (Local, Some(TOKEN), &[name, right], "in"),
        (Local, Some(TOKEN), &[name, right, ("origin", "https://mcp.example.com")], "in"),
        (Local, Some(TOKEN), &[name, right, ("origin", "https://evil.example")], "foreign page"),
        (Local, Some(TOKEN), &[local, ("authorization", "bearer 0123456789abcdef")], "in"),
        (Local, Some(TOKEN), &[local, ("authorization", "Bearer 0123456789abcdeF")], "no token"),
        (Local, Some(TOKEN), &[local, ("authorization", "Bearer 0123456789abcde")], "no token"),
        (Local, Some(TOKEN), &[local, ("authorization", "Basic 0123456789abcdef")], "no token"),
        (Local, Some(TOKEN), &[local, ("authorization", "0123456789abcdef")], "no token"),
        (Local, Some(TOKEN), &[local, ("authorization", "Bearer")], "no token"),
        (Remote, None, &[name], "not here"),
        (Remote, None, &[local, right], "not here"),
        (Remote, Some(TOKEN), &[name], "no token"),
        (Remote, Some(TOKEN), &[name, right], "in"),
    ] {
        assert_eq!(verdict(exposure, token, sent), wanted, "{exposure:?} {token:?} {sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn guessers_are_sent_away_and_the_right_token_is_not() {
    let token = SecretString::from("0123456789abcdef");
    let guard = Guard::new(Desk::new(), Exposure::Local, Some(&token));
    let with = |token: &str| {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        guard.check(&Uri::from_static("/api"), &headers)
    };
    for _ in 0..MOST {
        assert_eq!(with("guess"), Err(Refusal::Unauthorized));
    }
    assert_eq!(with("guess"), Err(Refusal::Attempts));
    assert_eq!(with("0123456789abcdef"), Ok(()));
    tokio::time::advance(SPELL + Duration::from_secs(1)).await;
    assert_eq!(with("guess"), Err(Refusal::Unauthorized));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_to_be_said_is_counted_for_the_next_spell() {
    let allowance = Allowance::new();
    for _ in 0..MOST {
        assert_eq!(allowance.spend(), Some(0));
    }
    for _ in 0..3 {
        assert_eq!(allowance.spend(), None);
    }
    tokio::time::advance(SPELL + Duration::from_secs(1)).await;
    assert_eq!(allowance.spend(), Some(3));
    assert_eq!(allowance.spend(), Some(0));
}

#[test]
fn a_record_names_the_operation_and_what_it_was_about() {
    let stop = "/api/v1/servers/{name}/stop";
    let monitor = "/api/v1/monitor";
    for (method, route, path, action, target) in [
        (Method::POST, Some(stop), "/api/v1/servers/files/stop", "stopServer", "servers/files"),
        (Method::PATCH, Some(monitor), monitor, "changePolicies", "monitor"),
        (Method::POST, None, "/api/v1/x", "POST", "x"),
    ] {
        let act = act(&method, route, path);
        assert_eq!((&*act.action, &*act.target), (action, target));
    }
}
