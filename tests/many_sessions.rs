//! A thousand sessions, one of which never reads what it is told, asked and answered: it alone misses
//! something, and the gateway stays small.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "many_sessions/member.rs"]
mod member;
#[allow(dead_code)]
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;

use futures_util::{StreamExt, stream};
use member::Member;
use peer::Control;
use process::{PATIENCE, Process, Setup, call, call_with_progress, parse, request};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

const SESSIONS: usize = 1000;
/// Descriptors beside one a session, here and in the gateway.
const SPARE: u64 = 600;
/// Members that do something at the same time.
const AT_ONCE: usize = 32;
/// Longest time any call of a neighbour may take.
const SOON: Duration = Duration::from_secs(20);
/// Progress of each call of the one that does not read: far more than fits into what is kept for it.
const STEPS: usize = 80_000;
const FLOODS: usize = 2;
const QUESTIONS: usize = 12;
/// Far less than all that progress takes. Of it the streams of the calls keep 1 MiB each; the rest is what
/// may be kept for clients that come back, and what the system's allocator does with all of that.
const GROWTH: u64 = 64_000_000;

/// As many sessions as wanted, or as the system has descriptors for.
fn sessions() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // for the gateway, too, which inherits it
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let allowed = limit.maximum.unwrap_or(u64::MAX).saturating_sub(SPARE);
    assert!(allowed >= 100, "too few descriptors for a crowd: {limit:?}");
    usize::try_from(allowed).unwrap_or(SESSIONS).min(SESSIONS)
}

