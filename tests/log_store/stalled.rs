//! Nobody reads stderr, or the disk stalls: calls are as fast as before.

use crate::faces::{Client, Face};
use crate::running::{Heard, PATIENCE, Place, Running, faulty};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr};
use std::time::{Duration, Instant};

/// Orders that change nothing, each with a line of the log.
const ORDERS: usize = 12_000;

/// A gateway whose stderr nobody reads.
fn serve(place: &Place) -> (Child, ChildStderr, SocketAddr) {
    let config = place.text("config.json");
    let args = ["serve", "--config", &config, "--listen", "127.0.0.1:0"];
    let mut child = place.command(&args).spawn().unwrap();
    let said = Heard::of(child.stdout.take().unwrap()).until("/mcp");
    let url = said.split("http://").nth(1).unwrap();
    let address = url.split('/').next().unwrap().parse().unwrap();
    let stderr = child.stderr.take().unwrap();
    (child, stderr, address)
}

/// Makes the gateway log a lot.
fn make_noise(address: SocketAddr) {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answers = BufReader::new(socket.try_clone().unwrap()).lines();
    let writer = std::thread::spawn(move || {
        let order = format!(
            "PATCH /api/v1/monitor HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n"
        );
        (0..ORDERS).for_each(|_| socket.write_all(order.as_bytes()).unwrap());
    });
    for _ in 0..ORDERS {
        let done = answers.find(|line| line.as_ref().unwrap().contains("HTTP/1.1 200"));
        assert!(done.is_some(), "each is answered");
    }
    writer.join().unwrap();
}

/// How long calls take, the shortest first.
fn calls(client: &mut Client) -> Vec<Duration> {
    let mut took: Vec<Duration> = (0..60)
        .map(|_| {
            let start = Instant::now();
            client.still_works("s.echo", "a stall");
            start.elapsed()
        })
        .collect();
    took.sort();
    took
}

fn assert_flat(before: &[Duration], during: &[Duration]) {
    let (usual, now) = (before[before.len() / 2], during[during.len() / 2]);
    assert!(now < usual * 5 + Duration::from_millis(25), "{usual:?} became {now:?}");
    assert!(during[during.len() - 1] < Duration::from_secs(2), "{during:?}");
}

#[test]
fn while_nobody_reads_stderr_calls_are_as_fast_and_the_lost_lines_are_told() {
    let place = Place::with(&json!({ "servers": { "s": faulty(&[]) } }));
    let (child, stderr, address) = serve(&place);
    let running = Running::adopt(child, address, place);
    let mut client = Client::open(Face::Http, &running);
    let before = calls(&mut client);
    make_noise(address);
    let during = calls(&mut client);
    assert_flat(&before, &during);
    let said = Heard::of(stderr);
    said.until("log lines were left out");
    running.stop();
    let mut told = 0;
    for line in said.whole().lines() {
        let event: Value = serde_json::from_str(line).expect(line);
        if event["message"].as_str().unwrap().starts_with("log lines were left out") {
            told += event["count"].as_u64().unwrap();
        }
    }
    assert!(told > 1_000, "{told}");
    assert!(said.whole().contains("\"stopped\""), "the end is told");
}

#[test]
fn while_the_disk_stalls_calls_are_as_fast_and_the_lost_entries_are_told() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    let mut client = Client::open(Face::Http, &running);
    let before = calls(&mut client);
    let disk = Connection::open(running.place.path("state/logs/logs.db")).unwrap();
    disk.busy_timeout(PATIENCE).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    make_noise(running.address);
    let during = calls(&mut client);
    assert_flat(&before, &during);
    disk.execute_batch("COMMIT").unwrap();
    crate::running::eventually("it is told", || {
        let found = super::served::logs(&running, "text=were%20left%20out&source=gateway");
        found.iter().any(|log| log["fields"]["leftOut"].as_u64() > Some(1_000))
    });
}
