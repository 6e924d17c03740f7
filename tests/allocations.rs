//! What a call allocates. Counts are the same at every run, on every machine, so they can be held where times
//! cannot: this is the gate against calls that get dearer unnoticed.
//!
//! The gateway runs on the thread that is counted; its clients and servers do not. What it does besides (timers,
//! checks) is left out by taking the cheapest of several batches.
//!
//! Of large results it holds the bytes, which tell how often one is copied to fresh room.
//!
//! A call that got cheaper: lower its bound in [`BOUNDS`] to what the test tells, and say so in benches/README.md.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../benches/support/fleet.rs"]
mod fleet;
#[path = "../benches/support/parts.rs"]
#[allow(dead_code)] // the benches use the rest
mod parts;

use allocation_counter::AllocationInfo;
use mcpvisor::config::{self, Env, Format};
use mcpvisor::faces::{HttpEntrance, serve_stdio};
use mcpvisor::gateway;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// What each part of the path, and each whole path, may allocate at most: what it does; of whole paths a little
/// more, for they do not always take the same turns.
const BOUNDS: [(&str, u64); 9] = [
    ("small-call", 11),
    ("small-result", 5),
    ("large-result", 4),
    ("route", 0),
    ("tool-list", 6),
    ("HTTP to HTTP", 81),
    ("HTTP to stdio", 59),
    ("stdio to stdio", 43),
    ("KiB for a result of 1 MiB, HTTP to HTTP", 320),
];

/// Calls of a batch, and batches of which the cheapest counts.
const CALLS: u64 = 100;
const BATCHES: usize = 7;
const PATIENCE: Duration = Duration::from_secs(60);

/// Fails if this is dearer than its bound; tells what it is where output is shown.
fn hold(name: &str, counted: u64) {
    let (_, bound) = BOUNDS.iter().find(|(of, _)| *of == name).unwrap();
    assert!(counted <= *bound, "{name}: {counted}, at most {bound} are allowed");
    let _unheard = writeln!(std::io::stdout(), "{name}: {counted} of {bound}");
}

#[test]
fn the_pure_parts_of_a_call_allocate_no_more_than_they_did() {
    for (name, _) in &BOUNDS[..5] {
        let part = parts::part(name).unwrap();
        part(); // what is made once is not counted
        let counted = allocation_counter::measure(|| (0..CALLS).for_each(|_| part()));
        hold(name, counted.count_total / CALLS);
    }
}

#[test]
fn a_call_from_http_to_http_allocates_no_more_than_it_did() {
    let (_server, url) = http_server(&[]);
    hold("HTTP to HTTP", over_http(&json!({ "url": url }), CALLS).allocations);
}

#[test]
fn a_large_result_is_copied_no_more_often_than_it_was() {
    let (_server, url) = http_server(&["--huge-result", "1048576"]);
    let counted = over_http(&json!({ "url": url }), 3);
    hold("KiB for a result of 1 MiB, HTTP to HTTP", counted.bytes / 1024);
}

#[test]
fn a_call_from_http_to_a_process_allocates_no_more_than_it_did() {
    hold("HTTP to stdio", over_http(&process(), CALLS).allocations);
}

#[test]
fn a_call_from_stdio_to_a_process_allocates_no_more_than_it_did() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (folder, config) = configured(&process());
    let gateway = runtime.block_on(gateway::start(&config, Vec::new())).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let limits = gateway::limits(&config);
    let clients = gateway.clients().clone();
    runtime.spawn(async move {
        let (input, output) = tokio::net::UnixStream::from_std(ours).unwrap().into_split();
        serve_stdio(clients, input, output, limits, Duration::ZERO, std::future::pending()).await
    });
    theirs.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(theirs.try_clone().unwrap());
    let mut writer = theirs;
    let counted = count(&runtime, CALLS, move |message| {
        writer.write_all(format!("{message}\n").as_bytes()).unwrap();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == message["id"] {
                return answer;
            }
        }
    });
    hold("stdio to stdio", counted.allocations);
    runtime.block_on(gateway.stop(PATIENCE));
    drop(folder);
}