/// Has everybody call a tool, some at the same time; how long that took the slowest.
async fn calls(members: &[Member]) -> Duration {
    let calls = members.iter().enumerate().map(async |(number, member)| {
        let begun = Instant::now();
        let text = format!("of {number}");
        let call = call("7", "s.echo", &json!({ "text": text }).to_string());
        let answer = member.answer(&call).await;
        assert_eq!(answer["result"]["content"][0]["text"], text, "{answer}");
        begun.elapsed()
    });
    let took: Vec<Duration> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
    took.into_iter().max().unwrap()
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let holds = async {
        while !so().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, holds).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// The most memory of a process at any moment it was looked at.
fn watched(process: Process) -> Arc<AtomicU64> {
    let most = Arc::new(AtomicU64::new(process.memory()));
    let seen = Arc::downgrade(&most);
    std::thread::spawn(move || {
        while let Some(most) = seen.upgrade().filter(|_| process.runs()) {
            most.fetch_max(process.memory(), Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    most
}

/// What a server changes all the time until told to stop: its tools and a resource.
fn changes(mut control: Control, witness: &Member, stop: &AtomicBool) -> usize {
    let mut made = 0;
    while !stop.load(Ordering::SeqCst) {
        let before = witness.changes();
        let change = if made % 2 == 0 { "add-tool" } else { "remove-tool" };
        control.order(&format!("{change} sometimes"));
        control.order("update x://1");
        process::until("a change is told", || witness.changes() > before);
        made += 1;
    }
    made
}

/// What a connection has, to its end: the messages in it.
async fn rest(mut stream: TcpStream) -> Vec<Value> {
    let mut text = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut text)).await;
    read.expect("it does not end").unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| !data.is_empty()).map(parse).collect()
}

/// A client that never reads, and all it has open.
struct Stuck {
    client: Member,
    events: TcpStream,
    floods: Vec<TcpStream>,
    questions: Vec<TcpStream>,
}

impl Stuck {
    /// It wants to know everything, and makes calls that report much and calls that ask it something.
    async fn open(address: SocketAddr) -> Self {
        let client = Member::open(address, &json!({ "elicitation": {} })).await;
        let events = client.neglect(None).await;
        client.answer(&request("1", "logging/setLevel", r#"{"level":"debug"}"#)).await;
        client.answer(&request("2", "resources/subscribe", r#"{"uri":"x://1"}"#)).await;
        let (mut floods, mut questions) = (Vec::new(), Vec::new());
        for number in 0..FLOODS {
            let id = number.to_string();
            floods.push(client.neglect(Some(&call_with_progress(&id, "n.echo", &id))).await);
        }
        for number in 0..QUESTIONS {
            let call = call(&format!("\"q{number}\""), "n.ask", "{}");
            questions.push(client.neglect(Some(&call)).await);
        }
        Self { client, events, floods, questions }
    }

    /// Reads at last. What was held back for it comes now: of progress the newest, and every answer.
    async fn reads(self) {
        for (number, flood) in self.floods.into_iter().enumerate() {
            let mut messages = rest(flood).await;
            let answer = messages.pop().unwrap();
            assert_eq!(answer["id"], number, "{answer}");
            let progress = |message: &Value| message["params"]["progress"].as_u64().unwrap();
            assert!(messages.is_sorted_by_key(progress));
            assert_eq!(messages.last().map(progress), Some(STEPS as u64));
            assert!(messages.len() < STEPS, "the client was not slow enough");
        }
        self.client.leave().await;
        for question in self.questions {
            let asked = rest(question).await;
            assert!(asked.iter().any(|it| it["method"] == "elicitation/create"), "{asked:?}");
        }
        let told = rest(self.events).await;
        for kind in ["message", "resources/updated", "tools/list_changed"] {
            let method = format!("notifications/{kind}");
            assert!(told.iter().any(|it| it["method"] == *method), "{method}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_takes_nothing_from_a_thousand_others() {
    let sessions = sessions();
    let config = json!({
        "limits": { "max_connections": sessions + 200 },
        "http": { "resume": { "max_total_bytes": "8MiB" } },
    });
    let noisy = format!("--era modern --input-tool ask --progress {STEPS} --list-changed-rate 200");
    let setup = Setup::new(config)
        .server("s", "--log-messages --resource x://1 --control 127.0.0.1:0", json!({}))
        .server("n", &noisy, json!({ "max_in_flight": FLOODS + QUESTIONS }));
    let gateway = setup.serve();
    let address = gateway.address();
    let opening = (1..sessions).map(|_| async move {
        let member = Member::open(address, &json!({})).await;
        member.listen().await;
        member
    });
    let others: Vec<Member> = stream::iter(opening).buffer_unordered(AT_ONCE).collect().await;
    until("both servers are there", async || {
        let listed = others[0].answer(&request("1", "tools/list", "{}")).await.to_string();
        listed.contains("s.echo") && listed.contains("n.ask")
    })
    .await;
    calls(&others).await;
    let before = gateway.process().memory();
    let most = watched(gateway.process());

    let stuck = Stuck::open(address).await;
    let stop = Arc::<AtomicBool>::default();
    let storm = tokio::task::spawn_blocking({
        let (control, witness) = (Control::take(setup.control("s")), others[0].clone());
        let stop = Arc::clone(&stop);
        move || changes(control, &witness, &stop)
    });
    until("all calls of the stuck one are at work", async || {
        setup.received("n", "tools/call").len() == FLOODS + QUESTIONS
    })
    .await;
    for _round in 0..2 {
        let slowest = calls(&others).await;
        assert!(slowest < SOON, "a call took {slowest:?}");
    }
    stop.store(true, Ordering::SeqCst);
    let made = storm.await.unwrap();
    assert!(made > 1);
    let told: Vec<usize> = others.iter().map(Member::changes).collect();
    Control::take(setup.control("s")).order("add-tool last");
    until("everybody hears of one more change", async || {
        others.iter().zip(&told).all(|(member, told)| member.changes() > *told)
    })
    .await;

    stuck.reads().await;
    assert!(others.iter().all(|member| !member.is_cut()), "a neighbour was cut");
    let grown = most.load(Ordering::SeqCst) - before;
    assert!(grown < GROWTH, "grew from {before} by {grown} bytes");
}
