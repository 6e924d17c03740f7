//! Starting small servers written in `sh`, and looking at processes.

use bytes::Bytes;
use mcpvisor::downstream::{Custodian, StdioConnector, StdioTarget};
use mcpvisor_actors::server::{Connector, Inbound, Loss, Outbound, OutboundKind, Transport};
use mcpvisor_actors::wire::{Kind, Limits};
use rustix::process::{Pid, test_kill_process, test_kill_process_group};
use std::future::poll_fn;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// Nothing here takes this long, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn custodian() -> Custodian {
    Custodian::new(PathBuf::from(env!("CARGO_BIN_EXE_mcpvisor")))
}

/// A server that is this script.
pub(crate) fn script(text: &str) -> StdioTarget {
    StdioTarget {
        command: "sh".into(),
        args: vec!["-c".into(), text.into()],
        env: std::collections::BTreeMap::new(),
        cwd: None,
        stop_grace: Duration::from_millis(300),
        limits: Limits::default(),
    }
}

pub(crate) async fn connect(target: StdioTarget) -> Result<Box<dyn Transport>, Loss> {
    let connector = StdioConnector::new(target, custodian());
    timeout(PATIENCE, connector.connect()).await.expect("a start takes no time")
}

pub(crate) async fn start(text: &str) -> Box<dyn Transport> {
    connect(script(text)).await.expect("sh starts")
}

pub(crate) fn request(id: u64, size: usize) -> Outbound {
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","x":"{}"}}"#, "x".repeat(size));
    let kind = OutboundKind::Request { id, initialize: false };
    Outbound::new(Bytes::from(text), kind)
}

pub(crate) async fn next(transport: &mut Box<dyn Transport>) -> Inbound {
    let heard = poll_fn(|context| transport.poll_next(context));
    timeout(PATIENCE, heard).await.expect("something is heard")
}

/// The next thing heard must be a message; its id, or its method.
pub(crate) async fn message(transport: &mut Box<dyn Transport>) -> String {
    match next(transport).await {
        Inbound::Message { message, .. } => match message.kind() {
            Kind::Response { id: Some(id), .. } => id.to_string(),
            Kind::Notification { method } => method.to_string(),
            other => panic!("unexpected {other:?}"),
        },
        other => panic!("no message but {other:?}"),
    }
}

/// The next thing heard must be the end.
pub(crate) async fn lost(transport: &mut Box<dyn Transport>) -> Loss {
    match next(transport).await {
        Inbound::Lost(loss) => loss,
        other => panic!("not lost but {other:?}"),
    }
}

pub(crate) fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

pub(crate) fn group_of(transport: &dyn Transport) -> Pid {
    pid(transport.process_id().expect("a child"))
}

/// Whether the process runs; a zombie does not.
pub(crate) fn runs(process: Pid) -> bool {
    let zombie = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")));
    test_kill_process(process).is_ok() && !zombie
}

pub(crate) fn group_exists(group: Pid) -> bool {
    test_kill_process_group(group).is_ok()
}

pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}
