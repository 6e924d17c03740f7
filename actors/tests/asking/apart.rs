//! Connections of one's own, as everybody else sees them.

use crate::client::{Client, able};
use crate::server::Server;
use mcpvisor_actors::server::{ServerName, ServerSpec, Sharing};
use mcpvisor_actors::timeline::{Event, TimelineStore};
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Remembers of which servers there are timelines.
#[derive(Default)]
struct Names(Mutex<BTreeSet<String>>);

impl TimelineStore for Names {
    fn load(&self, _: &ServerName) -> Vec<Event> {
        Vec::new()
    }

    fn append(&self, server: &ServerName, _: &[Event]) -> io::Result<()> {
        self.0.lock().unwrap().insert(server.to_string());
        Ok(())
    }
}

#[tokio::test]
async fn what_happens_at_a_connection_of_ones_own_is_told_of_its_server() {
    let (mut server, spec) = Server::new();
    let (names, sharing) = (Arc::new(Names::default()), Sharing::Session);
    let spec = GatewaySpec {
        servers: vec![ServerSpec { sharing, ..spec }],
        timeline_store: Arc::clone(&names) as Arc<dyn TimelineStore>,
        ..GatewaySpec::default()
    };
    let gateway = Gateway::start(spec).await.expect("a tree");
    let _shared = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    client.calls("1");
    server.ready().await.hears_of("tools/call").await;
    gateway.stop(Duration::from_secs(5)).await;
    assert_eq!(*names.0.lock().unwrap(), BTreeSet::from(["s".to_owned()]));
}
