//! A simulated server on any transport, with a hand on it and what it received.

use crate::peer::{Control, Simulated};
use crate::process::{Setup, parse};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The transports that 2026-07-28 has, and the one that is not of the standard.
pub(crate) const TRANSPORTS: [&str; 3] = ["stdio", "http", "ws"];

/// A gateway to be, with the one server `s`.
pub(crate) struct Stage {
    pub(crate) setup: Setup,
    _remote: Option<Simulated>,
    record: PathBuf,
}

impl Stage {
    /// With a server of these flags.
    pub(crate) fn on(transport: &str, flags: &str) -> Self {
        let setup = Setup::new(json!({ "list": { "boot_wait": "30s" } }));
        let record = setup.folder().join("s.record");
        if transport == "stdio" {
            let setup = setup.server("s", &format!("{flags} --control 127.0.0.1:0"), json!({}));
            return Self { setup, _remote: None, record };
        }
        let place = |name: &str| setup.folder().join(name).display().to_string();
        let remote = Simulated::start(&format!(
            "--transport {transport} --http-reply sse --record {} --record-headers {} \
             --control-file {} {flags}",
            place("s.record"),
            place("s.headers"),
            place("s.control"),
        ));
        let setup = setup.entry("s", json!({ "url": remote.url }));
        Self { setup, _remote: Some(remote), record }
    }

    /// The server's control port.
    pub(crate) fn control(&self) -> Control {
        Control::take(self.setup.control("s"))
    }

    /// Everything the server received so far.
    pub(crate) fn received(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.record).unwrap_or_default();
        text.lines().map(parse).collect()
    }

    /// The methods of it.
    pub(crate) fn methods(&self) -> Vec<String> {
        let method = |message: Value| message["method"].as_str().map(str::to_owned);
        self.received().into_iter().filter_map(method).collect()
    }

    /// What was received of one method.
    pub(crate) fn of(&self, method: &str) -> Vec<Value> {
        self.received().into_iter().filter(|message| message["method"] == method).collect()
    }

    /// The headers of every POST so far.
    pub(crate) fn headers(&self) -> Vec<Value> {
        self.setup.read("s", "headers").iter().map(|line| parse(line)).collect()
    }

    /// Forgets what was received.
    pub(crate) fn forget(&self) {
        std::fs::File::create(&self.record).unwrap();
    }
}
