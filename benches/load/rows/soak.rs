//! Row 10: half load for a while, with a fault a minute.
//!
//! Four servers over pipes are killed and frozen by their process ids, one over HTTP is cut off through its
//! control port. A short soak has its faults more often, and says less.

mod samples;

use super::{Lines, Settings};
use crate::gateway::{self, Gateway, simulated};
use crate::goals::Bound::AtMost;
use crate::goals::Line;
use crate::http::HttpSession;
use crate::measure;
use crate::work::{Load, What};
use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use samples::Samples;
use serde_json::json;
use std::cell::Cell;
use std::error::Error;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const OVER_PIPES: [&str; 4] = ["a", "b", "c", "d"];
/// Sessions that call each server.
const CALLERS: usize = 4;
/// No call may take so long: the gateway answers it after 55 s at the latest.
const UNANSWERED: Duration = Duration::from_secs(70);
/// How long a frozen server is frozen and a cut one away.
const FAULTY: Duration = Duration::from_secs(3);

/// What became of the calls.
#[derive(Default)]
struct Sums {
    answered: Cell<usize>,
    failed: Cell<usize>,
    unanswered: Cell<usize>,
}

pub(super) async fn soak(settings: &Settings) -> Lines {
    let remote = Remote::start().await?;
    let mut servers = json!({ "remote": { "url": format!("http://{}/mcp", remote.address) } });
    for name in OVER_PIPES {
        servers[name] = simulated("--tools 5");
    }
    let gateway = Gateway::start(&json!({ "servers": servers })).await?;
    let (sums, faults) = (Sums::default(), Cell::new(0_u32));
    let names = OVER_PIPES.iter().chain(&["remote"]);
    let callers: Vec<_> = names
        .flat_map(|name| (0..CALLERS).map(move |_| name))
        .map(|name| keep_calling(&gateway, format!("{name}.echo"), &sums))
        .collect();
    let every = (settings.soak / 8).min(Duration::from_secs(60));
    let mut samples = Samples::default();
    tokio::select! {
        done = samples.take(gateway.pid(), settings.soak) => done,
        done = harm(&gateway, &remote, every, &faults) => done?,
        _ = join_all(callers) => {}
    }
    let calls = format!(
        "{}, {} faults, {} answered, {} with an error",
        humantime::format_duration(settings.soak),
        faults.get(),
        sums.answered.get(),
        sums.failed.get()
    );
    #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
    let unanswered = sums.unanswered.get() as f64;
    let mut lines = vec![
        Line::figure(10, "soak with faults: unanswered", AtMost(0.0), unanswered, "calls"),
        Line::told(10, "soak with faults: what was done", calls),
    ];
    lines.extend(samples.lines());
    Ok(lines)
}

/// Calls at half load: rests after each call as long as it took.
async fn keep_calling(gateway: &Gateway, tool: String, sums: &Sums) {
    let add = |sum: &Cell<usize>, number| sum.set(sum.get() + number);
    loop {
        let Ok(mut session) = HttpSession::open(gateway.address, &tool).await else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let one = Load { rest: 1, ..Load::new(1, 1, What::Echo(100)) };
        while let Ok(Ok(batch)) = timeout(UNANSWERED, session.run(&one)).await {
            add(&sums.answered, batch.latencies.len());
            add(&sums.failed, batch.failed);
        }
        add(&sums.unanswered, 1);
    }
}

/// One fault after the other: a server is killed, one is frozen for a while, one is cut off for a while.
async fn harm(
    gateway: &Gateway,
    remote: &Remote,
    every: Duration,
    faults: &Cell<u32>,
) -> Result<(), Box<dyn Error>> {
    for number in 0.. {
        sleep(every.saturating_sub(FAULTY)).await;
        let victim = |nth: usize| {
            let simulated = |pid: &u32| measure::arguments(*pid).contains(" simulate ");
            let children: Vec<u32> =
                measure::children(gateway.pid()).into_iter().filter(simulated).collect();
            children
                .get(nth % children.len().max(1))
                .and_then(|pid| Pid::from_raw(pid.cast_signed()))
        };
        match number % 3 {
            0 => {
                send(victim(number), Signal::KILL);
                sleep(FAULTY).await;
            }
            1 => {
                let victim = victim(number);
                send(victim, Signal::STOP);
                sleep(FAULTY).await;
                send(victim, Signal::CONT);
            }
            _ => {
                remote.tell("refuse").await?;
                sleep(FAULTY).await;
                remote.tell("listen").await?;
            }
        }
        faults.set(faults.get() + 1);
    }
    Ok(())
}

/// Sends a signal; a process that is gone already has its fault.
fn send(victim: Option<Pid>, signal: Signal) {
    let _gone = victim.map(|pid| kill_process(pid, signal));
}

/// A server over HTTP that can be cut off.
struct Remote {
    _child: Child,
    address: SocketAddr,
    control: SocketAddr,
}

impl Remote {
    async fn start() -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(gateway::program())
            .args([
                "simulate",
                "--transport",
                "http",
                "--control",
                "127.0.0.1:0",
                "--until-eof",
                "--max-life",
                "7200",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut said = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
        let mut heard = async |before: &str| {
            let line = said.next_line().await?.ok_or("the server ended")?;
            let (_, rest) = line.split_once(before).ok_or("the server says something else")?;
            Ok::<_, Box<dyn Error>>(
                rest.split('/').next().unwrap_or_default().parse::<SocketAddr>()?,
            )
        };
        let (address, control) = (heard("http://").await?, heard("control on ").await?);
        Ok(Self { _child: child, address, control })
    }

    /// A command for its control port.
    async fn tell(&self, command: &str) -> Result<(), Box<dyn Error>> {
        let mut stream = BufReader::new(TcpStream::connect(self.control).await?);
        stream.get_mut().write_all(format!("{command}\n").as_bytes()).await?;
        let mut answer = String::new();
        timeout(Duration::from_secs(5), stream.read_line(&mut answer)).await??;
        Ok(())
    }
}
