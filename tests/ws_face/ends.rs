//! How a WebSocket ends: by the client, by silence, with its session, with the gateway.

use crate::gateway::Gateway;
use crate::running::{Running, eventually, faulty};
use crate::websocket::{Frame, WebSocket};
use mcpvisor_actors::tree::{self, GatewaySpec};
use serde_json::json;
use std::io::ErrorKind;
use std::time::Duration;

const PING: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

fn initialized(running: &Running) -> WebSocket {
    let mut socket = WebSocket::connect(running.address, "");
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let initialize = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    socket.text(initialize.to_string().as_bytes());
    assert_eq!(socket.message()["result"]["protocolVersion"], "2025-11-25");
    socket.text(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    socket
}

fn call(id: u64) -> Vec<u8> {
    let params = json!({ "name": "s.echo", "arguments": { "key": id.to_string(), "text": "x" } });
    let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    call.to_string().into_bytes()
}

/// A gateway whose one server takes its time, and writes down what it hears.
fn slow(folder: &tempfile::TempDir, delay: &str) -> (Running, impl Fn() -> String + use<>) {
    let record = folder.path().join("record");
    let server = faulty(&["--delay", delay, "--record", record.to_str().unwrap()]);
    let config = json!({ "servers": { "s": server }, "list": { "boot_wait": "30s" } });
    let heard = move || std::fs::read_to_string(&record).unwrap_or_default();
    (Running::serve(&config), heard)
}

#[test]
fn a_client_that_leaves_has_its_calls_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let (running, heard) = slow(&folder, "60000");
    let leave: [fn(&mut WebSocket); 2] = [
        |socket| {
            socket.send(0x88, &1000_u16.to_be_bytes());
            assert_eq!(socket.closed(), 1000, "the goodbye is said back");
        },
        |socket| socket.vanish(),
    ];
    for (left, leave) in leave.into_iter().enumerate() {
        let mut socket = initialized(&running);
        socket.text(&call(7));
        eventually("the call arrives", || heard().matches("tools/call").count() > left);
        leave(&mut socket);
        let cancelled = || heard().matches("notifications/cancelled").count() > left;
        eventually("it is cancelled", cancelled);
    }
}

#[cfg(unix)]
#[test]
fn a_gateway_that_stops_lets_calls_in_flight_finish_and_says_that_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (running, heard) = slow(&folder, "1000");
    let mut socket = initialized(&running);
    let mut idle = initialized(&running);
    socket.text(&call(7));
    eventually("the call arrives", || heard().contains("tools/call"));
    let stopping = std::thread::spawn(move || running.stop());
    assert_eq!(idle.closed(), 1001);
    idle.send(0x88, &1001_u16.to_be_bytes());
    let answer = socket.message();
    assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
    assert_eq!(socket.closed(), 1001);
    socket.send(0x88, &1001_u16.to_be_bytes());
    assert!(stopping.join().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_answers_no_ping_is_closed_and_one_that_does_is_kept() {
    let short = Duration::from_millis(300);
    let gateway = Gateway::with(|settings| settings.keep_alive = short).await;
    let mut mute = WebSocket::connect(gateway.address, "");
    let mut well = WebSocket::connect(gateway.address, "");
    // as many pings as the mute one is allowed not to answer, twice
    for _ in 0..8 {
        let Some(Frame::Ping(payload)) = well.frame() else { panic!("no ping") };
        well.send(0x8a, &payload);
    }
    assert_eq!(mute.frame(), Some(Frame::Ping(Vec::new())));
    assert_eq!(mute.closed(), 1008);
    well.text(PING);
    assert_eq!(well.message()["id"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_session_is_lost_is_told_to_connect_again() {
    let tree = tree::Gateway::start(GatewaySpec::default()).await.unwrap();
    let gateway = Gateway::of(tree.clients().clone(), |_| {});
    let mut socket = WebSocket::connect(gateway.address, "");
    socket.text(PING);
    assert_eq!(socket.message()["id"], 1);
    let sessions = tree.roster().list();
    let is_one = |path: &&String| path.starts_with("gateway/sessions/");
    let session = sessions.iter().map(|(path, _)| path).find(is_one).unwrap();
    tree.roster().find(session).unwrap().kill();
    gateway.sessions(0).await;
    socket.text(PING);
    let answer = socket.message();
    assert_eq!(answer["error"]["code"], -32_000, "{answer}");
    assert_eq!(socket.closed(), 1011);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_read_no_further_and_harms_nobody() {
    let gateway = Gateway::start().await;
    let mut stuck = WebSocket::connect(gateway.address, "");
    stuck.patience(Duration::from_secs(2));
    let mut sent: u64 = 0;
    let refused = loop {
        let ping = json!({ "jsonrpc": "2.0", "id": sent, "method": "ping" });
        match stuck.try_send(0x81, ping.to_string().as_bytes()) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 1_000_000, "everything is taken");
    };
    assert!(matches!(refused.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{refused}");
    assert!(gateway.clients.in_flight() <= 256, "its share of the slots");
    let mut other = WebSocket::connect(gateway.address, "");
    other.text(PING);
    assert_eq!(other.message()["id"], 1);
    // what was taken is answered: served, or refused because too much waits
    for _ in 0..1000 {
        let answer = stuck.message();
        assert!(answer["id"].as_u64().is_some_and(|id| id < sent), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_only_pings_and_reads_nothing_is_given_up() {
    let short = Duration::from_millis(300);
    let gateway = Gateway::with(|settings| settings.keep_alive = short).await;
    let pinging = WebSocket::connect(gateway.address, "");
    pinging.patience(Duration::from_secs(20));
    // each is owed a pong, and none is taken
    let given_up = (0..10_000_000).any(|_| pinging.try_send(0x89, &[b'x'; 125]).is_err());
    assert!(given_up, "everything is taken");
    gateway.sessions(0).await;
}
