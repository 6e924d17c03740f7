//! The bench from the command line.

use crate::running::{Heard, Running, faulty};
use crate::{call, until_ready};
use serde_json::{Value, json};

#[test]
fn the_command_line_sends_a_message_and_watches_its_frames() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    until_ready(&running, "s");
    let url = format!("http://{}", running.address);
    let mut watches: Vec<_> = [&["--json"][..], &[]]
        .iter()
        .map(|more| {
            let args = [&["frames", "s", "--url", &url], *more].concat();
            let mut child = running.place.command(&args).spawn().unwrap();
            let heard = Heard::of(child.stdout.take().unwrap());
            (child, heard)
        })
        .collect();
    let message = call(&json!("mine"), "hello").to_string();
    // a watcher may not have begun yet, so it is said until both have heard it
    crate::eventually("both watch", || {
        let sent = running.place.run(&["send", "s", &message, "--url", &url, "--frames"]);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let answer: Value = serde_json::from_str(&sent.stdout).unwrap();
        assert_eq!((&answer["id"], &answer["jsonrpc"]), (&json!("mine"), &json!("2.0")));
        assert_eq!(answer["result"]["content"][0]["text"], "hello");
        assert!(
            sent.stderr.contains("→ tools/call") && sent.stderr.contains("← answer"),
            "{sent:?}"
        );
        watches.iter().all(|(_, heard)| heard.so_far().contains("hello"))
    });
    let frame: Value = serde_json::from_str(watches[0].1.so_far().lines().next().unwrap()).unwrap();
    assert_eq!((&frame["kind"], &frame["direction"]), (&json!("request"), &json!("out")));
    assert!(watches[1].1.so_far().contains("→ tools/call "), "{}", watches[1].1.so_far());
    let unknown = running.place.run(&["send", "t", &message, "--url", &url]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("there is no server `t`"), "{unknown:?}");
    let torn = running.place.run(&["send", "s", "{torn", "--url", &url]);
    assert_eq!((torn.code, torn.stdout.as_str()), (Some(64), ""), "{torn:?}");
    assert!(running.stop().success());
    for (child, _) in &mut watches {
        assert!(crate::running::wait(child).success(), "the gateway stopped in order");
    }
}
