//! The simulated server itself, whatever transport it is reached by.
//!
//! *Invariant:* a server that has fallen silent writes nothing, and one about to exit executes
//! nothing more.

use super::fault::Fault;
use super::faults::Faults;
use super::files::Files;
use super::lines::{Lines, Members, complain};
use super::listeners::Listeners;
use super::offers::Offers;
use super::outlet::Outlet;
use super::sessions::Sessions;
use super::settings::{EraKind, Kind, Settings};
use super::tools::Tools;
use super::{background, end};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How long a last answer over HTTP has to leave this process.
const FAREWELL: Duration = Duration::from_millis(200);

/// One running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) settings: Settings,
    pub(super) faults: Faults,
    pub(super) files: Files,
    pub(super) lines: Lines,
    pub(super) tools: Tools,
    pub(super) offers: Offers,
    pub(super) sessions: Arc<Sessions>,
    pub(super) listeners: Listeners,
    pub(super) background: background::Running,
    /// Calls executed so far.
    pub(super) executed: AtomicU64,
    /// Calls answered so far.
    pub(super) answered: AtomicU64,
    /// Whether a client has said that it is initialized.
    pub(super) initialized: AtomicBool,
    /// Whether the listening socket is open.
    pub(super) listening: AtomicBool,
    /// Whether the loop of HTTP stands still.
    pub(super) frozen: AtomicBool,
    silent: AtomicBool,
    leaving: AtomicBool,
}

impl Server {
    pub(super) fn new(settings: Settings, faults: Faults, files: Files) -> Self {
        Self {
            tools: Tools::new(&settings),
            offers: Offers::new(&settings),
            settings,
            faults,
            files,
            lines: Lines::default(),
            sessions: Arc::default(),
            listeners: Listeners::default(),
            background: background::Running::default(),
            executed: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            initialized: AtomicBool::new(false),
            listening: AtomicBool::new(false),
            frozen: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
        }
    }

    pub(super) fn is_stdio(&self) -> bool {
        self.settings.transport == Kind::Stdio
    }

    /// The way to all clients.
    pub(super) fn everyone(&self) -> Outlet {
        if self.is_stdio() { Outlet::Stdout } else { Outlet::Everyone(Arc::clone(&self.sessions)) }
    }

    /// Writes nothing from now on.
    pub(super) fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::SeqCst)
    }

    /// Writes again.
    pub(super) fn speak_again(&self) {
        self.silent.store(false, Ordering::SeqCst);
    }

    /// Whether it is about to exit.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// Sends lines; whether anybody was there to hear them.
    pub(super) fn deliver(&self, outlet: &Outlet, lines: Vec<Vec<u8>>) -> bool {
        if self.is_stdio() {
            self.faults.wait_while(Fault::FreezeLoop);
        }
        outlet.deliver(lines, self.faults.on(Fault::IgnoreTerm))
    }

    /// Sends a message that is no answer; whether anybody was there to hear it.
    pub(super) fn send(&self, outlet: &Outlet, members: &Members<'_>) -> bool {
        let now = self.faults.now();
        let mute = self.is_silent() || now.on(Fault::BlackHole);
        !mute && self.deliver(outlet, self.lines.of(&now, members, None))
    }

    /// Tells all clients that the tools have changed; whether there was one.
    pub(super) fn tools_changed(&self) -> bool {
        self.changed("tools")
    }

    /// Tells all clients that a list has changed; whether there was one.
    pub(super) fn changed(&self, list: &str) -> bool {
        let method = format!("notifications/{list}/list_changed");
        let heard = self.tell_listeners(&method, None);
        let method = format!("\"{method}\"");
        self.has_legacy_clients() && self.send(&self.everyone(), &[("method", &method)]) || heard
    }

    /// Whether there may be clients of the initialize era.
    fn has_legacy_clients(&self) -> bool {
        match self.settings.era {
            EraKind::Legacy => true,
            EraKind::Modern => false,
            EraKind::Both => self.initialized.load(Ordering::SeqCst),
        }
    }

    /// Tells every listen that wants it; whether there was one.
    fn tell_listeners(&self, method: &str, uri: Option<&str>) -> bool {
        let mut heard = false;
        for (outlet, params) in self.listeners.wanting(method, uri) {
            let method = format!("\"{method}\"");
            heard |= self.send(&outlet, &[("method", &method), ("params", &params)]);
        }
        heard
    }

    /// Tells all clients that a resource has changed.
    pub(super) fn updated(&self, uri: &str) {
        let params = format!(r#"{{"vendor":1.0,"uri":{}}}"#, serde_json::Value::from(uri));
        self.tell_listeners("notifications/resources/updated", Some(uri));
        if self.has_legacy_clients() {
            let method = "\"notifications/resources/updated\"";
            self.send(&self.everyone(), &[("method", method), ("params", &params)]);
        }
    }

    /// Exits once what has just been answered is on its way.
    pub(super) fn exit_after_answer(&self) {
        let code = self.settings.exit_code.into();
        if self.is_stdio() {
            std::process::exit(code);
        }
        self.leaving.store(true, Ordering::SeqCst);
        std::thread::spawn(move || {
            std::thread::sleep(FAREWELL);
            std::process::exit(code);
        });
    }

    /// Ends or stands still if one of the faults of a call says so.
    pub(super) fn strike(&self) {
        let code = self.settings.exit_code.into();
        if self.faults.on(Fault::ExitOnCall) || self.faults.is_due(Fault::ExitAtCall) {
            std::process::exit(code);
        }
        if self.faults.is_due(Fault::KillAtCall) {
            end::kill();
        }
        if self.faults.is_due(Fault::FreezeAtCall) {
            end::stop();
        }
    }
}

/// Where the answer to a request goes, and what is said meanwhile.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) server: Arc<Server>,
    pub(super) reply: Outlet,
    pub(super) notes: Outlet,
}

impl Exchange {
    /// Says something that is no answer.
    pub(super) fn note(&self, members: &Members<'_>) {
        self.server.send(&self.notes, members);
    }

    /// Answers the request `id` with the member `result` or `error`.
    pub(super) fn answer(&self, id: &str, (name, value): (&str, &str)) {
        let now = self.server.faults.now();
        if self.server.is_silent() || now.on(Fault::BlackHole) {
            return self.reply.hold();
        }
        let members = [("id", id), (name, value), ("error", "null")];
        let count = if now.on(Fault::ErrorNull) && name == "result" { 3 } else { 2 };
        let lines = self.server.lines.of(&now, &members[..count], now.get(Fault::HugeLine));
        // a client that has gone needs no answer
        let _heard = self.server.deliver(&self.reply, lines);
    }
}

/// Runs `work` in a thread of its own after a while, or here if there is nothing to wait for.
pub(super) fn after(wait: Duration, work: impl FnOnce() + Send + 'static) {
    if wait.is_zero() {
        return work();
    }
    let later = move || {
        std::thread::sleep(wait);
        work();
    };
    if let Err(error) = std::thread::Builder::new().spawn(later) {
        complain(&format!("error: an answer is lost, no thread can be had: {error}"));
    }
}
