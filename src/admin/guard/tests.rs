//! Who comes in, who is sent away, and what is put on record.

use super::*;

fn verdict(exposure: Exposure, token: Option<&str>, sent: &[(&str, &str)]) -> &'static str {
    let token = token.map(SecretString::from);
    let guard = Guard::new(Desk::new(), exposure, token.as_ref(), HashMap::new());
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
        (Local, None, &[local, ("origin", "http://127.0.0.1:3210")], "in"),
        // pages of this machine speak MCP, but are not ours
        (Local, None, &[local, ("origin", "http://127.0.0.1:8080")], "foreign page"),
        (Local, None, &[local, ("origin", "http://localhost:3210")], "foreign page"),
        (Local, None, &[local, ("origin", "https://evil.example")], "foreign page"),
        (Local, None, &[local, ("origin", "null")], "foreign page"),
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
    let guard = Guard::new(Desk::new(), Exposure::Local, Some(&token), HashMap::new());
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

#[test]
fn a_record_names_the_operation_and_what_it_was_about() {
    let route = "/api/v1/servers/{name}/stop".to_owned();
    let actions = HashMap::from([
        ((Method::POST, route.clone()), "stopServer".to_owned()),
        ((Method::POST, "/api/v1/monitor".to_owned()), "changePolicies".to_owned()),
    ]);
    let guard = Guard::new(Desk::new(), Exposure::Local, None, actions);
    for (route, path, action, target) in [
        (Some(&*route), "/api/v1/servers/files/stop", "stopServer", "servers/files"),
        (Some("/api/v1/monitor"), "/api/v1/monitor", "changePolicies", "monitor"),
        (None, "/api/v1/x", "POST", "x"),
    ] {
        let act = guard.act(&Method::POST, route, path);
        assert_eq!((&*act.action, &*act.target), (action, target));
    }
}
