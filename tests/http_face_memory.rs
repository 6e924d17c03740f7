//! A huge body costs the gateway no memory. Alone in its process: it looks at the whole of it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/bare.rs"]
mod bare;

use mcpvisor::faces::{HttpFace, HttpSettings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_hundred_megabytes_grow_the_gateway_by_less_than_twenty() {
    let settings = HttpSettings { listen: ([127, 0, 0, 1], 0).into(), ..HttpSettings::default() };
    let face = HttpFace::new(bare::clients(1).await, settings);
    let router = face.router();
    let server = face.bind(router).unwrap();
    let address = server.local_addr();
    tokio::spawn(server.serve(std::future::pending()));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let before = peak_memory();
    for framing in ["content-length: 104857600", "transfer-encoding: chunked"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             {framing}\r\n\r\n"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        let (mut reading, mut writing) = client.split();
        let sending = async {
            // refused in the middle; the gateway may close while we still send
            for _ in 0..1600 {
                if writing.write_all(chunk.as_bytes()).await.is_err() {
                    break;
                }
            }
        };
        let mut status = [0; 12];
        let (_sent, read) = tokio::join!(sending, reading.read_exact(&mut status));
        read.unwrap();
        assert_eq!(&status, b"HTTP/1.1 413", "{framing}");
    }
    let grown = peak_memory() - before;
    assert!(grown < 20_000_000, "grew by {grown} bytes");
}

/// The most memory this process ever had resident, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
