//! Out of file descriptors the HTTP face waits for better times. Alone in its process: it changes a
//! limit of the whole of it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use mcpvisor::faces::{HttpEntrance, HttpSettings};
use mcpvisor_actors::ingress::Face;
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_face_without_a_descriptor_for_its_socket_tries_again() {
    let settings = HttpSettings { listen: ([127, 0, 0, 1], 0).into(), ..HttpSettings::default() };
    let entrance = HttpEntrance::bind(settings).unwrap();
    let address = entrance.local_addr();
    let faces: Vec<Arc<dyn Face>> = vec![Arc::new(entrance)];
    let gateway = Gateway::start(GatewaySpec { faces, ..GatewaySpec::default() }).await.unwrap();
    let ingress = || gateway.roster().find("gateway/ingress");
    let victim = ingress().unwrap();

    let usual = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), ..usual }).unwrap();
    victim.kill();
    let restarted = async {
        while ingress().is_none_or(|successor| successor.get_id() == victim.get_id()) {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, restarted).await.expect("the ingress is started again");
    // time for a face that gives up to say so
    let ended = timeout(Duration::from_millis(500), gateway.ended()).await;
    setrlimit(Resource::Nofile, usual).unwrap();
    assert!(ended.is_err(), "the gateway ended: {ended:?}");

    let served = async {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /livez HTTP/1.0\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert!(timeout(PATIENCE, served).await.unwrap().ends_with("ok"));
    assert!(gateway.stop(PATIENCE).await);
}
