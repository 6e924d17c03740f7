//! At the cap a new session takes the place of the one nobody used for the longest time.

use crate::client::Client;
use crate::process::{Setup, call, request, until};
use serde_json::{Value, json};

const REVISION: &str = "2025-11-25";

fn limited(sessions: usize, yields_after: &str, flags: &str) -> Setup {
    let limits: Value = json!({ "max_sessions": sessions, "session_yields_after": yields_after });
    Setup::new(json!({ "limits": limits })).server("s", flags, json!({}))
}

fn lives(client: &Client) -> bool {
    client.ask_status(&request("1", "ping", "{}")) == 200
}

/// Opens a session as soon as there is room.
fn open_soon(gateway: &crate::process::Gateway) -> Client {
    crate::process::eventually("there is room", || {
        Client::try_open(gateway.address(), REVISION).ok()
    })
}

#[test]
fn the_least_recently_used_session_makes_room() {
    let setup = limited(3, "200ms", "");
    let gateway = setup.serve();
    let open = || Client::open(gateway.address(), REVISION);
    let (first, second, third) = (open(), open(), open());
    assert!(lives(&first));
    let fourth = open_soon(&gateway);
    let left = [&first, &third, &fourth].map(lives);
    assert_eq!(left, [true; 3]);
    assert!(!lives(&second));
}

#[test]
fn a_session_in_use_never_makes_room() {
    let setup = limited(3, "100ms", "--delay 600000");
    let gateway = setup.serve();
    let open = || Client::open(gateway.address(), REVISION);
    let (calling, listening, _idle) = (open(), open(), open());
    let _response = calling.post(&call("1", "s.echo", "{}"), "text/event-stream");
    until("it is at the server", || setup.received("s", "tools/call").len() == 1);
    let mut stream = listening.get(None);
    stream.wait_for(1);
    // each takes the place of the idle one before it
    for _ in 0..3 {
        drop(open_soon(&gateway));
    }
    assert!(lives(&calling) && lives(&listening));
    assert_eq!(setup.received("s", "notifications/cancelled"), Vec::<String>::new());
}

#[test]
fn sessions_just_used_are_not_ended_for_a_new_one() {
    let setup = limited(2, "10m", "");
    let gateway = setup.serve();
    let open = || Client::open(gateway.address(), REVISION);
    let both = [open(), open()];
    let Err(refused) = Client::try_open(gateway.address(), REVISION) else { panic!("a third") };
    assert_eq!(refused.status(), 503);
    assert!(both.iter().all(lives));
}
