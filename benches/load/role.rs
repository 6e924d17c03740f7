//! The bench as other processes: servers to call, floors to be measured against. It starts itself again with
//! a flag.
//!
//! *Invariant:* whatever was started ends when its starter does, because its stdin does.

use crate::{count, floor, line_origin, origin};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Builder;

/// Comes first among the arguments of a process that plays a role.
pub(crate) const FLAG: &str = "--role";

/// Plays the role that the arguments name, if they name one. What follows is for the role.
pub(crate) fn play() -> Option<Result<(), Box<dyn Error>>> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(FLAG) {
        return None;
    }
    let (role, rest) = (arguments.next().unwrap_or_default(), arguments.collect::<Vec<_>>());
    // one thread for what is called, as many as the gateway has for what is compared with it
    let one = || Builder::new_current_thread().enable_all().build();
    let many = || Builder::new_multi_thread().enable_all().build();
    Some(match role.as_str() {
        "count" => count::run(&rest),
        "lines" => line_origin::serve(&rest).map_err(Into::into),
        "origin" => one().map_err(Into::into).and_then(|it| it.block_on(origin::serve())),
        floor => many().map_err(Into::into).and_then(|it| it.block_on(floor::serve(floor, &rest))),
    })
}

/// What starts this program in a role.
pub(crate) fn arguments(role: &str, rest: &[&str]) -> Vec<String> {
    [FLAG, role].iter().chain(rest).map(|text| (*text).to_owned()).collect()
}

/// This program.
pub(crate) fn program() -> io::Result<String> {
    Ok(std::env::current_exe()?.to_string_lossy().into_owned())
}

/// A process that answers over its pipes; it ends when this is dropped.
pub(crate) fn lines() -> Result<(Child, ChildStdin, ChildStdout), Box<dyn Error>> {
    let mut child = Command::new(program()?)
        .args(arguments("lines", &[]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(stdin), Some(stdout)) => Ok((child, stdin, stdout)),
        _ => Err("the child has no pipes".into()),
    }
}

/// A process in a role that listens; it ends when this is dropped.
pub(crate) struct Listening {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Listening {
    pub(crate) async fn start(role: &str, rest: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(program()?)
            .args(arguments(role, rest))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).await?;
        }
        let address = line.trim().parse().map_err(|_| format!("{role} does not listen"))?;
        Ok(Self { child, address })
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

/// Ends this process when the one that started it is gone.
pub(crate) fn end_with_stdin() {
    tokio::spawn(async {
        // whatever ends the wait, the starter is gone
        let _ended = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
        std::process::exit(0);
    });
}
