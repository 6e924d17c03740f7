//! The control port: a line is a command, a line is its answer.
//!
//! It has threads of its own, so that a frozen server can be told to go on.
//!
//! *Invariant:* a command is done when its answer begins with `ok`; a peer that speaks nonsense
//! (a browser, for one) is not listened to any further.

mod command;

use super::fault::{Fault, Reach};
use super::lines::complain;
use super::server::Server;
use super::{background, end};
use command::{Command, CommandError};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Longest command.
const LONGEST: u64 = 4096;
/// Longest wait for the loop of HTTP to follow.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is left to do once the answer is written.
enum Then {
    Nothing,
    Close,
    Exit(u8),
    Kill,
    Freeze,
}

/// Obeys whoever connects.
pub(super) fn listen(server: &Arc<Server>, listener: TcpListener) {
    let server = Arc::clone(server);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => {
                    let server = Arc::clone(&server);
                    // a peer that has gone needs no answers
                    std::thread::spawn(move || drop(obey(&server, &stream)));
                }
                Err(error) => complain(&format!("error: nobody can take control: {error}")),
            }
        }
    });
}

fn obey(server: &Arc<Server>, mut stream: &TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.by_ref().take(LONGEST).read_line(&mut line)? > 0 {
        let done = command::parse(&line).and_then(|command| execute(server, command));
        let (answer, then) = match done {
            Ok((answer, then)) => (answer, then),
            Err(error) => {
                let then = match error {
                    CommandError::Unknown(_) => Then::Close,
                    _ => Then::Nothing,
                };
                (format!("error {error}"), then)
            }
        };
        stream.write_all(format!("{answer}\n").as_bytes())?;
        match then {
            Then::Nothing => {}
            Then::Close => break,
            Then::Exit(code) => std::process::exit(code.into()),
            Then::Kill => end::kill(),
            Then::Freeze => end::stop(),
        }
        line.clear();
    }
    Ok(())
}

fn execute(server: &Arc<Server>, command: Command) -> Result<(String, Then), CommandError> {
    let ok = |then| Ok(("ok".to_owned(), then));
    match command {
        Command::Set(changes) => {
            for (fault, _) in &changes {
                permitted(server, *fault)?;
            }
            server.faults.set(&changes);
            if changes.contains(&(Fault::FreezeOnCall, None)) {
                server.speak_again();
            }
        }
        Command::Clear(one) => {
            if let Some(fault) = one {
                permitted(server, fault)?;
            }
            server.faults.clear(one);
            if one.is_none_or(|fault| fault == Fault::FreezeOnCall) {
                server.speak_again();
            }
        }
        Command::Status => return Ok((format!("ok {}", status(server)), Then::Nothing)),
        Command::Quit => return ok(Then::Close),
        Command::Exit(code) => return ok(Then::Exit(code)),
        Command::Kill => return ok(Then::Kill),
        Command::Freeze => return ok(Then::Freeze),
        Command::SessionLoss if server.is_stdio() => {
            return Err(CommandError::NeedsHttp("session-loss"));
        }
        Command::SessionLoss => {
            server.offers.watch_nothing();
            server.sessions.forget_all();
        }
        Command::AddTool(name) => {
            server.tools.add(&name);
            tell_change(server);
        }
        Command::RemoveTool(name) => {
            server.tools.remove(&name);
            tell_change(server);
        }
        Command::ListChanged => tell_change(server),
        Command::AddPrompt(name) => {
            server.offers.add_prompt(&name);
            tell(server, |server| server.changed("prompts"));
        }
        Command::AddResource(uri) => {
            server.offers.add_resource(&uri);
            tell(server, |server| server.changed("resources"));
        }
        Command::RemoveResource(uri) => {
            server.offers.remove_resource(&uri);
            tell(server, |server| server.changed("resources"));
        }
        Command::EndListens => tell(server, super::modern::end_listens),
        Command::Update(uri) => tell(server, move |server| server.updated(&uri)),
    }
    background::start(server);
    settled(server)?;
    ok(Then::Nothing)
}

/// A client that does not read holds up its own thread only.
fn tell<T: Send + 'static>(server: &Arc<Server>, what: impl FnOnce(&Server) -> T + Send + 'static) {
    let server = Arc::clone(server);
    std::thread::spawn(move || what(&server));
}

fn tell_change(server: &Arc<Server>) {
    tell(server, Server::tools_changed);
}

/// Whether a fault can be switched here and now.
fn permitted(server: &Server, fault: Fault) -> Result<(), CommandError> {
    let row = fault.row();
    match row.reach {
        Reach::Start => Err(CommandError::StartOnly(row.name)),
        Reach::Http if server.is_stdio() => Err(CommandError::NeedsHttp(row.name)),
        Reach::Http | Reach::Any => Ok(()),
    }
}

/// Waits until the loop of HTTP is as it should be. A frozen one opens and closes nothing, and one
/// that refuses has nothing to freeze.
fn settled(server: &Server) -> Result<(), CommandError> {
    let deadline = Instant::now() + PATIENCE;
    let wrong = || {
        let faults = server.faults.now();
        let (refuse, freeze) = (faults.on(Fault::Refuse), faults.on(Fault::FreezeLoop));
        let open = server.listening.load(Ordering::SeqCst);
        let frozen = server.frozen.load(Ordering::SeqCst);
        if freeze { open && !frozen } else { frozen || open == refuse }
    };
    while !server.is_stdio() && wrong() {
        if Instant::now() >= deadline {
            return Err(CommandError::Socket);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// What can be asked of a running server.
fn status(server: &Server) -> serde_json::Value {
    let (listens, listened) = server.listeners.wanted();
    let watched: Vec<_> = server.offers.watched().into_iter().chain(listened).collect();
    serde_json::json!({
        "pid": std::process::id(),
        "transport": server.settings.transport.name(),
        "listening": server.listening.load(Ordering::SeqCst),
        "sessions": server.sessions.count(),
        "tools": server.tools.count(),
        "watched": watched,
        "listens": listens,
        "executed": server.executed.load(Ordering::SeqCst),
        "answered": server.answered.load(Ordering::SeqCst),
        "faults": server.faults.now().told(),
    })
}
