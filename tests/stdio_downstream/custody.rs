//! That no process is left behind, whatever happens.

use crate::support::*;
use mcpvisor::downstream::{StdioConnector, stop_bound};
use mcpvisor_actors::server::{Connector, Inbound, Transport};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A server that prepares itself, starts a grandchild, names it and then goes on as told.
async fn with_grandchild(first: &str, then: &str) -> (Box<dyn Transport>, Pid) {
    named_grandchild(start(&format!("{first}\nsleep 1000 & echo \"pid $!\"; {then}")).await).await
}

/// A server together with the grandchild it names first of all.
async fn named_grandchild(mut transport: Box<dyn Transport>) -> (Box<dyn Transport>, Pid) {
    let Inbound::Noise(noise) = next(&mut transport).await else { panic!("no pid") };
    let grandchild = noise.excerpt.trim_start_matches("pid ").parse().unwrap();
    (transport, pid(grandchild))
}

async fn close(transport: Box<dyn Transport>) -> Duration {
    let since = Instant::now();
    timeout(PATIENCE, transport.close()).await.expect("closing is bounded");
    since.elapsed()
}

#[tokio::test]
async fn a_child_that_exits_on_eof_is_closed_at_once_and_reaped() {
    let mut target = script("read x");
    target.stop_grace = PATIENCE * 2;
    let transport = connect(target).await.unwrap();
    let group = group_of(&*transport);
    close(transport).await;
    assert!(!group_exists(group));
}

#[tokio::test]
async fn close_ends_a_child_that_ignores_term() {
    let (transport, grandchild) =
        with_grandchild("trap '' TERM", "while :; do sleep 0.01; done").await;
    let group = group_of(&*transport);
    let took = close(transport).await;
    assert!(took >= Duration::from_millis(600), "both graces were given, {took:?}");
    assert!(!runs(group) && !runs(grandchild));
}

#[tokio::test]
async fn close_lets_a_child_act_on_term() {
    let marker = tempfile::NamedTempFile::new().unwrap();
    let trap = format!("trap 'echo clean > {}; exit 0' TERM", marker.path().display());
    let (transport, _) = with_grandchild(&trap, "while :; do sleep 0.01; done").await;
    close(transport).await;
    assert_eq!(std::fs::read_to_string(marker.path()).unwrap(), "clean\n");
}

#[tokio::test]
async fn close_ends_a_stopped_child() {
    let (transport, grandchild) = with_grandchild("", "read x").await;
    let group = group_of(&*transport);
    kill_process_group(group, Signal::STOP).unwrap();
    close(transport).await;
    assert!(!runs(group) && !runs(grandchild));
}

#[tokio::test]
async fn close_ends_what_an_obedient_leader_left_behind() {
    let (transport, grandchild) = with_grandchild("", "read x").await;
    close(transport).await;
    assert!(!runs(grandchild));
}

#[tokio::test]
async fn closing_takes_no_longer_than_it_says_whatever_the_child_does() {
    let grace = Duration::from_millis(2500);
    assert_eq!(stop_bound(grace), Duration::from_secs(6));
    let (sleeper, deaf_sleeper) = ("sleep 1000", "(trap '' TERM; exec sleep 1000)");
    let deaf = "while :; do sleep 0.01; done";
    let closings = [
        ("stopped", sleeper, "kill -STOP $$".to_owned()),
        ("stopped and deaf to TERM", sleeper, "trap '' TERM; kill -STOP $$; read x".to_owned()),
        ("deaf to TERM", sleeper, format!("trap '' TERM; {deaf}")),
        ("obedient, its child is deaf to TERM", deaf_sleeper, "read x".to_owned()),
        // The leader uses up nearly all of both graces, and then its child would have one more.
        ("late", deaf_sleeper, format!("trap 'sleep 2.2; exit 0' TERM; {deaf}")),
    ]
    .map(|(name, child, then)| async move {
        let mut target = script(&format!("{child} & echo \"pid $!\"; {then}"));
        target.stop_grace = grace;
        let (transport, grandchild) = named_grandchild(connect(target).await.unwrap()).await;
        let group = group_of(&*transport);
        let took = close(transport).await;
        assert!(took <= stop_bound(grace), "{name}: {took:?}");
        assert!(!runs(group) && !runs(grandchild), "{name}");
    });
    futures_util::future::join_all(closings).await;
}

#[tokio::test]
async fn a_child_busy_talking_can_still_be_closed() {
    let transport =
        start("trap '' TERM; dd if=/dev/zero bs=65536 count=100 2>/dev/null | tr '\\0' x; exit 0")
            .await;
    let group = group_of(&*transport);
    close(transport).await;
    assert!(!group_exists(group));
}

