//! Sessions as they are seen from outside.

use crate::client::{Client, able};
use crate::witness::{Witness, until};
use serde_json::json;
use std::time::{Duration, SystemTime};

#[tokio::test]
async fn sessions_are_told_as_they_stand_and_each_end_of_one_once() {
    let (gateway, mut server, witness) = Witness::default().gateway(|_| {}).await;
    let mut connection = server.ready().await;
    let client = Client::open(&gateway, able()).await;
    let fresh = gateway.clients().clone().through("stdio").open().await.expect("a session");
    client.calls("1");
    connection.hears_of("tools/call").await;
    let sessions = gateway.fleet().sessions();
    let [first, second] = &sessions[..] else { panic!("{sessions:?}") };
    assert_eq!((&*first.id, first.face), (client.session.id(), "api"));
    let named = first.client.as_ref().map(|client| (&*client.name, &*client.version));
    assert_eq!((named, first.revision), (Some(("c", "1")), Some("2025-11-25")));
    assert_eq!((first.in_flight, first.listening, &*first.view), (1, true, ""));
    assert!(first.opened <= SystemTime::now());
    assert_eq!((&*second.id, second.face), (fresh.id(), "stdio"));
    assert_eq!((&second.client, second.revision), (&None, None));
    assert_eq!((second.in_flight, second.listening), (0, false));

    let call = json!({ "requestId": "1" });
    client.says(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": call }));
    let over = || (gateway.fleet().sessions()[0].in_flight == 0).then_some(());
    until("its call is over", over).await;
    assert!(gateway.fleet().end_session(fresh.id()));
    assert!(!gateway.fleet().end_session(fresh.id()));
    let over = || witness.sessions.lock().unwrap().first().cloned();
    let over = until("its end", over).await;
    assert_eq!((&*over.session, over.face, over.revision), (fresh.id(), "stdio", None));
    assert_eq!(gateway.fleet().sessions().len(), 1);
    gateway.stop(Duration::from_secs(5)).await;
    let over = witness.sessions.lock().unwrap();
    assert_eq!(over.len(), 2);
    assert_eq!((&*over[1].session, over[1].revision), (client.session.id(), Some("2025-11-25")));
}