/// What a call over HTTP to this server allocates.
fn over_http(server: &Value, calls: u64) -> Counted {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (folder, config) = configured(server);
    let face = HttpEntrance::bind(gateway::http_settings(&config)).unwrap();
    let address = face.local_addr();
    let gateway = runtime.block_on(gateway::start(&config, vec![Arc::new(face)])).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut reader, mut session) = (BufReader::new(stream), String::new());
    let counted = count(&runtime, calls, move |message| {
        let body = message.to_string();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n{session}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        reader.get_mut().write_all(head.as_bytes()).unwrap();
        let (headers, body) = answer(&mut reader);
        if let Some(line) = headers.lines().find(|line| line.starts_with("mcp-session-id")) {
            session = format!("{line}\r\n");
        }
        let json =
            body.lines().find_map(|line| line.strip_prefix("data:").filter(|it| it.contains('{')));
        serde_json::from_str(json.unwrap_or(&body)).unwrap_or_default()
    });
    runtime.block_on(gateway.stop(PATIENCE));
    drop(folder);
    counted
}

/// The head and the body of a response.
fn answer(reader: &mut BufReader<TcpStream>) -> (String, String) {
    let (mut head, mut body) = (String::new(), Vec::new());
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).unwrap();
    }
    let head = head.to_ascii_lowercase();
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    if let Some(length) = value("content-length:") {
        body.resize(length.parse().unwrap(), 0);
        reader.read_exact(&mut body).unwrap();
    } else if value("transfer-encoding:").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).unwrap();
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                break;
            }
        }
    }
    (head, String::from_utf8(body).unwrap())
}

/// What is allocated for a call.
struct Counted {
    allocations: u64,
    bytes: u64,
}

/// What this thread allocates a call while another one talks to the gateway that runs here.
fn count(
    runtime: &Runtime,
    calls: u64,
    mut ask: impl FnMut(&Value) -> Value + Send + 'static,
) -> Counted {
    let (batches, wanted) = channel::<oneshot::Sender<()>>();
    let client = std::thread::spawn(move || {
        let mut request = |id: u64, method: &str, params: Value| {
            let text = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
            let answer = ask(&text);
            assert!(answer["result"].is_object(), "{answer}");
            assert_ne!(answer["result"]["isError"], true, "{answer}");
        };
        let info = json!({ "name": "test", "version": "1" });
        let opening =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        request(0, "initialize", opening);
        let mut ids = 1..;
        while let Ok(done) = wanted.recv() {
            for id in ids.by_ref().take(usize::try_from(calls).unwrap()) {
                let call = json!({ "name": "echo.echo", "arguments": { "text": "well" } });
                request(id, "tools/call", call);
            }
            done.send(()).unwrap();
        }
    });
    batch(runtime, &batches); // connections and tables have their size after it
    let counted: Vec<_> = (0..BATCHES).map(|_| batch(runtime, &batches)).collect();
    drop(batches);
    client.join().unwrap();
    let least = |of: fn(&AllocationInfo) -> u64| counted.iter().map(of).min().unwrap() / calls;
    Counted { allocations: least(|it| it.count_total), bytes: least(|it| it.bytes_total) }
}

fn batch(runtime: &Runtime, batches: &Sender<oneshot::Sender<()>>) -> AllocationInfo {
    let (done, over) = oneshot::channel();
    batches.send(done).unwrap();
    allocation_counter::measure(|| {
        runtime.block_on(async { tokio::time::timeout(PATIENCE, over).await }).unwrap().unwrap();
    })
}

/// A gateway with this one server, `echo`, and a folder of its own.
fn configured(server: &Value) -> (tempfile::TempDir, config::Config) {
    let folder = tempfile::tempdir().unwrap();
    let text = json!({
        "listen": "127.0.0.1:0",
        "state_dir": folder.path().join("state"),
        "servers": { "echo": server },
    });
    let config = config::parse(&text.to_string(), Format::Json, &Env::default()).unwrap();
    (folder, config)
}

fn process() -> Value {
    json!({ "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": ["simulate"] })
}

/// A server over HTTP, which ends with its stdin, and its URL.
fn http_server(flags: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
        .args(["simulate", "--transport", "http", "--until-eof", "--max-life", "300"])
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().trim_start_matches("listening on ").to_owned())
}
