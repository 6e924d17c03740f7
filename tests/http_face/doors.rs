//! Host, Origin, methods, preflights.

use crate::gateway::Gateway;
use mcpvisor::faces::{BindError, HttpFace, HttpSettings};

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\n{headers}\r\n")
}

#[tokio::test]
async fn only_requests_that_name_this_host_are_let_in_on_every_route() {
    let gateway = Gateway::with(|settings| settings.allowed_hosts = vec!["gate.test".into()]).await;
    for (host, status) in [
        ("host: {host}\r\n", 200),
        ("host: localhost\r\n", 200),
        ("host: [::1]:1\r\n", 200),
        ("host: gate.test:99\r\n", 200),
        ("host: evil.test\r\n", 403),
        ("host: localhost.evil.test\r\n", 403),
        ("host: \r\n", 400),
        ("", 400),
        ("host: localhost\r\nhost: localhost\r\n", 400),
    ] {
        assert_eq!(gateway.send(&get("/livez", host)).await.status(), status, "{host:?}");
    }
    for path in ["/livez", "/mcp", "/sse", "/messages", "/nowhere"] {
        let response = gateway.send(&get(path, "host: evil.test\r\n")).await;
        assert_eq!(response.status(), 403, "{path}");
        assert!(response.body.contains("allowed_hosts"), "{response:?}");
    }
    let target = "GET http://evil.test/livez HTTP/1.1\r\nhost: evil.test\r\n\r\n";
    assert_eq!(gateway.send(target).await.status(), 403);
    let two_faces = "GET http://localhost/livez HTTP/1.1\r\nhost: evil.test\r\n\r\n";
    assert_eq!(gateway.send(two_faces).await.status(), 400);
    assert_eq!(gateway.send("GET /livez HTTP/1.0\r\n\r\n").await.status(), 200);
}

#[tokio::test]
async fn only_pages_of_ours_and_configured_ones_are_let_in() {
    let gateway =
        Gateway::with(|settings| settings.allowed_origins = vec!["https://app.test".into()]).await;
    for (origin, status) in [
        ("http://localhost:6274", 200),
        ("https://127.0.0.1", 200),
        ("https://app.test", 200),
        ("https://evil.test", 403),
        ("http://app.test", 403),
        ("null", 403),
    ] {
        let headers = format!("host: {{host}}\r\norigin: {origin}\r\n");
        let response = gateway.send(&get("/livez", &headers)).await;
        assert_eq!(response.status(), status, "{origin}");
        let allowed = response.header("access-control-allow-origin");
        assert_eq!(allowed, (status == 200).then_some(origin), "{origin}");
        let exposed = response.header("access-control-expose-headers");
        assert_eq!(exposed, (status == 200).then_some("Mcp-Session-Id"), "{origin}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_for_pages_that_are_let_in_only() {
    let gateway = Gateway::start().await;
    let preflight = |origin: &str| {
        format!(
            "OPTIONS /mcp HTTP/1.1\r\nhost: {{host}}\r\n{origin}\
             access-control-request-method: POST\r\n\
             access-control-request-headers: content-type, mcp-session-id\r\n\r\n"
        )
    };
    let answer = gateway.send(&preflight("origin: http://localhost:6274\r\n")).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST, DELETE"));
    let headers = answer.header("access-control-allow-headers");
    assert_eq!(headers, Some("content-type, mcp-session-id"));
    assert_eq!(gateway.send(&preflight("origin: http://evil.test\r\n")).await.status(), 403);
    let plain = gateway.send(&preflight("")).await;
    assert_eq!(plain.status(), 405);
    assert_eq!(plain.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_method_a_route_does_not_have_is_refused_with_those_it_has() {
    let gateway = Gateway::start().await;
    for (method, path, allow) in [
        ("PUT", "/mcp", "GET, POST, DELETE"),
        ("HEAD", "/mcp", "GET, POST, DELETE"),
        ("POST", "/sse", "GET"),
        ("HEAD", "/sse", "GET"),
        ("GET", "/messages", "POST"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: {{host}}\r\n\r\n");
        let mut connection = gateway.connect().await;
        connection.write(request.replace("{host}", "localhost").as_bytes()).await;
        if method == "HEAD" {
            // a response to HEAD names the length of a body it does not have
            let mut head = [0; 12];
            tokio::io::AsyncReadExt::read_exact(&mut connection.0, &mut head).await.unwrap();
            assert_eq!(&head, b"HTTP/1.1 405", "{path}");
            continue;
        }
        let response = connection.response().await;
        assert_eq!(response.status(), 405, "{method} {path}");
        assert_eq!(response.header("allow"), Some(allow), "{method} {path}");
    }
    assert_eq!(gateway.send(&get("/nowhere", "host: {host}\r\n")).await.status(), 404);
}

#[tokio::test]
async fn an_address_that_is_taken_or_open_to_others_is_refused_with_a_remedy() {
    let clients = crate::bare::clients;
    let settings = HttpSettings { listen: ([0, 0, 0, 0], 0).into(), ..HttpSettings::default() };
    let face = HttpFace::new(clients(1).await, settings.clone());
    let router = face.router();
    let refused = face.bind(router).unwrap_err();
    assert!(matches!(refused, BindError::Remote(_)), "{refused}");

    let taken = Gateway::start().await;
    let settings = HttpSettings { listen: taken.address, ..HttpSettings::default() };
    let face = HttpFace::new(clients(1).await, settings);
    let router = face.router();
    let refused = face.bind(router).unwrap_err().to_string();
    assert!(refused.contains(&taken.address.to_string()), "{refused}");
}