#[tokio::test]
async fn dropping_the_transport_kills_the_whole_group_at_once() {
    let (transport, grandchild) = with_grandchild("trap '' TERM HUP", "read x; sleep 1000").await;
    let group = group_of(&*transport);
    drop(transport);
    until("the group is gone and reaped", || !group_exists(group) && !runs(grandchild)).await;
}

#[tokio::test]
async fn a_crashed_leader_does_not_leave_its_children() {
    let (mut transport, grandchild) = with_grandchild("", "exit 1").await;
    lost(&mut transport).await;
    until("the grandchild is gone", || !runs(grandchild)).await;
}

#[tokio::test]
async fn dropping_a_connect_leaves_nothing_behind() {
    let marker = tempfile::tempdir().unwrap();
    let custodian = custodian();
    for n in 0..20 {
        let text = format!("echo $$ > {}/{n}; exec sleep 1000", marker.path().display());
        let connector = StdioConnector::new(script(&text), custodian.clone());
        let impatient = timeout(Duration::from_micros(n * 200), connector.connect()).await;
        drop(impatient);
    }
    // The custodian works in order: once this one has started, the others have been dealt with.
    let connector = StdioConnector::new(script("read x"), custodian);
    let last = connector.connect().await.unwrap();
    for entry in std::fs::read_dir(marker.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        if let Ok(number) = text.trim().parse() {
            until("the abandoned child is gone", || !runs(pid(number))).await;
        }
    }
    drop(last);
}

/// A group of processes of its own, as a server would be; returns it with its grandchild.
fn group_in_the_wild() -> (Child, Pid) {
    let mut child = Command::new("sh")
        .args(["-c", "sleep 1000 & echo $!; sleep 1000"])
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, pid(line.trim().parse().unwrap()))
}

fn guard() -> Child {
    Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
        .arg("guard")
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn the_guard_kills_the_listed_groups_when_the_gateway_is_gone() {
    let (mut listed, grandchild) = group_in_the_wild();
    let (mut struck, bystander) = group_in_the_wild();
    kill_process_group(pid(listed.id()), Signal::STOP).unwrap();

    let mut guard = guard();
    let mut pipe = guard.stdin.take().unwrap();
    writeln!(pipe, "+{}\n+{}\n-{}", listed.id(), struck.id(), struck.id()).unwrap();
    drop(pipe); // what the kernel does for a gateway that is SIGKILLed
    assert!(guard.wait().unwrap().success());

    until("the listed group is gone", || !runs(pid(listed.id())) && !runs(grandchild)).await;
    listed.wait().unwrap();
    assert!(runs(bystander), "a group struck off the list is left alone");
    kill_process_group(pid(struck.id()), Signal::KILL).unwrap();
    struck.wait().unwrap();
}

/// The children of this process that run `mcpvisor guard`.
#[cfg(target_os = "linux")]
fn guards() -> Vec<Pid> {
    let me = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let stat = String::from_utf8_lossy(&read("stat")).into_owned();
        let parent =
            stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2)).map(str::to_owned);
        if parent.as_deref() == Some(&me) && read("cmdline").ends_with(b"\0guard\0") {
            found.push(pid(number));
        }
    }
    found
}

/// The gateway is this test program once more, running the one test below and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_gateway_leaves_no_grandchild_even_after_its_first_guard_died() {
    let mut gateway = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "custody::as_the_gateway_to_be_killed", "--nocapture"])
        .env("MCPVISOR_TEST_GATEWAY", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(gateway.stdout.take().unwrap());
    let line = output
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("processes "))
        .expect("the gateway to be killed names its processes");
    let numbers = line.rsplit("processes ").next().unwrap();
    let processes: Vec<Pid> = numbers.split(' ').map(|text| pid(text.parse().unwrap())).collect();
    assert!(processes.iter().all(|process| runs(*process)));

    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(until("all are gone", || !processes.iter().any(|process| runs(*process))));
}

/// The other half of the test above; does nothing by itself.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn as_the_gateway_to_be_killed() {
    if std::env::var_os("MCPVISOR_TEST_GATEWAY").is_none() {
        return;
    }
    // The kernel hangs up on orphaned stopped groups; only SIGKILL by the guard ends this one.
    let (transport, grandchild) = with_grandchild("trap '' HUP", "read x").await;
    let group = group_of(&*transport);
    until("a guard is there", || guards().len() == 1).await;
    let first = guards();
    kill_process(first[0], Signal::KILL).unwrap();
    until("another guard is there", || guards().iter().any(|it| *it != first[0] && runs(*it)))
        .await;
    kill_process_group(group, Signal::STOP).unwrap();
    let guard = guards()[0];
    let text = format!(
        "processes {} {} {}\n",
        group.as_raw_nonzero(),
        grandchild.as_raw_nonzero(),
        guard.as_raw_nonzero()
    );
    std::io::stdout().write_all(text.as_bytes()).unwrap();
    std::future::pending::<()>().await;
}
