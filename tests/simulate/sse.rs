//! Over the older HTTP+SSE, and behind a gateway on every transport.

use crate::peer::Simulated;
use crate::process::{INITIALIZE, INITIALIZED, Reply, Setup, call, parse, until};
use serde_json::{Value, json};

/// A client: its stream, and where it posts to.
struct Client {
    stream: Reply,
    address: String,
}

impl Client {
    fn open(server: &Simulated) -> Self {
        let mut stream = server.send("GET /sse", "");
        let address = stream.message().unwrap();
        let mut client = Self { stream, address };
        assert!(client.ask(server, INITIALIZE)["result"]["serverInfo"].is_object());
        assert_eq!(client.post(server, INITIALIZED).status, 202);
        client
    }

    fn post(&self, server: &Simulated, message: &str) -> Reply {
        server.send(&format!("POST {}", self.address), message)
    }

    fn ask(&mut self, server: &Simulated, request: &str) -> Value {
        assert_eq!(self.post(server, request).status, 202);
        parse(&self.stream.message().unwrap())
    }
}

#[test]
fn calls_are_answered_on_the_stream_and_faults_switched_beside_it() {
    let mut server = Simulated::start("--transport sse");
    assert!(server.url.ends_with("/sse"));
    let mut client = Client::open(&server);
    let echo = call("7", "echo", r#"{"text":"hello"}"#);
    assert_eq!(client.ask(&server, &echo)["result"]["content"][0]["text"], "hello");
    server.control.order("set wrong-id-then-right");
    assert_eq!(client.ask(&server, &echo)["id"], "nobody-asked");
    assert_eq!(parse(&client.stream.message().unwrap())["id"], 7);
    server.control.order("clear wrong-id-then-right");
    assert_eq!(client.ask(&server, &echo)["id"], 7);
    server.control.order("set list-changed-rate 500");
    assert!(client.stream.message().unwrap().contains("list_changed"));
}

#[test]
fn a_lost_session_ends_the_stream_and_its_address_is_not_found() {
    let mut server = Simulated::start("--transport sse");
    let mut client = Client::open(&server);
    server.control.order("session-loss");
    assert_eq!(client.stream.message(), None);
    assert_eq!(client.post(&server, INITIALIZED).status, 404);
    server.control.order("set status 429 for 1");
    assert_eq!(server.send("GET /sse", "").status, 429);
    Client::open(&server);
}

#[test]
fn a_refused_port_is_opened_again() {
    let mut server = Simulated::start("--transport sse");
    Client::open(&server);
    server.control.order("refuse");
    assert!(std::net::TcpStream::connect(server.address).is_err());
    server.control.order("listen");
    Client::open(&server);
}

#[test]
fn a_gateway_serves_simulated_servers_of_every_transport() {
    let servers = ["--transport http", "--transport http --http-reply sse", "--transport sse"]
        .map(Simulated::start);
    let config = json!({ "servers": {
        "json": { "url": servers[0].url },
        "events": { "url": servers[1].url },
        "older": { "url": servers[2].url, "type": "sse" },
    } });
    let setup = Setup::new(config).server("pipes", "", json!({}));
    let gateway = setup.serve();
    let client = gateway.client();
    for name in ["json", "events", "older", "pipes"] {
        let echo = call("1", &format!("{name}.echo"), r#"{"text":"hello"}"#);
        until("the server is ready", || {
            client.answer(&echo)["result"]["content"][0]["text"] == "hello"
        });
    }
}
